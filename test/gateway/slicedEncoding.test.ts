// Large events of a stream are encoded in slices: in their order, none ahead of the client, and between two of them every
// other request has a turn.

import { GatewayError } from '../../gateway/src/core/errors';
import { openSlicedEncoding } from '../../gateway/src/pipeline/slicedEncoding';
import { codecs } from '../../gateway/src/wire';
import type { StreamEvent } from '../../gateway/src/wire/neutral';
import { openFrameReader } from '../../gateway/src/wire/shared/sse';
import { formats, useRouteScene } from '../support/routeScene';
import { streams } from '../bench/stallShapes';

const context = {
  requestId: 'req_1',
  created: 1,
  includeUsage: true,
  request: codecs.chat.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }),
};
const framesOf = (text: string) => openFrameReader(10_000_000).push(Buffer.from(text));
const large = ['one event of calls', 'one event of citations', 'calls that come interleaved'] as const;
const streamOf = (name: string) => streams[name]!(800_000, () => 0.5);

/** Encodes a stream in slices. @param write stands for the client */
function slicing(chat: string, to: (typeof formats)[number], write: (text: string) => Promise<void> | undefined) {
  const encoder = codecs[to].openEncoder(context);
  const slices: number[] = [];
  const held: number[] = [];
  const encoding = openSlicedEncoding({
    decoder: codecs.chat.openDecoder(),
    encode(events) {
      slices.push(events.length);
      return events.map((event) => encoder.push(event)).join('');
    },
    gather(bytes) {
      held.push(bytes);
      return undefined;
    },
    write,
  });
  return { slices, held, wait: encoding.push(framesOf(chat)), end: () => encoding.end() };
}

const inOneGo = (chat: string, to: (typeof formats)[number]) => {
  const encoder = codecs[to].openEncoder(context);
  const decoder = codecs.chat.openDecoder();
  const events: StreamEvent[] = [...framesOf(chat).flatMap((frame) => decoder.push(frame)), ...decoder.end()];
  return events.map((event) => encoder.push(event)).join('');
};

test.each(large.flatMap((name) => formats.map((to) => ({ name, to }))))('$name, to $to', async ({ name, to }) => {
  const chat = streamOf(name);
  let text = '';
  let turns = 0;
  let over = false;
  const others = (): unknown => over || (turns++, setImmediate(others));
  setImmediate(others);
  const { slices, held, wait, end } = slicing(chat, to, (more) => void (text += more));
  await wait;
  await end();
  over = true;
  expect(text).toBe(inOneGo(chat, to));
  const pieces = slices.filter((events) => events > 100).length;
  if (name !== 'calls that come interleaved') {
    expect(pieces).toBeGreaterThan(5);
    expect(Math.max(...held)).toBeGreaterThan(500_000); // the event counts until all of it is encoded
  }
  expect(Math.max(...slices)).toBeLessThanOrEqual(1_100);
  expect(turns).toBeGreaterThanOrEqual(pieces - 1);
  expect(held.at(-1)).toBe(0);
});

test('no slice is encoded while the client has not taken the one before', async () => {
  const waiting: (() => void)[] = [];
  const { slices, wait } = slicing(streamOf('one event of calls'), 'messages', (text) =>
    text === '' ? undefined : new Promise((resolve) => waiting.push(resolve)),
  );
  for (let taken = 1; taken < 5; taken++) {
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(slices).toHaveLength(taken);
    waiting.shift()!();
  }
  const taking = setInterval(() => waiting.shift()?.(), 0);
  await wait;
  clearInterval(taking);
});

test('what stops the writing stops the encoding', async () => {
  let writes = 0;
  const stopped = new Error('gone');
  const { slices, wait } = slicing(streamOf('one event of calls'), 'messages', (text) => {
    if (text !== '' && ++writes === 3) throw stopped;
    return undefined;
  });
  await expect(wait).rejects.toBe(stopped);
  expect(slices).toHaveLength(3);
});

describe('through the gateway', () => {
  const scene = useRouteScene('limits: {bodies_in_memory_bytes: 8388608}\n');
  const sse = { 'content-type': 'text/event-stream' };
  const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
  const calls = Array.from({ length: 5_000 }, (_, index) => ({
    index,
    id: `c${index}`,
    function: { name: 'f', arguments: `{"i":${index},"a":"${'x'.repeat(100)}"}` }, // short ones would grow too much
  }));
  const event = data({ id: 'c', model: 'm', choices: [{ index: 0, delta: { tool_calls: calls } }] });
  const end = `${data({ id: 'c', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] })}data: [DONE]\n\n`;

  test('every call of one event arrives, in order and before the end', async () => {
    for (let round = 0; round < 3; round++) {
      scene.a.answer = { headers: sse, body: event + end };
      const text = await (await scene.ask('messages', 'a-chat/m', true)).text();
      const inputs = [...text.matchAll(/"partial_json":"\{\\"i\\":(\d+),/g)].map(([, i]) => Number(i));
      expect(inputs).toEqual(calls.map(({ index }) => index));
      expect(text.trimEnd().endsWith('data: {"type":"message_stop"}')).toBe(true);
    }
    while (scene.gateway.requests.length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(scene.gateway.requests.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
  });

  test('a failure behind it is told after all of them', async () => {
    scene.a.answer = { headers: sse, body: event + data({ error: { message: 'broken', code: 500 } }) };
    const text = await (await scene.ask('messages', 'a-chat/m', true)).text();
    expect(text.indexOf('event: error')).toBeGreaterThan(text.indexOf('\\"i\\":4999'));
    expect(text).not.toContain('message_stop');
  });
});

test.each([0, 1, 3])('what came before memory ran out is written (room for %d slices)', async (room) => {
  const small = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: 'before' } }] })}\n\n`;
  const encoder = codecs.messages.openEncoder(context);
  const made: string[] = [];
  const written: string[] = [];
  const full = new GatewayError('overloaded');
  const encoding = openSlicedEncoding({
    decoder: codecs.chat.openDecoder(),
    encode(events) {
      made.push(events.map((event) => encoder.push(event)).join(''));
      return made.at(-1)!;
    },
    gather: () => (made.length > room ? full : undefined),
    write: (text) => void written.push(text),
  });
  await expect(encoding.push(framesOf(small + streamOf('one event of calls')))).rejects.toBe(full);
  expect(written.join('')).toBe(made.join(''));
  expect(written.join('')).toContain('before');
});
