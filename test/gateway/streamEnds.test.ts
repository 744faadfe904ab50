// A stream ends at its end word, whatever its provider's connection does after, and never ends well without it.

import type { ServerResponse } from 'node:http';
import type { FakeCall } from '../support/fakeUpstream';
import {
  fieldsFor,
  formats,
  otherFormat,
  streamAnswer,
  streamOf,
  streamParts,
  useRouteScene,
} from '../support/routeScene';

const scene = useRouteScene('limits: {end_ms: 100}\n');
const { ask } = scene;

/** Events after which the provider keeps its connection open. */
const heldOpen = (body: string) => (_call: FakeCall, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(body);
};

const clients = formats.flatMap((kind) => [
  { kind, client: kind, fields: {} },
  { kind, client: otherFormat(kind), fields: fieldsFor(kind) },
]);

describe.each(clients)('$kind to a $client client', ({ kind, client, fields }) => {
  test('ends although the connection stays open, which is then closed', async () => {
    scene.a.answer = heldOpen(streamOf(kind, 'Hello'));
    const text = await (await ask(client, `a-${kind}/m`, true, fields)).text();
    expect(text).toContain('Hello');
    expect(text).not.toContain('"error":{');
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', error: null });
    await expect(scene.a.calls[0]!.closed).resolves.toBe('gone');
  });

  test('keeps the connection of a provider that ends its answer', async () => {
    scene.a.answer = streamAnswer(streamOf(kind, 'Hello'), 7);
    const sockets = new Set<unknown>();
    const play = scene.a.answer;
    scene.a.answer = async (_call, response) => {
      sockets.add(response.socket);
      response.writeHead(200, play.headers);
      response.write(play.body);
      await new Promise((resolve) => setImmediate(resolve)); // the end comes in a packet of its own
      response.end();
    };
    for (let i = 0; i < 3; i++) {
      await (await ask(client, `a-${kind}/m`, true, fields)).text();
      await expect(scene.a.calls.at(-1)!.closed).resolves.toBe('complete');
    }
    expect(sockets.size).toBe(1);
  });

  test('an end without the end word is none', async () => {
    const { preamble, content } = streamParts(kind, 'Hello');
    scene.a.answer = streamAnswer(preamble + content);
    const text = await (await ask(client, `a-${kind}/m`, true, fields)).text();
    expect(text).toContain('Hello');
    expect(text).toMatch(/"error"/);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died', error: 'upstream_died', estimated: true });
  });

  test('an empty stream is none', async () => {
    scene.a.answer = streamAnswer('');
    const text = await (await ask(client, `a-${kind}/m`, true, fields)).text();
    expect(text).toMatch(/"error"/);
    expect(await scene.lastRow()).toMatchObject({ error: 'upstream_died' });
  });
});

test.each(['chat', 'messages'] as const)('[DONE] alone ends nothing (%s client)', async (client) => {
  scene.a.answer = streamAnswer('data: [DONE]\n\n');
  expect(await (await ask(client, 'a-chat/m', true)).text()).toMatch(/"error"/);
  expect(await scene.lastRow()).toMatchObject({ error: 'upstream_died' });
});

test.each(['chat', 'messages'] as const)('[DONE] ends an answer without a reason (%s client)', async (client) => {
  const { preamble, content } = streamParts('chat', 'Hello');
  scene.a.answer = streamAnswer(`${preamble}${content}data: [DONE]\n\n`);
  expect(await (await ask(client, 'a-chat/m', true)).text()).not.toMatch(/"error"/);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
});

