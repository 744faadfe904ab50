// Token counts and embeddings: the provider's own where it has them, estimates and translations elsewhere.

import { useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const { sent } = scene;

describe('counting and embedding', () => {
  const question = {
    messages: [{ role: 'user', content: 'hi' }],
    tools: [{ name: 'f', input_schema: { type: 'object' } }],
    system: 'Be brief',
  };
  const count = (model: string) =>
    fetch(`${scene.gateway.url}/anthropic/v1/messages/count_tokens?beta=true`, {
      method: 'POST',
      headers: { 'x-api-key': scene.key },
      body: JSON.stringify({ model, ...question }),
    });

  test("the provider's own counter, in its own words", async () => {
    scene.fake.answer = { body: '{"input_tokens": 41}' };
    expect(await (await count('claude-opus-4.7')).json()).toEqual({ input_tokens: 41 });
    expect(sent()).toEqual({ model: 'claude-opus-4-7', ...question });
    scene.fake.answer = { body: '{"totalTokens": 42}' };
    const gemini = await count('gemini-3.5-flash');
    expect([await gemini.json(), gemini.headers.get('x-ovth-tokens')]).toEqual([{ input_tokens: 42 }, 'counted']);
    expect(scene.fake.calls[1]?.path).toBe('/v1beta/models/gemini-3.5-flash:countTokens');
    expect(sent(1)['generateContentRequest']).toMatchObject({
      systemInstruction: { parts: [{ text: 'Be brief' }] },
      tools: [expect.anything()],
    });
  });

  test('an estimate where there is no counter, marked as one', async () => {
    scene.fake.answer = { status: 404, body: '{}' };
    const got = await count('gpt-5.5');
    expect([got.status, got.headers.get('x-ovth-tokens')]).toEqual([200, 'estimated']);
    expect(((await got.json()) as { input_tokens: number }).input_tokens).toBeGreaterThan(5);
  });

  test('embeddings from OpenAI as they are, from Gemini translated', async () => {
    const embed = (body: object) =>
      fetch(`${scene.gateway.url}/v1/embeddings`, {
        method: 'POST',
        headers: { authorization: `Bearer ${scene.key}` },
        body: JSON.stringify(body),
      });
    const own =
      '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,0]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":3,"total_tokens":3}}';
    scene.fake.answer = { body: own };
    const plain = await embed({ model: 'openai/text-embedding-3-small', input: 'hi' });
    expect(await plain.text()).toBe(own);
    expect(sent()).toEqual({ model: 'text-embedding-3-small', input: 'hi' });
    expect(await scene.gateway.row(plain.headers.get('x-request-id') ?? '')).toMatchObject({
      input: 3,
      output: 0,
      estimated: false,
    });
    scene.fake.answer = { body: '{"embeddings":[{"values":[1,0.5]},{"values":[0,1]}]}' };
    const packed = await embed({
      model: 'gemini-embedding-001',
      input: ['a', 'b'],
      dimensions: 2,
      encoding_format: 'base64',
    });
    const { data } = (await packed.json()) as { data: { embedding: string }[] };
    expect(
      data.map(({ embedding }) => [...new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)]),
    ).toEqual([
      [1, 0.5],
      [0, 1],
    ]);
    expect(sent(1)['requests']).toEqual(
      ['a', 'b'].map((text) => ({
        model: 'models/gemini-embedding-001',
        content: { parts: [{ text }] },
        outputDimensionality: 2,
      })),
    );
    const tokens = await embed({ model: 'gemini-embedding-001', input: [[1, 2]] });
    expect([tokens.status, await tokens.text()]).toEqual([400, expect.stringContaining('input[0]')]);
    expect((await embed({ model: 'claude-opus-4.7', input: 'x' })).status).toBe(400);
  });
});
