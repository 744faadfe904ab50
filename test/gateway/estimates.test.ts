// What a request is estimated to cost is never less than half of what a tokenizer counts, whatever the text and wherever it
// stands. The tokenizer is o200k, OpenAI's since GPT-4o.

import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { defaultLimits } from '../../config/limits';
import { inspect, leastInput, type RequestFacts } from '../../gateway/src/pipeline/inspect';
import type { Format } from '../../gateway/src/wire/neutral';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const facts = async (format: Format, body: object): Promise<RequestFacts> =>
  inspect(format, Buffer.from(JSON.stringify(body)), defaultLimits, { model: 'm', stream: false, asList: false });

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Bodies that hold a text where a provider reads it as text. */
const places: Readonly<Record<string, readonly [Format, (text: string) => object]>> = {
  'a message': ['chat', (text) => ({ messages: [{ role: 'user', content: text }] })],
  'a part': ['chat', (text) => ({ messages: [{ role: 'user', content: [{ type: 'text', text }] }] })],
  'many messages': ['chat', (text) => ({ messages: text.match(/.{1,200}/gsu)?.map((content) => ({ role: 'user', content })) ?? [] })], // prettier-ignore
  'a call’s arguments': ['chat', (text) => ({ messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: JSON.stringify({ data: text }) } }] }] })], // prettier-ignore
  'a schema': ['chat', (text) => ({ messages: [], tools: [{ type: 'function', function: { name: 'f', parameters: { default: { data: text } } } }] })], // prettier-ignore
  'the input': ['responses', (text) => ({ input: text })],
  instructions: ['responses', (text) => ({ input: 'x', instructions: text })],
  'a tool’s input': ['messages', (text) => ({ messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: { source: { type: 'base64', data: text } } }] }] })], // prettier-ignore
  'a document of plain text': ['messages', (text) => ({ messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: text } }] }] })], // prettier-ignore
  'a file of text': ['chat', (text) => ({ messages: [{ role: 'user', content: [{ type: 'file', file: { filename: 'a.txt', file_data: `data:text/plain;base64,${base64(text)}` } }] }] })], // prettier-ignore
  'a file of no type': ['responses', (text) => ({ input: [{ role: 'user', content: [{ type: 'input_file', filename: 'a.csv', file_data: base64(text) }] }] })], // prettier-ignore
  'a file of percent signs': ['responses', (text) => ({ input: [{ role: 'user', content: [{ type: 'input_file', filename: 'a.csv', file_data: `data:application/x,${encodeURIComponent(text)}` }] }] })], // prettier-ignore
  'a blob of JSON': ['generate', (text) => ({ contents: [{ parts: [{ inlineData: { mimeType: 'application/json', data: base64(text) } }] }] })], // prettier-ignore
  'a blob of a program': ['generate', (text) => ({ contents: [{ parts: [{ inline_data: { mime_type: 'text/javascript', data: base64(text) } }] }] })], // prettier-ignore
  'a document that says it is a PDF': ['messages', (text) => ({ messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: base64(text) } }] }] })], // prettier-ignore
  'arguments as JSON': ['generate', (text) => ({ contents: [{ role: 'model', parts: [{ functionCall: { name: 'f', args: { inlineData: { data: text } } } }] }] })], // prettier-ignore
  'a list of short texts': ['generate', (text) => ({ contents: [{ role: 'model', parts: [{ functionCall: { name: 'f', args: { all: shortOf(text) } } }] }] })], // prettier-ignore
  'names of properties': ['messages', (text) => ({ messages: [], tools: [{ name: 'f', input_schema: { type: 'object', properties: Object.fromEntries(shortOf(text).map((name, i) => [name + i, {}])) } }] })], // prettier-ignore
  'values of an enumeration': ['chat', (text) => ({ messages: [], tools: [{ type: 'function', function: { name: 'f', parameters: { enum: shortOf(text) } } }] })], // prettier-ignore
  'a result as JSON': ['generate', (text) => ({ contents: [{ role: 'user', parts: [{ functionResponse: { name: 'f', response: { data: text } } }] }] })], // prettier-ignore
};

/** In pieces of at most 20 bytes. */
const shortOf = (text: string): readonly string[] => text.match(/.{1,5}/gsu) ?? [];

