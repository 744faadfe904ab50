// The scanner must see exactly what a JSON parser sees, and refuse what is costly to parse before anything parses it.

import fc from 'fast-check';
import { answerWork, largeBodyBytes, workBytes } from '../../gateway/src/core/bodySize';
import { GatewayError } from '../../gateway/src/core/errors';
import { field, scanJson, scanJsonInSlices, splice } from '../../gateway/src/core/jsonScan';

const bounds = { depth: 64, nodes: 200_000 };
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const options = { seed, numRuns: 3_000, interruptAfterTimeLimit: 8_000 };

test(`top-level values are the parser's (seed ${seed}) [B8]`, () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 8 }),
      fc.constantFrom(undefined, 1, 2),
      (value, indent) => {
        const keys = Object.keys(value);
        fc.pre(keys.every((key) => JSON.stringify(key) === `"${key}"`)); // keys that need escapes are refused, tested below
        const body = Buffer.from(JSON.stringify(value, null, indent));
        const seen = scanJson(body, bounds);
        const latin = (key: string) => Buffer.from(key).toString('latin1'); // names are compared as bytes
        expect([...seen.fields.keys()]).toEqual(keys.map(latin));
        for (const key of keys) expect(field(body, seen, latin(key))).toEqual(JSON.parse(JSON.stringify(value[key])));
      },
    ),
    options,
  );
});

test('many small values are as much work as few large ones', () => {
  const work = (value: object) => {
    const body = Buffer.from(JSON.stringify(value));
    return workBytes(body.length, scanJson(body, bounds).values);
  };
  const $defs = Object.fromEntries(Array.from({ length: 2_700 }, (_, i) => [`d${i}`, { $ref: `#/$defs/d${i + 1}` }]));
  expect(work({ tools: [{ input_schema: { $defs } }] })).toBeGreaterThan(largeBodyBytes);
  expect(work({ messages: [{ role: 'user', content: 'x'.repeat(150_000) }] })).toBeLessThan(largeBodyBytes);
});

test('an answer of many small values is as much work as a large one', () => {
  const work = (value: object) => answerWork(Buffer.from(JSON.stringify(value)));
  const text = (content: string) => ({ choices: [{ message: { content }, finish_reason: 'stop' }] });
  const many = <T>(count: number, value: T) => Array.from({ length: count }, () => value);
  expect(work({ candidates: many(5_000, { a: 1 }) })).toBeGreaterThanOrEqual(largeBodyBytes);
  expect(work({ webSearchQueries: many(5_000, 'q') })).toBeGreaterThanOrEqual(largeBodyBytes);
  expect(work(text('x'.repeat(300_000)))).toBeGreaterThanOrEqual(largeBodyBytes);
  expect(work(text('x'.repeat(150_000)))).toBeLessThan(largeBodyBytes);
  expect(work(text('", ":'.repeat(5_000)))).toBeLessThan(largeBodyBytes); // code in a text is no value
  expect(work(text('",'.repeat(50_000)))).toBeGreaterThanOrEqual(largeBodyBytes); // which takes its time to find out
}); // prettier-ignore

test(`replacing the model changes nothing else (seed ${seed})`, () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue()),
      fc.string(),
      fc.string(),
      fc.constantFrom(undefined, 1),
      (messages, from, to, indent) => {
        const document = { messages, model: from, after: messages };
        const body = Buffer.from(JSON.stringify(document, null, indent));
        const span = scanJson(body, bounds).fields.get('model')!;
        const out = splice(body, [{ ...span, text: JSON.stringify(to) }]);
        expect(out.toString()).toBe(JSON.stringify({ ...document, model: to }, null, indent));
      },
    ),
    options,
  );
});

