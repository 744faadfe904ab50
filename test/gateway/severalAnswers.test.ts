// Streams with several answers at once end with the last of them; and a connection that breaks after the reason to end has
// brought the whole answer.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FakeCall } from '../support/fakeUpstream';
import { otherFormat, streamAnswer, streamParts, useRouteScene } from '../support/routeScene';
import type { Kind } from '../support/translation';

const scene = useRouteScene('limits: {end_ms: 100}\n');
const { ask } = scene;

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
/** An event of one answer of several. */
const piece = (kind: 'chat' | 'generate', index: number, text: string, ends = false): string =>
  kind === 'chat'
    ? data({ id: 'c', model: 'm', choices: [{ index, delta: { content: text }, finish_reason: ends ? 'stop' : null }] })
    : data({
        candidates: [
          { index, content: { role: 'model', parts: [{ text }] }, ...(ends ? { finishReason: 'STOP' } : {}) },
        ],
      });
const two = (kind: 'chat' | 'generate') => (kind === 'chat' ? { n: 2 } : { generationConfig: { candidateCount: 2 } });

/** Writes the texts, the second when 300 ms, thrice `end_ms`, are over, and leaves the connection open. */
const paused = (first: string, second: string) => (_call: FakeCall, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(first);
  setTimeout(() => response.write(second), 300);
};
/** Writes events and resets the connection. */
const reset = (events: string) => (_call: FakeCall, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(events, () => setImmediate(() => (response.socket as Socket).resetAndDestroy()));
};

describe.each(['chat', 'generate'] as const)('two answers of %s', (kind) => {
  const begun = piece(kind, 0, 'a') + piece(kind, 1, 'b');

  test('are waited for when the first has ended, both begun or not', async () => {
    for (const first of [begun, piece(kind, 0, 'a')]) {
      scene.a.answer = paused(first + piece(kind, 0, 'A', true), piece(kind, 1, 'B') + piece(kind, 1, 'C', true));
      const text = await (await ask(kind, `a-${kind}/m`, true, two(kind))).text();
      expect(text).toContain('"C"');
      expect(text).not.toContain('"error":{');
      expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
      await expect(scene.a.calls.at(-1)!.closed).resolves.toBe('gone'); // end_ms after the last
    }
  });

  test('of which one is missing are no whole answer', async () => {
    const ways = { close: streamAnswer, reset };
    for (const way of Object.values(ways)) {
      scene.a.answer = way(begun + piece(kind, 0, 'A', true));
      expect(await (await ask(kind, `a-${kind}/m`, true, two(kind))).text()).toContain('"error":{');
      expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died' });
    }
  });

  test('may be one, where the host gives no more and closes', async () => {
    scene.a.answer = streamAnswer(piece(kind, 0, 'A') + piece(kind, 0, 'B', true));
    expect(await (await ask(kind, `a-${kind}/m`, true, two(kind))).text()).not.toContain('"error":{');
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  });
});

test('two answers of which none is given, because the prompt is blocked', async () => {
  scene.a.answer = paused(data({ promptFeedback: { blockReason: 'OTHER' } }), '');
  expect(await (await ask('generate', 'a-generate/m', true, two('generate'))).text()).not.toContain('"error":{');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
});

test('two answers as a list', async () => {
  const item = (index: number, ends: boolean) => ({
    candidates: [
      { index, content: { role: 'model', parts: [{ text: 'x' }] }, ...(ends ? { finishReason: 'STOP' } : {}) },
    ],
  });
  const list = (items: object[]) => {
    scene.a.answer = { body: JSON.stringify(items) };
    return fetch(`${scene.gateway.url}/v1beta/models/${encodeURIComponent('a-generate/m')}:streamGenerateContent`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }], ...two('generate') }),
    }).then((answer) => answer.text());
  };
  expect(await list([item(0, false), item(1, false), item(0, true)])).toContain('"error":{');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died' });
  expect(await list([item(0, false), item(1, false), item(0, true), item(1, true)])).not.toContain('"error":{');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
});

describe('a connection that is reset', () => {
  const parts = (kind: Kind) => streamParts(kind, 'Hello');
  const ended = (kind: Kind) => parts(kind).preamble + parts(kind).content + parts(kind).end;
  const clients = (['chat', 'generate'] as const).flatMap((kind) =>
    [kind, otherFormat(kind)].map((client) => ({ kind, client })),
  );
  const noMark = (events: string) => events.replace('data: [DONE]\n\n', '');
  const usage = data({ id: 'c', choices: [], usage: { prompt_tokens: 50, completion_tokens: 20 } });

  test.each(clients)(
    'after the reason to end has brought a whole answer ($kind to $client)',
    async ({ kind, client }) => {
      for (const half of ['', 'data: {"half', 'data: [DO']) {
        scene.a.answer = reset(noMark(ended(kind)) + half);
        const text = await (await ask(client, `a-${kind}/m`, true)).text();
        expect(text).toContain('Hello');
        expect(text).not.toMatch(/"error":|half/);
        expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', error: null, estimated: kind === 'chat' });
      }
    },
  );

  test.each(['chat', 'messages'] as const)('after the usage too: it is booked (%s client)', async (client) => {
    scene.a.answer = reset(noMark(ended('chat')) + usage);
    expect(await (await ask(client, 'a-chat/m', true)).text()).not.toContain('"error":');
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', estimated: false, input: 50, output: 20 });
  });

  test.each(clients)('before it has brought none ($kind to $client)', async ({ kind, client }) => {
    scene.a.answer = reset(parts(kind).preamble + parts(kind).content);
    expect(await (await ask(client, `a-${kind}/m`, true)).text()).toContain('"error":');
    expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died', error: 'upstream_died' });
  });

  test.each(['messages', 'responses'] as const)(
    'before an end word that a format always has: none (%s)',
    async (kind) => {
      const { preamble, content } = parts(kind);
      const end =
        kind === 'messages' ? data({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} }) : '';
      scene.a.answer = reset(preamble + content + end);
      expect(await (await ask(kind, `a-${kind}/m`, true)).text()).toContain('"error":');
      expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died' });
    },
  );

  test('after an error that was told adds no second one', async () => {
    const body = parts('chat').preamble + data({ error: { message: 'm', code: 503 } });
    scene.a.answer = reset(body);
    expect(await (await ask('chat', 'a-chat/m', true)).text()).toBe(body);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_overloaded' });
  });
});
