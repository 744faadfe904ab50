// The end of a compressed stream: what waits for the ledger or the client counts to the last byte, and the provider is let go.

import { setTimeout as later } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { createGzip, gzipSync } from 'node:zlib';
import type { FakeCall } from '../support/fakeUpstream';
import { formats, otherFormat, fieldsFor, streamParts, useRouteScene } from '../support/routeScene';

const scene = useRouteScene('quota: {default_output_tokens: 50}\nlimits: {end_ms: 100, reader_stall_ms: 1000}\n');

const words = 'word '.repeat(400).trim();
const clients = formats.flatMap((kind) => [
  { kind, client: kind, fields: {} },
  { kind, client: otherFormat(kind), fields: fieldsFor(kind) },
]);

describe.each(clients)('a compressed stream of $kind to a $client client', ({ kind, client, fields }) => {
  const { preamble, content, end } = streamParts(kind, words);
  const delta = `${content.split('\n\n').at(-2)}\n\n`;
  // A maximum is held from the beginning; without one, what passes a part of it waits for the ledger.
  const more = { ...fields, ...(client === 'messages' ? { max_tokens: 100 } : {}) };
  const ask = async (quota: number) => {
    scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/event-stream' });
      const into = createGzip();
      into.pipe(response);
      into.write(preamble + content);
      into.flush(() => setTimeout(() => into.end(delta + end), 20)); // its last text and its end come together
    };
    const key = await scene.gateway.mint({ label: 'k', quota: { daily_tokens: quota } });
    const text = await (await scene.ask(client, `a-${kind}/m`, true, more, key)).text();
    return { text, row: await scene.lastRow() };
  };

  test('ends with what has waited for the ledger, or with its refusal', async () => {
    const whole = await ask(1_000_000);
    const parts = whole.text.split(words).length - 1;
    expect(parts).toBeGreaterThanOrEqual(2);
    expect(whole.text).not.toContain('"error":{');
    expect(whole.row).toMatchObject({ outcome: 'ok' });
    const refused = await ask((whole.row.input_estimate as number) + 200);
    expect(refused.text.split(words)).toHaveLength(2);
    expect(refused.text).toContain('The quota was used up');
    expect(refused.row).toMatchObject({ outcome: 'over_quota' });
  });
});

test('its end is no failure to a client that took it slowly', async () => {
  const { preamble, content, end } = streamParts('chat', 'word '.repeat(20_000));
  const body = gzipSync(preamble + content + end);
  scene.a.answer = { headers: { 'content-encoding': 'gzip', 'content-type': 'text/event-stream' }, body };
  expect(await (await scene.ask('chat', 'a-chat/m', true)).text()).toBe(preamble + content + end);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  await later(1_300); // longer than a reader may stand still
});

test('a provider that goes on behind the end of a compressed answer is let go', async () => {
  const { preamble, content, end } = streamParts('chat', 'Hello');
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/event-stream' });
    response.write(gzipSync(preamble + content + end.replace('data: [DONE]\n\n', '')));
    response.write(Buffer.alloc(300_000));
  };
  expect(await (await scene.ask('chat', 'a-chat/m', true)).text()).toContain('Hello');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  await expect(scene.a.calls[0]!.closed).resolves.toBe('gone');
});
