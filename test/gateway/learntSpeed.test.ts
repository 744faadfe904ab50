// The speed by which a hang-up is booked is its model's: neither how fast somebody else reads nor how many answers somebody
// else asks for changes it.

import { once } from 'node:events';
import { setTimeout as later } from 'node:timers/promises';
import { formats, streamParts, useRouteScene, wholeAnswer } from '../support/routeScene';
import { bodies, type Fields, type Kind, paths, until } from '../support/translation';

const scene = useRouteScene();
const second = 1_000;
/** Of a model that has not been measured. */
const unmeasured = 50;

const ask = (kind: Kind, stream: boolean, more: Fields, signal?: AbortSignal) =>
  fetch(scene.gateway.url + paths(encodeURIComponent(`a-${kind}/m`), stream)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify(bodies(`a-${kind}/m`, stream, more)[kind]),
    ...(signal === undefined ? {} : { signal }),
  });
/** Output that is booked for whoever leaves after ten seconds of silence. */
const leaveAfterTen = async (kind: Kind, stream: boolean, more: Fields = {}, begun = ''): Promise<number> => {
  const [calls, before] = [scene.a.calls.length, scene.gateway.requests.length];
  scene.a.answer = (_call, response) => {
    if (begun !== '') response.writeHead(200, { 'content-type': 'text/event-stream' }).write(begun);
  };
  const left = new AbortController();
  const asked = ask(kind, stream, more, left.signal).catch(() => undefined);
  await scene.a.arrived(calls + 1);
  if (begun !== '') await until((await asked)!, begun.slice(-40));
  scene.now += 10 * second;
  left.abort();
  await asked;
  while (scene.gateway.requests.length === before) await later(1);
  const row = await scene.lastRow();
  expect(row).toMatchObject({ outcome: 'client_gone', estimated: true });
  return row.output;
};
/** An answer of `tokens` that takes so long. */
const answerIn = async (ms: number, tokens: number, more: Fields = {}): Promise<void> => {
  scene.a.answer = (_call, response) => {
    scene.now += ms;
    const usage = { prompt_tokens: 5, completion_tokens: tokens, total_tokens: tokens + 5 };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...wholeAnswer('chat', 'word'), usage }));
  };
  await (await ask('chat', false, more)).text();
};

test.each(formats.flatMap((kind) => [true, false].map((stream) => ({ kind, stream }))))(
  'of a model that has not been measured: $kind, stream: $stream',
  async ({ kind, stream }) => {
    expect(await leaveAfterTen(kind, stream)).toBe(10 * unmeasured);
  },
);

test('of a model that is declared and may think, which its capabilities do not say', async () => {
  const declared = `providers: {a-chat: {base_url: "${scene.a.url}", wire: openai-chat, api_key_env: A_KEY, models: {m: {input: 1, output: 2}}}}`;
  await scene.gateway.reload(declared);
  expect(await leaveAfterTen('chat', true)).toBe(10 * unmeasured);
});

const thinking: Readonly<Record<Kind, readonly object[]>> = {
  chat: [
    { choices: [{ index: 0, delta: { role: 'assistant', content: '', refusal: null }, finish_reason: null }] },
    { choices: [{ index: 0, delta: { content: null, reasoning: '', reasoning_content: '' }, finish_reason: null }] },
  ],
  responses: [
    { type: 'response.created', sequence_number: 0, response: { id: 'r', status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item: { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' } },
  ],
  messages: [
    { type: 'message_start', message: { id: 'm', type: 'message', role: 'assistant', content: [], usage: { input_tokens: 7, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'ping' },
  ],
  generate: [{ candidates: [{ content: { role: 'model', parts: [{ text: '', thought: true }] }, index: 0 }] }],
}; // prettier-ignore

test.each(formats)('of a model that has said no more than that it thinks: %s', async (kind) => {
  const begun = thinking[kind].map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  const told = kind === 'messages' ? 1 : 0;
  expect(await leaveAfterTen(kind, true, {}, begun)).toBe(10 * unmeasured + told);
});

test('of one that has been measured', async () => {
  await answerIn(10 * second, 2_000);
  expect(await leaveAfterTen('chat', false)).toBe(2_000);
  expect(await leaveAfterTen('chat', true)).toBe(2_000);
});

test.each([true, false])('several answers are written at once, stream: %s', async (stream) => {
  expect(await leaveAfterTen('chat', stream, { n: 4, max_tokens: 4_000 })).toBe(4 * 10 * unmeasured);
});

test('several answers at once are no faster model', async () => {
  await answerIn(second, 100 * 60, { n: 100 });
  expect(await leaveAfterTen('chat', false)).toBe(600);
});

/** What an answer of 60 tokens begins with, repeats and ends with. */
const long = (kind: Kind, stream: boolean): readonly [string, string, string] => {
  const words = 'word '.repeat(4_000);
  if (!stream) {
    const [head = '', rest = ''] = JSON.stringify(wholeAnswer(kind, '#')).split('#');
    return [head, words, rest.replace(/"(completion|output)_tokens":2/, '"$1_tokens":60')];
  }
  const { preamble, content, end } = streamParts(kind, words);
  const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 60 } })}\n\n`;
  const told = end.replace('"output_tokens":2', '"output_tokens":60').replace('data: [DONE]', `${usage}data: [DONE]`);
  return [preamble, content, told];
};

test.each([
  ['chat', true],
  ['messages', true],
  ['messages', false],
] as const)('a client of %s that reads slowly is no slower model, stream: %s', async (kind, stream) => {
  const [head, piece, rest] = long(kind, stream);
  const all = 800; // 16 MB: more than the buffers on the way hold
  let taken = 0;
  scene.a.answer = async (_call, response) => {
    response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' }).write(head);
    for (; taken < all; taken++) if (!response.write(piece)) await once(response, 'drain');
    response.end(rest);
  };
  const answer = await ask(kind, stream, { max_tokens: 100 });
  let still = 0;
  for (let last = 0; still < 15; last = taken) {
    await later(20);
    still = taken > 0 && last === taken ? still + 1 : 0; // nothing moves any more: the gateway waits for its client
  }
  expect(taken).toBeLessThan(all);
  scene.now += 100 * second;
  await answer.text();
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', estimated: false, output: 60 });
  expect(await leaveAfterTen(kind, stream)).toBe(10 * unmeasured);
});