const codes = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((code) => String.fromCodePoint(code));
const oneOf = (characters: string) => fc.constantFrom(...characters);
const repeated = (character: fc.Arbitrary<string>, min = 40) =>
  fc.array(character, { minLength: min, maxLength: 3_000, size: 'max' }).map((all) => all.join(''));

const kinds: Readonly<Record<string, fc.Arbitrary<string>>> = {
  letters: repeated(codes(0x61, 0x7a)),
  'letters and blanks': repeated(oneOf('abcdefghijklmnopqrstuvwxyz ')),
  'single letters between blanks': repeated(codes(0x61, 0x7a)).map((text) => [...text].join(' ')),
  capitals: repeated(codes(0x41, 0x5a)),
  digits: repeated(oneOf('0123456789')),
  'hexadecimal digits': repeated(oneOf('0123456789abcdef')),
  base64: repeated(oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')),
  'base64 that begins like an image': repeated(oneOf('ABCDEFGHabcdefgh0123'), 600).map((text) => `iVBORw0KGgo${text}`),
  'a data URL that is none': repeated(oneOf('ABCDEFGHabcdefgh0123'), 600).map(
    (text) => `data:image/png;base64,${text}`,
  ),
  signs: repeated(oneOf('!#$%&()*+,-./:;<=>?@[]^_`{|}~')),
  'line ends and tabs': repeated(oneOf('\n\t a')),
  Cyrillic: repeated(codes(0x430, 0x44f)),
  Greek: repeated(codes(0x3b1, 0x3c9)),
  Hebrew: repeated(codes(0x5d0, 0x5ea)),
  Arabic: repeated(codes(0x627, 0x64a)),
  Armenian: repeated(codes(0x561, 0x586)),
  Thaana: repeated(codes(0x780, 0x7b1)),
  Devanagari: repeated(codes(0x905, 0x939)),
  Thai: repeated(codes(0xe01, 0xe2e)),
  Chinese: repeated(codes(0x4e00, 0x9fff)),
  Korean: repeated(codes(0xac00, 0xd7a3)),
  kana: repeated(codes(0x3041, 0x30fe)),
  arrows: repeated(codes(0x2190, 0x23ff)),
  emoji: repeated(codes(0x1f300, 0x1f6ff)),
  'rare Chinese': repeated(codes(0x20000, 0x2a6df)),
  anything: repeated(codes(0x20, 0xffff).filter((c) => c.isWellFormed())),
};

test.each(Object.keys(kinds))('of %s', async (name) => {
  const kind = kinds[name] ?? fc.constant('');
  await fc.assert(
    fc.asyncProperty(kind, fc.constantFrom(...Object.keys(places)), async (text, place) => {
      const [format, bodyOf] = places[place] ?? (['chat', () => ({})] as const);
      const { needs } = await facts(format, bodyOf(text));
      expect({ place, enough: 2 * needs.input >= countTokens(text), input: needs.input, counted: countTokens(text), text: text.slice(0, 40) }).toMatchObject({ enough: true }); // prettier-ignore
    }),
    { seed, numRuns: 40, endOnFailure: true }, // to shrink it would ask the tokenizer for minutes
  );
});

// Tools' arguments, results and schemas come to the model as the JSON that they are.
test.each<[string, fc.Arbitrary<unknown>]>([
  ['numbers of one digit', fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 200, maxLength: 2_000, size: 'max' })],
  ['numbers', fc.array(fc.integer(), { minLength: 100, maxLength: 1_000, size: 'max' })],
  [
    'fractions',
    fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 100, maxLength: 500, size: 'max' }),
  ],
  [
    'empty lists',
    fc.array(fc.constantFrom([], {}, [[]], null, true), { minLength: 200, maxLength: 2_000, size: 'max' }),
  ],
  [
    'fields of one letter',
    fc.array(fc.record({ a: fc.nat(9), b: fc.boolean(), c: fc.constantFrom('', 'x') }), {
      minLength: 100,
      maxLength: 800,
      size: 'max',
    }),
  ],
  ['anything', fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 50, maxLength: 200, size: 'max' })],
])('of %s as JSON', async (_name, values) => {
  await fc.assert(
    fc.asyncProperty(values, async (list) => {
      const bodies: readonly [Format, object][] = [
        [
          'messages',
          { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: { list } }] }] },
        ],
        [
          'generate',
          { contents: [{ role: 'user', parts: [{ functionResponse: { name: 'f', response: { list } } }] }] },
        ],
        ['chat', { messages: [], tools: [{ type: 'function', function: { name: 'f', parameters: { enum: list } } }] }],
      ];
      const counted = countTokens(JSON.stringify(list));
      for (const [format, body] of bodies) {
        const { needs } = await facts(format, body);
        expect({ enough: 2 * needs.input >= counted, input: needs.input, counted, list: JSON.stringify(list).slice(0, 60) }).toMatchObject({ enough: true }); // prettier-ignore
      }
    }),
    { seed, numRuns: 20, endOnFailure: true },
  );
});