describe.each(['messages', 'chat'] as const)('a message without content (%s client)', (client) => {
  const { preamble } = streamParts('messages', 'Hello');
  const start = preamble.slice(0, preamble.indexOf('\n\n') + 2);
  const event = (type: string, fields: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

  test('and without a reason to end is none', async () => {
    expect(start).toContain('message_start');
    scene.a.answer = streamAnswer(start + event('message_stop', {}));
    scene.b.answer = streamAnswer(streamOf('messages', 'from B'));
    expect(await (await ask(client, 'to-messages', true)).text()).toContain('from B');
    expect(await (await ask(client, 'a-messages/m', true)).text()).toMatch(/"error"/);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died', error: 'upstream_died' });
  });

  test.each([
    { type: 'redacted_thinking', data: 'AbCd' },
    { type: 'tool_use', id: 'toolu_1', name: 'now', input: {} },
    { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} },
  ])('but with another part ($type) is an answer, as a host may leave the reason out', async (block) => {
    const part = event('content_block_start', { index: 0, content_block: block });
    const usage = event('message_delta', { delta: { stop_reason: null }, usage: { output_tokens: 3 } });
    scene.a.answer = streamAnswer(
      start + part + event('content_block_stop', { index: 0 }) + usage + event('message_stop', {}),
    );
    expect(await (await ask(client, 'a-messages/m', true)).text()).not.toMatch(/"error":/);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', output: 3 });
  });

  test('that gives one is an answer', async () => {
    const stop = event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } });
    scene.a.answer = streamAnswer(start + stop + event('message_stop', {}));
    expect(await (await ask(client, 'a-messages/m', true)).text()).not.toMatch(/"error"/);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', output: 3 });
  });
});

test('usage that comes after the reason is booked', async () => {
  const { preamble, content } = streamParts('chat', 'Hello');
  const usage = { prompt_tokens: 50, completion_tokens: 20 };
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(
      `${preamble}${content}data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`,
    );
    setImmediate(() => response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`)); // and no [DONE]
  };
  await (await ask('messages', 'a-chat/m', true)).text();
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', input: 50, output: 20, estimated: false });
});

// Comments that keep a connection alive go on where the end word is left out.
test.each(['chat', 'messages'] as const)('comments after the reason prolong nothing (%s client)', async (client) => {
  let ping: NodeJS.Timeout | undefined;
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(streamOf('chat', 'Hello').replace('data: [DONE]\n\n', ''));
    ping = setInterval(() => response.write(': ping\n\n'), 20);
  };
  try {
    expect(await (await ask(client, 'a-chat/m', true)).text()).not.toMatch(/"error"/);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  } finally {
    clearInterval(ping);
  }
});

test.each(['chat', 'messages', 'responses'] as const)(
  'names of what was lost forge no event (%s client)',
  async (client) => {
    const forged = { type: 'x\n\ndata: {"forged":true}\n\n' };
    const { preamble, content, end } = streamParts('chat', 'Hello');
    const chunk = { id: 'c', choices: [{ index: 0, delta: { annotations: [forged] }, finish_reason: null }] };
    scene.a.answer = streamAnswer(`${preamble}${content}data: ${JSON.stringify(chunk)}\n\n${end}`);
    const text = await (await ask(client, 'a-chat/m', true)).text();
    expect(text).toContain('Hello');
    expect(text).not.toMatch(/^data: \{"forged"/m);
  },
);

describe('a JSON list', () => {
  const item = (text: string, finishReason?: string) => ({
    candidates: [{ content: { role: 'model', parts: [{ text }] }, ...(finishReason ? { finishReason } : {}) }],
  });
  const list = (play: (response: ServerResponse) => void) => {
    scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
      play(response.writeHead(200, { 'content-type': 'application/json' }));
    };
    const model = encodeURIComponent('a-generate/m');
    return fetch(`${scene.gateway.url}/v1beta/models/${model}:streamGenerateContent`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
    });
  };

  test('ends at its bracket', async () => {
    const body = `[${JSON.stringify(item('Hel'))},\n${JSON.stringify(item('lo', 'STOP'))}]`;
    expect(await (await list((response) => response.write(body))).text()).toBe(body);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  });

  test.each([
    ['ends', (body: string) => (response: ServerResponse) => void response.end(body)],
    ['stays open', (body: string) => (response: ServerResponse) => void response.write(body)],
  ])('is whole where its provider %s after an error', async (_name, play) => {
    const error = { error: { code: 503, status: 'UNAVAILABLE', message: 'm' } };
    const answer = await list(play(`[${JSON.stringify(item('Hel'))},\n${JSON.stringify(error)},\n{"cut`));
    expect(JSON.parse(await answer.text())).toEqual([item('Hel'), error]);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_overloaded' });
  });
});

test('an error on the same wire is not waited for to end', async () => {
  const body = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n';
  scene.a.answer = heldOpen(body);
  expect(await (await ask('messages', 'a-messages/m', true)).text()).toBe(body);
  await expect(scene.a.calls[0]!.closed).resolves.toBe('gone');
});
