// What is booked where an answer was never made, was being made by the next target, or was reported as nothing.

import {
  formats,
  goodAnswer,
  streamAnswer,
  streamOf,
  streamParts,
  useRouteScene,
  wholeAnswer,
} from '../support/routeScene';

const scene = useRouteScene();

/** A request whose client can leave. */
function askAndLeave(model: string, stream = false): { leave: () => void; answer: Promise<Response | undefined> } {
  const left = new AbortController();
  const answer = fetch(`${scene.gateway.url}/v1/messages`, {
    method: 'POST',
    signal: left.signal,
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify({ model, stream, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }),
  }).catch(() => undefined);
  return { leave: () => left.abort(), answer };
}

describe('a client that leaves [E4]', () => {
  test('pays nothing while a refusal is read', async () => {
    scene.a.answer = (_call, response) => {
      response.writeHead(429, { 'content-type': 'application/json' }).write('{"error":');
    };
    const { leave, answer } = askAndLeave('a-messages/m');
    await scene.a.arrived(1);
    await new Promise((resolve) => setTimeout(resolve, 100)); // until the refusal's head is there
    leave();
    await answer;
    expect(await scene.lastRow()).toMatchObject({ outcome: 'client_gone', input: 0, output: 0, estimated: false });
  });

  test('pays for the target that works when another has refused', async () => {
    scene.a.answer = { status: 503, body: '{}' };
    scene.b.answer = () => undefined;
    const { leave, answer } = askAndLeave('to-messages');
    await scene.b.arrived(1);
    leave();
    await answer;
    const row = await scene.lastRow();
    expect(row).toMatchObject({ outcome: 'client_gone', provider: 'b-messages', estimated: true });
    expect(row.input).toBeGreaterThan(0);
  });
});

test('a key that ends while the next target works, when another has refused, pays for it', async () => {
  scene.a.answer = { status: 503, body: '{}' };
  scene.b.answer = () => undefined;
  const { answer } = askAndLeave('to-messages');
  await scene.b.arrived(1);
  const { body } = await scene.gateway.admin('GET', '/admin/keys');
  await scene.gateway.admin('DELETE', `/admin/keys/${body.data[0].id}`);
  expect((await answer)?.status).toBe(401);
  const row = await scene.lastRow();
  expect(row).toMatchObject({ outcome: 'error', error: 'revoked_key', provider: 'b-messages', estimated: true });
  expect(row.input).toBeGreaterThan(0);
});

// Some hosts report zeros; no prompt has no token.
describe('usage of zeros is estimated [G9]', () => {
  const zeros = (text: string) =>
    text.replace(/"((?:prompt|completion|total|input|output)_tokens|\w+TokenCount)":\d+/g, '"$1":0');

  test.each(formats.flatMap((kind) => [false, true].map((stream) => ({ kind, stream }))))(
    'of $kind, as a stream: $stream',
    async ({ kind, stream }) => {
      scene.a.answer = stream
        ? streamAnswer(zeros(streamOf(kind, 'some words')))
        : { body: zeros(JSON.stringify(wholeAnswer(kind, 'some words'))) };
      await (await scene.ask(kind, `a-${kind}/m`, stream)).text();
      const row = await scene.lastRow();
      expect(row).toMatchObject({ outcome: 'ok', estimated: true });
      expect([row.input > 0, row.output > 0]).toEqual([true, true]);
    },
  );

  test('where the client leaves in the middle', async () => {
    const { preamble, content } = streamParts('messages', 'some words');
    scene.a.answer = (_call, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(zeros(preamble + content));
    };
    const { leave, answer } = askAndLeave('a-messages/m', true);
    const reader = (await answer)!.body!.getReader();
    await reader.read();
    leave();
    const row = await scene.lastRow();
    expect(row).toMatchObject({ outcome: 'client_gone', estimated: true });
    expect(row.input).toBeGreaterThan(0);
  });

  test('but an output that is told stays, where only the input is zero', async () => {
    const answer = JSON.stringify(wholeAnswer('chat', 'some words')).replace('"prompt_tokens":5', '"prompt_tokens":0');
    scene.a.answer = { body: answer };
    await (await scene.ask('chat', 'a-chat/m', false)).text();
    expect(await scene.lastRow()).toMatchObject({ estimated: true, output: 2 });
  });
});

// Gemini charges for an answer that it finished with MALFORMED_FUNCTION_CALL.
test.each([
  ['generate', false],
  ['messages', false],
  ['generate', true],
  ['messages', true],
] as const)(
  'a failed answer that is charged for is paid with the next target’s (%s client, stream: %s)',
  async (client, stream) => {
    const failed = {
      candidates: [{ content: { role: 'model' }, finishReason: 'MALFORMED_FUNCTION_CALL', index: 0 }],
      usageMetadata: { promptTokenCount: 500, candidatesTokenCount: 40, totalTokenCount: 540 },
    };
    scene.a.answer = stream ? streamAnswer(`data: ${JSON.stringify(failed)}\n\n`) : { body: JSON.stringify(failed) };
    scene.b.answer = goodAnswer('generate', 'from B');
    expect(await (await scene.ask(client, 'to-generate', stream)).text()).toContain('from B');
    const row = await scene.lastRow();
    expect(row).toMatchObject({ outcome: 'ok', provider: 'b-generate', input: 5, output: 2 });
    expect(scene.gateway.requests.at(-1)!.counted).toBe(547);
    expect(row.attempts[0]).toMatchObject({ cause: 'upstream_error', usage: { input: 500, output: 40 } });
    expect(row.attempts[0].cost).toBeGreaterThan(0);
    expect(row.cost_parts.other_usd).toBeCloseTo(row.attempts[0].cost / 1e9, 9);
  },
);