test(`in turns it sees what it sees at once, wherever the turns begin (seed ${seed})`, async () => {
  const value = fc.jsonValue({ stringUnit: fc.constantFrom('"', '\\', 'a', ' ', '{', ',', 'é', '\\\\"'.repeat(20)) });
  const text = fc.oneof(
    fc.dictionary(fc.string({ maxLength: 3 }), value).map((object) => JSON.stringify(object, null, 1)),
    fc
      .string({ unit: fc.constantFrom('{', '}', '"', '\\', ':', ',', 'a', ' ', '\\'.repeat(50)) })
      .map((rest) => `{${rest}`),
  );
  const told = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return (error as Error).message;
    }
  };
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 40 }), async (json, turn) => {
      const body = Buffer.from(json);
      const inTurns = await (async () => scanJsonInSlices(body, bounds, turn))().catch((error: Error) => error.message);
      expect(inTurns).toEqual(told(() => scanJson(body, bounds)));
    }),
    { ...options, numRuns: 1_000 },
  );
});

test(`no bytes make it fail with anything but a refusal (seed ${seed})`, () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.string().map((text) => Buffer.from(`{"model":${text}`)),
      ),
      (bytes) => {
        try {
          scanJson(Buffer.from(bytes), bounds);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      },
    ),
    options,
  );
});

test.each([
  ['nothing', '', 'bad_json'],
  ['a list', '[]', 'bad_json'],
  ['a word', 'hello', 'bad_json'],
  ['an unfinished object', '{"a":1', 'bad_json'],
  ['an unfinished string', '{"a":"x', 'bad_json'],
  ['more after the end', '{"a":1}{"b":2}', 'bad_json'],
  ['a key twice', '{"model":"a","model":"b"}', 'bad_request'],
  ['a key in escapes', '{"mod\\u0065l":"a"}', 'bad_request'],
  ['65 levels', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, 'too_complex'],
  ['1,001 fields', `{${Array.from({ length: 1_001 }, (_, i) => `"x${i}":1`).join()}}`, 'too_complex'],
  ['a bomb of empty objects', `{"a":[${'{},'.repeat(200_001)}{}]}`, 'too_complex'],
])('%s is refused [B6]', (_name, text, code) => {
  expect(() => scanJson(Buffer.from(text), bounds)).toThrow(expect.objectContaining({ code }));
});

test('media are seen and not counted as text', () => {
  const body = (content: unknown) => Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }));
  const image = scanJson(
    body([{ type: 'image_url', image_url: { url: `data:image/png;base64,${'iVBORw0KGgo'.repeat(10_000)}` } }]),
    bounds,
  );
  expect([...image.media]).toEqual(['images']);
  expect(image.mediaCount).toBe(1);
  expect(image.textBytes).toBeLessThan(500);
  expect([...scanJson(body([{ type: 'document', source: {} }]), bounds).media]).toEqual(['pdf']);
  expect([...scanJson(body([{ type: 'input_audio', input_audio: {} }]), bounds).media]).toEqual(['audio']);
  expect([...scanJson(body('an "image" of a "file" and "image_url"'), bounds).media]).toEqual([]);
  const prose = scanJson(body('word '.repeat(10_000)), bounds);
  expect(prose.textBytes).toBeGreaterThan(50_000);
});

test('a tool whose parameter is called file or image needs no such capability', () => {
  const tools = [
    {
      type: 'function',
      function: {
        name: 'f',
        parameters: { type: 'object', properties: { image: { type: 'string' }, file: { enum: ['image', 'file'] } } },
      },
    },
  ];
  expect([...scanJson(Buffer.from(JSON.stringify({ model: 'm', tools })), bounds).media]).toEqual([]);
});

test.each([
  ['image/png', 'images'],
  ['application/pdf', 'pdf'],
  ['audio/wav', 'audio'],
  ['video/mp4', 'video'],
] as const)('media of Gemini are known by their MIME type: %s', (mime, kind) => {
  for (const key of ['mimeType', 'mime_type'])
    expect([
      ...scanJson(
        Buffer.from(JSON.stringify({ contents: [{ parts: [{ inlineData: { [key]: mime, data: 'AA' } }] }] })),
        {
          depth: 64,
          nodes: 1_000,
        },
      ).media,
    ]).toEqual([kind]);
});