test('a long text is weighed by a part of it, and not by its beginning', async () => {
  const prose = 'It was the best of times, it was the worst of times. '.repeat(400);
  const signs = '}{][)(~|<> '.repeat(500);
  for (const text of [prose + signs, signs + prose, signs.repeat(10)]) {
    const { needs } = await facts('chat', { messages: [{ role: 'user', content: text }] });
    expect(2 * needs.input).toBeGreaterThan(countTokens(text));
    expect(needs.input).toBeLessThan(text.length);
  }
});

const id = (i: number) => `call_${i - (i % 2)}abcdefghijklmnop`;
const turns = (count: number, turn: (i: number, answers: boolean) => object) =>
  Array.from({ length: count }, (_, i) => turn(i, i % 2 === 1));

// The least that a conversation surely has decides which models are not asked at all.
test.each<[string, Format, (result: string) => object]>([
  ['chat', 'chat', (content) => ({ messages: turns(2_000, (i, answers) => answers
    ? { role: 'tool', tool_call_id: id(i), content }
    : { role: 'assistant', content: null, tool_calls: [{ id: id(i), type: 'function', function: { name: 'read', arguments: '{"path":"/a.ts"}' } }] }) })],
  ['responses', 'responses', (output) => ({ input: turns(2_000, (i, answers) => answers
    ? { type: 'function_call_output', call_id: id(i), output }
    : { type: 'function_call', id: `fc_${id(i)}`, status: 'completed', call_id: id(i), name: 'read', arguments: '{"path":"/a.ts"}' }) })],
  ['messages', 'messages', (text) => ({ messages: turns(2_000, (i, answers) => answers
    ? { role: 'user', content: [{ type: 'tool_result', tool_use_id: id(i), content: [{ type: 'text', text }] }] }
    : { role: 'assistant', content: [{ type: 'tool_use', id: id(i), name: 'read', input: { path: '/a.ts' } }] }) })],
  ['generate', 'generate', (output) => ({ contents: turns(2_000, (_, answers) => answers
    ? { role: 'user', parts: [{ functionResponse: { name: 'read', response: { output } } }] }
    : { role: 'model', parts: [{ functionCall: { name: 'read', args: { path: '/a.ts' } } }] }) })],
])('the least that calls and their results have, in %s', async (_name, format, bodyOf) => {
  const counted = (result: string) => 1_000 * (countTokens('read{"path":"/a.ts"}') + countTokens(result) + 2 * 4);
  const file = 'export function sum(list: readonly number[]): number {\n  return list.reduce((a, b) => a + b, 0);\n}\n'.repeat(20); // prettier-ignore
  expect(leastInput(await facts(format, bodyOf('ok')))).toBeLessThanOrEqual(counted('ok'));
  const least = leastInput(await facts(format, bodyOf(file)));
  expect(least).toBeLessThanOrEqual(counted(file));
  expect(least).toBeGreaterThan(counted(file) / 2);
}); // prettier-ignore

test('prose, code and Chinese are not estimated at more than twice their tokens', async () => {
  const texts = {
    prose:
      'It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness. ',
    code: 'export function add(a: number, b: number): number {\n  return a + b; // the sum of both\n}\n\n',
    German: 'Es war die beste und die schlimmste aller Zeiten, ein Jahrhundert der Weisheit und des Unsinns. ',
    Russian: 'Это было самое прекрасное время, это было самое злосчастное время, век мудрости, век безумия. ',
  };
  for (const [name, text] of Object.entries(texts)) {
    const long = text.repeat(50);
    const { needs } = await facts('chat', { messages: [{ role: 'user', content: long }] });
    expect([name, needs.input / countTokens(long) < 2.5]).toEqual([name, true]);
  }
});

