// Answers that begin with a byte order mark, which parsers of clients pass over: they are answers, and failures, as any other.

import { goodAnswer, streamAnswer, streamOf, useRouteScene, wholeAnswer, ownAndOther } from '../support/routeScene';

const scene = useRouteScene();
const { ask } = scene;

const marked = (body: string | object) => `\ufeff${typeof body === 'string' ? body : JSON.stringify(body)}`;

describe.each(ownAndOther)('of $kind to a $client client', ({ kind, client, fields }) => {
  beforeEach(() => {
    scene.b.answer = goodAnswer(kind, 'from B');
  });

  test.each([5, 3_000_000])('whole, with a text of %d characters', async (length) => {
    const text = 'A'.repeat(length);
    const isSmall = length === 5;
    const without = isSmall ? {} : { usage: undefined, usageMetadata: undefined }; // or that is taken for its end
    scene.a.answer = { body: marked({ ...wholeAnswer(kind, text), ...without }) };
    const answer = await ask(client, `to-${kind}`, false, fields);
    const got = Buffer.from(await answer.arrayBuffer()).toString();
    expect(answer.status).toBe(200);
    expect(got).toContain(text);
    expect(got.startsWith('\ufeff')).toBe(client === kind); // on the same wire the bytes are the provider's
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', estimated: !isSmall });
    expect(scene.b.calls).toHaveLength(0);
  });

  test('whole, a failure in a 200', async () => {
    scene.a.answer = { body: marked({ error: { message: 'm', code: 503, status: 'UNAVAILABLE' } }) };
    expect(await (await ask(client, `to-${kind}`, false, fields)).text()).toContain('from B');
    await ask(client, `a-${kind}/m`, false, fields);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_overloaded' });
  });

  test('a refusal', async () => {
    scene.a.answer = { status: 400, body: marked({ error: { message: 'seed must be a number', code: 400 } }) };
    const answer = await ask(client, `a-${kind}/m`, false, fields);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('seed must be a number')]);
    scene.a.answer = { status: 404, body: marked({ error: { message: 'The model `m` does not exist', code: 404 } }) };
    await ask(client, `a-${kind}/m`, false, fields);
    expect(await scene.lastRow()).toMatchObject({ error: 'unknown_model' });
  });

  test('a stream', async () => {
    scene.a.answer = streamAnswer(marked(streamOf(kind, 'Hello')));
    expect(await (await ask(client, `to-${kind}`, true, fields)).text()).toContain('Hello');
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  });

  test('a stream that begins with a failure', async () => {
    const data = `data: ${JSON.stringify({ error: { message: 'm', code: 503, status: 'UNAVAILABLE' } })}\n\n`;
    scene.a.answer = streamAnswer(marked(data));
    await (await ask(client, `a-${kind}/m`, true, fields)).text();
    expect(await scene.lastRow()).toMatchObject({ error: 'upstream_overloaded' });
    scene.a.answer = streamAnswer(marked('event: error\ndata: {"message":"m"}\n\n'));
    await (await ask(client, `a-${kind}/m`, true, fields)).text();
    expect((await scene.lastRow()).error).not.toBe('upstream_died');
  });
});

test.each(['chat', 'generate'] as const)('embeddings of %s', async (kind) => {
  const body = {
    chat: { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.5] }], usage: { prompt_tokens: 5, total_tokens: 5 } },
    generate: { embeddings: [{ values: [0.5] }] },
  }[kind]; // prettier-ignore
  scene.a.answer = { body: marked(body) };
  const answer = await fetch(`${scene.gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify({ model: `a-${kind}/m`, input: 'hi' }),
  });
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ object: 'list' })]);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
});

test('a count', async () => {
  scene.a.answer = { body: marked({ input_tokens: 12 }) };
  const answer = await fetch(`${scene.gateway.url}/v1beta/models/${encodeURIComponent('a-messages/m')}:countTokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
  });
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ totalTokens: 12 })]);
});
