// Vectors of both providers that have them: their shape, their length, what they cost and what is refused.
import { call } from './caller';
import { startSimulators, type Simulators } from './index';
import { differences, recordings, shapeOf } from './shape';
import { specs } from '../support/specs';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const known = specs();
const EMPTY = { messages: undefined, stream: undefined, contents: undefined };

async function openai(body: object) {
  const path = '/embeddings';
  const answer = await call(simulators, 'openai', '', {
    path,
    body: { ...EMPTY, model: 'text-embedding-3-small', ...body },
  });
  return { status: answer.status, body: JSON.parse(answer.text) as Embeddings };
}

async function google(method: string, body: object) {
  const path = `/v1beta/models/gemini-embedding-001:${method}`;
  const answer = await call(simulators, 'google', '', { path, body: { ...EMPTY, ...body } });
  return { status: answer.status, body: JSON.parse(answer.text) as Embeddings };
}

describe('OpenAI', () => {
  test('gives unit vectors, the same for the same text and nearer for a nearer one', async () => {
    const { body } = await openai({ input: ['the cat sat', 'the cat sat', 'the cat ran', 'stocks fell'] });
    const vectors = body.data!.map((one) => one.embedding as number[]);
    expect(vectors.map((vector) => vector.length)).toEqual([1536, 1536, 1536, 1536]);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(vectors[1]).toEqual(vectors[0]);
    expect(dot(vectors[0]!, vectors[2]!)).toBeGreaterThan(dot(vectors[0]!, vectors[3]!) + 0.3);
    expect(body.usage).toEqual({ prompt_tokens: 12, total_tokens: 12 });
    if (known) expect(known.openai('CreateEmbeddingResponse')(body)).toEqual([]);
    expect((await simulators.openai.waitForCalls(1))[0]).toMatchObject({ usage: { input: 12, output: 0 } });
  });

  test('packs them, and makes them as long as wanted', async () => {
    const plain = await openai({ input: 'hello', dimensions: 8 });
    const packed = await openai({ input: 'hello', dimensions: 8, encoding_format: 'base64' });
    const bytes = Buffer.from(packed.body.data![0]!.embedding as string, 'base64');
    expect(Array.from({ length: 8 }, (_, n) => bytes.readFloatLE(n * 4))).toEqual(plain.body.data![0]!.embedding);
  });

  test('counts tokens that are sent as tokens', async () => {
    expect((await openai({ input: [1, 2, 3] })).body.usage?.prompt_tokens).toBe(3);
    expect((await openai({ input: [[1, 2], [3]] })).body.data).toHaveLength(2);
  });

  test.each([
    [{}, "Missing required parameter: 'input'."],
    [{ input: [] }, "'$.input' is invalid"],
    [{ input: '' }, 'input cannot be an empty string'],
    [{ input: 'x', dimensions: 2_000 }, "Invalid value for 'dimensions' = 2000"],
    [{ input: 'x', encoding_format: 'int8' }, "Invalid value: 'int8'. Supported values are: 'float' and 'base64'."],
    [{ input: 'x', model: 'gpt-4o' }, 'not allowed to generate embeddings'],
    [{ input: 'x', model: 'text-embedding-ada-002', dimensions: 8 }, 'does not support specifying dimensions'],
    [{ input: 'x'.repeat(40_000) }, "This model's maximum context length is 8191 tokens"],
    [{ input: 'x', stream: true }, 'Unrecognized request argument supplied: stream'],
  ])('refuses %j', async (body, message) => {
    const { status, body: refusal } = await openai(body);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(refusal.error?.message).toContain(message);
  });
});

describe('Google', () => {
  test('embeds one content, and many', async () => {
    const content = (text: string) => ({ parts: [{ text }] });
    const one = await google('embedContent', { content: content('the cat sat'), outputDimensionality: 64 });
    expect(Math.hypot(...one.body.embedding!.values)).toBeCloseTo(1, 5);
    const request = { model: 'models/gemini-embedding-001', outputDimensionality: 64 };
    const many = await google('batchEmbedContents', {
      requests: [
        { ...request, content: content('the cat sat') },
        { ...request, content: content('the cat sat'), taskType: 'RETRIEVAL_QUERY' },
      ],
    });
    expect(many.body.embeddings?.[0]).toEqual(one.body.embedding);
    expect(many.body.embeddings?.[1]).not.toEqual(one.body.embedding);
    if (known) expect(known.gemini('EmbedContentResponse')(one.body)).toEqual([]);
    if (known) expect(known.gemini('BatchEmbedContentsResponse')(many.body)).toEqual([]);
  });

  test.each([
    ['embedContent', {}, 'content: contents is not specified'],
    ['embedContent', { content: { parts: [{ text: 'x' }] }, taskType: 'GUESS' }, "Invalid value at 'task_type'"],
    ['embedContent', { content: { parts: [{ text: 'x' }] }, outputDimensionality: 9_999 }, 'output_dimensionality'],
    ['embedContent', { contents: [] }, 'Unknown name \\"contents\\"'],
    ['batchEmbedContents', { requests: [{ content: {} }] }, 'requests[0].model: unexpected model name format'],
    ['generateContent', { contents: [{ parts: [{ text: 'x' }] }] }, 'not supported for generateContent'],
  ])('%s refuses %j', async (method, body, message) => {
    const answer = await google(method, body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(answer.body)).toContain(message);
  });
});

const recorded = recordings('openai-embeddings');
(recorded ? test : test.skip)('OpenAI answers and refuses as recorded', async () => {
  for (const one of recorded ?? []) {
    const { status, body } = await openai(one.request as object);
    const response: unknown = typeof one.response === 'string' ? JSON.parse(one.response) : one.response;
    expect(status).toBe(one.status);
    if (status !== 200) expect(body).toEqual(response);
    const shape = shapeOf([response]);
    expect(differences(shapeOf([body]), [shape], [shape])).toEqual({ invented: [], missing: [] });
  }
});

// ---

interface Embeddings {
  data?: { embedding: number[] | string }[];
  usage?: { prompt_tokens: number; total_tokens: number };
  embedding?: { values: number[] };
  embeddings?: { values: number[] }[];
  error?: { message: string };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, one, n) => sum + one * (b[n] ?? 0), 0);
}