describe('media', () => {
  const image = `data:image/png;base64,iVBORw0KGgo${'A'.repeat(400_000)}`;
  test.each<[string, Format, object, number, number]>([
    ['an image by data URL', 'chat', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: image } }] }] }, 1_600, 1_700], // prettier-ignore
    ['an image by URL', 'chat', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.test/a.png' } }] }] }, 1_600, 1_700], // prettier-ignore
    ['three images by URL', 'responses', { input: [{ role: 'user', content: Array.from({ length: 3 }, () => ({ type: 'input_image', image_url: 'https://x.test/a.png' })) }] }, 4_800, 5_000], // prettier-ignore
    ['an image of Anthropic’s', 'messages', { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: image.slice(22) } }] }] }, 1_600, 1_700], // prettier-ignore
    ['an image of Gemini’s', 'generate', { contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: image.slice(22) } }, { text: 'what is it?' }] }] }, 1_600, 1_700], // prettier-ignore
    ['a PDF of 400 KB', 'messages', { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: `JVBERi0${'A'.repeat(400_000)}` } }] }] }, 13_000, 14_000], // prettier-ignore
    ['a recording of 400 KB', 'chat', { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: `SUQz${'A'.repeat(400_000)}`, format: 'mp3' } }] }] }, 8_000, 9_000], // prettier-ignore
    ['a signature', 'messages', { messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: 'x', signature: 'A'.repeat(4_000) }] }] }, 1_600, 1_700], // prettier-ignore
  ])('%s', async (_name, format, body, least, most) => {
    const { needs } = await facts(format, body);
    expect(needs.input).toBeGreaterThanOrEqual(least);
    expect(needs.input).toBeLessThan(most);
  });
});

test.each<[string, Format, object, number | undefined, number]>([
  ['n', 'chat', { messages: [], n: 100 }, undefined, 100],
  ['n and a maximum', 'chat', { messages: [], n: 4, max_tokens: 1_000 }, 1_000, 4],
  ['candidateCount', 'generate', { contents: [], generationConfig: { candidateCount: 8 } }, undefined, 8],
  ['candidate_count', 'generate', { contents: [], generation_config: { candidate_count: 3 } }, undefined, 3],
  ['an absurd n', 'chat', { messages: [], n: 1e12 }, undefined, 1_000],
  ['an n that is no number', 'chat', { messages: [], n: 1.5 }, undefined, 1],
])('answers asked for by %s', async (_name, format, body, output, answers) => {
  expect((await facts(format, body)).needs).toMatchObject({ output, answers });
});

test.each<[string, string]>([
  ['within arguments whose name is written with an escape', '{"type":"tool_use","id":"a","name":"f","inp\\u0075t":{"source":{"type":"base64","data":"TEXT"}}}'], // prettier-ignore
  ['within arguments whose name is all escapes', '{"type":"tool_use","id":"a","name":"f","\\u0069\\u006e\\u0070\\u0075\\u0074":{"source":{"type":"base64","data":"TEXT"}}}'], // prettier-ignore
  ['within a schema whose long name begins with an escape', '{"type":"x","\\u0070arametersJsonSchema":{"source":{"type":"base64","data":"TEXT"}}}'], // prettier-ignore
  ['beside an object that looks like a medium', `{"type":"document","source":{"data":"TEXT","x":{"url":"${'A'.repeat(600)}"},"type":"text"}}`], // prettier-ignore
])('text cannot be passed for a medium: %s', async (_name, block) => {
  const text = 'kQ7z'.repeat(20_000);
  const body = `{"max_tokens":9,"messages":[{"role":"user","content":[${block.replace('TEXT', text)}]}]}`;
  const { needs } = await inspect('messages', Buffer.from(body), defaultLimits, { model: 'm', stream: false, asList: false }); // prettier-ignore
  expect(needs.input).toBeGreaterThan(text.length / 3);
});
