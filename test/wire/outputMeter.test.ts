// The estimate of a stream's output against what its provider reported, on the recorded streams; the same however it is cut.

import fc from 'fast-check';
import { codecs } from '../../gateway/src/wire';
import type { Format } from '../../gateway/src/wire/neutral';
import { outputMeters } from '../../gateway/src/wire/outputMeter';
import { dataOf, singleFrames, SseCutter } from '../../gateway/src/wire/shared/sse';
import { tokensOfText } from '../../gateway/src/wire/tokenCounter';
import { describeIf, recordings } from '../support/shared';

const wires: readonly (readonly [string, Format])[] = [
  ['anthropic-messages', 'messages'],
  ['openai-chat', 'chat'],
  ['openrouter-chat', 'chat'],
  ['openai-responses', 'responses'],
  ['gemini-streamGenerateContent', 'generate'],
];

interface Stream {
  readonly file: string;
  readonly format: Format;
  readonly text: string;
  /** Tokens that the provider reported, without reasoning that it does not show: Anthropic's streams show it. */
  readonly shown: number;
}

const estimate = (format: Format, text: string, cuts: readonly number[] = []): number => {
  const meter = outputMeters(codecs[format].output)();
  const cutter = new SseCutter(1 << 24);
  const bytes = Buffer.from(text);
  const ends = [...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  let from = 0;
  for (const end of ends) {
    const frames = cutter.push(bytes.subarray(from, end));
    if (frames !== undefined) meter.add(frames);
    from = end;
  }
  meter.add(cutter.rest());
  return meter.tokens();
};

function streams(): Stream[] {
  return wires.flatMap(([file, format]) =>
    (recordings(file) ?? []).flatMap(({ response, contentType }) => {
      if (typeof response !== 'string' || !contentType.includes('event-stream')) return [];
      const usages = [...singleFrames(Buffer.from(response))]
        .map(dataOf)
        .filter((data) => data.startsWith('{'))
        .map((data) => codecs[format].usageIn(JSON.parse(data)))
        .filter((usage) => usage?.output !== undefined);
      const last = usages.at(-1);
      const shown = (last?.output ?? 0) - (format === 'messages' ? 0 : (last?.reasoning ?? 0));
      return shown > 0 ? [{ file, format, text: response, shown }] : [];
    }),
  );
}

const all = streams();

describeIf(all.length > 0)('on recorded streams', () => {
  test.each(wires)('%s: 0.7 to 1.5 of what was reported, all together [L6]', (file, format) => {
    const own = all.filter((stream) => stream.file === file);
    expect(own.length).toBeGreaterThan(2);
    const reported = own.reduce((sum, { shown }) => sum + shown, 0);
    const estimated = own.reduce((sum, { text }) => sum + estimate(format, text), 0);
    console.info(`${file}: ${own.length} streams, estimate ÷ reported ${(estimated / reported).toFixed(2)}`);
    expect(estimated / reported).toBeGreaterThan(0.7);
    expect(estimated / reported).toBeLessThan(1.5);
  });

  test.each(all.map((stream, i) => [`${stream.file} ${i}`, stream] as const))(
    '%s: near what was reported, whatever the cuts',
    (_name, { format, text, shown }) => {
      const whole = estimate(format, text);
      // A token or ten more or less says nothing of a stream of five.
      expect(whole).toBeGreaterThan(0.7 * shown - 10);
      expect(whole).toBeLessThan(1.5 * shown + 10);
      fc.assert(
        fc.property(fc.array(fc.nat(1 << 20), { maxLength: 40 }), (cuts) => {
          expect(estimate(format, text, cuts)).toBe(whole);
        }),
        { numRuns: 15 },
      );
    },
  );
});

test('text counts, and what events wrap around it does not', () => {
  const event = (delta: object, more: object = {}) =>
    `data: ${JSON.stringify({ id: 'x'.repeat(200), obfuscation: 'y'.repeat(300), choices: [{ index: 0, delta }], ...more })}\n\n`;
  const words = 'the quick brown fox '.repeat(40);
  expect(estimate('chat', event({ role: 'assistant', content: '' }))).toBe(0);
  expect(estimate('chat', event({ content: words }))).toBe(163);
  expect(estimate('chat', event({ reasoning: words, reasoning_content: words }))).toBe(163); // the same, for two kinds of clients
  expect(estimate('chat', event({ content: 'a' }).repeat(500))).toBe(503); // token by token
  expect(estimate('chat', event({ content: 'content":"'.repeat(100) }))).toBeLessThan(400); // names within a text
});

test('other scripts are worth more than their characters, escaped or not', () => {
  const chinese = '你好世界'.repeat(50);
  const plain = `data: ${JSON.stringify({ choices: [{ delta: { content: chinese } }] })}\n\n`;
  const escaped = plain.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
  expect(estimate('chat', plain)).toBe(164);
  expect(estimate('chat', escaped)).toBe(164);
  expect(tokensOfText(chinese)).toBeCloseTo(160);
});

test("Gemini's arguments and images are counted where they stand as JSON and as data", () => {
  const args = { path: 'x'.repeat(300), nested: [{ text: 'a"b' }, 1, null] };
  const call = `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ functionCall: { name: 'write', args } }] } }] })}\r\n\r\n`;
  expect(estimate('generate', call)).toBeGreaterThan(60);
  expect(estimate('generate', call)).toBeLessThan(140);
  const image = `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'A'.repeat(9_000) } }] } }] })}\r\n\r\n`;
  expect(estimate('generate', image)).toBe(1_293);
});

test('calls are counted where they begin', () => {
  const added = (type: string) =>
    `data: {"type":"response.output_item.added","item":{"type":"${type}","name":"f"}}\n\n`;
  expect(estimate('responses', added('function_call').repeat(3))).toBe(33);
  expect(estimate('responses', added('message') + 'data: {"type":"response.done","item":{"type":"function_call"}}\n\n')).toBe(0); // prettier-ignore
  const block = 'data: {"type":"content_block_start","content_block":{"type":"tool_use","name":""}}\n\n';
  expect(estimate('messages', block + 'data: {"delta":{"stop_reason":"tool_use"}}\n\n')).toBe(33);
  const delta = (name: string) => `data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"${name}"}}]}}]}\n\n`;
  expect(estimate('chat', delta('f') + delta(''))).toBe(14);
});

test('pretty-printed arguments are counted once, over their lines', () => {
  const args = { path: 'a b c d', text: 'one two three four', nested: { text: 'five' } };
  const item = { candidates: [{ content: { parts: [{ functionCall: { name: 'f', args } }] } }] };
  const plain = estimate('generate', JSON.stringify(item));
  const pretty = estimate('generate', JSON.stringify(item, null, 2));
  expect(pretty).toBeGreaterThanOrEqual(plain);
  expect(pretty).toBeLessThan(plain + 20); // its line ends
});

test('takes time by the length of its events, whatever they hold', () => {
  const size = 1_500_000;
  const events = [
    'data: {"args":'.padEnd(size, '{"args":'),
    `data: ["${'response.output_item.added","'.repeat(size / 28)}"]\n\n`,
    `data: "${'\\"'.repeat(size / 2)}`,
    '"\r'.repeat(size / 2),
    '"\n'.repeat(size / 2),
    `data: {"usage"${' '.repeat(size)}`,
    `${'\\'.repeat(size)}"`,
  ];
  for (const format of ['chat', 'responses', 'generate'] as const)
    for (const text of events) expect(estimate(format, text)).toBeLessThan(size * 2);
}, 30_000);

describe('marks beside the output', () => {
  const words = ['usage', 'error', 'finish_reason'];
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  const found = (text: string) => {
    const bytes = Buffer.from(text);
    return outputMeters(codecs.chat.output, { words, endMark: '[DONE]' })()
      .add(bytes)
      .map((at) => bytes.toString('utf8', at, at + 5));
  };
  // The marks of a value, in the order in which they are written.
  function* marksIn(value: unknown): Generator<string> {
    if (typeof value === 'string' && words.includes(value)) yield value.slice(0, 5);
    if (typeof value !== 'object' || value === null) return;
    for (const [name, each] of Object.entries(value)) {
      if (!Array.isArray(value) && words.includes(name) && each !== null) yield name.slice(0, 5);
      if (!(name === 'content' && typeof each === 'string')) yield* marksIn(each); // a text is no mark
    }
  }
  const names = fc.constantFrom(...words, 'content', 'x', 'usage"', '"error', 'a\nb', '');
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 1, true, '', ...words, '"usage":1', 'a "b', '\\', 'data: [DONE]', 'event: error', 'ü'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;

  test(`they are a parser's (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 5 }), fc.constantFrom('\n\n', '\r\n\r\n', '\r\r'), (events, end) => {
        const text = events.map((event) => `data: ${JSON.stringify(event)}${end}`).join('');
        expect(found(text)).toEqual(events.flatMap((event) => [...marksIn(event)]));
      }),
      { seed, numRuns: 3_000, interruptAfterTimeLimit: 8_000 },
    );
  });

  test.each([
    { text: 'data: [DONE]\n\n', marks: ['data:'] },
    { text: 'data:[DONE]\r\n\r\n', marks: ['data:'] },
    { text: 'data: {"a":1}\n\ndata: [DONE]\n\n', marks: ['data:'] },
    { text: 'event: error\ndata: {}\n\n', marks: ['event'] },
    { text: '\ufeffevent:error\ndata: {}\n\n', marks: ['event'] },
    { text: 'id: 1\revent: error\rdata: x\r\r', marks: ['event'] },
    { text: 'event: message\ndata: {}\n\n', marks: [] },
    { text: ': a comment with "error"\n\ndata: {}\n\n', marks: [] },
    { text: ': an open quote "\n\ndata: {"usage":{}}\n\n', marks: ['usage'] },
    { text: 'data: {"a":"no end\n\ndata: {"usage":{}}\n\n', marks: ['usage'] },
    { text: 'data: {"content":"no end\n\ndata: {"usage":{}}\n\n', marks: ['usage'] },
    { text: 'data: {"type":\ndata: "finish_reason"\n: no-op\ndata: }\n\n', marks: ['finis'] },
    { text: 'data: bad "key \\\nevent: error\n\n', marks: ['event'] },
    { text: 'data: {"content":"a \\\nevent: error\n\n', marks: ['event'] },
    { text: 'data: {"content":"a \\u\nevent: error\n\n', marks: ['event'] },
    { text: 'data: {"content":"a \\u12","usage":{}}\n\n', marks: ['usage'] },
    { text: 'data: {"usage" : null, "finish_reason":\ndata: "stop"}\n\n', marks: ['finis'] },
  ])('$text', ({ text, marks }) => {
    expect(found(text)).toEqual(marks);
  });

  test.each(['\n', '\r\n', '\r'])('behind arguments without an end (line ends %j)', (end) => {
    const text = ['data: {"args":{"a":[1', '', 'data: {"error":{"code":500}}', '', ''].join(end);
    const meter = outputMeters(codecs.generate.output, { words })();
    expect(meter.add(Buffer.from(text))).toHaveLength(1);
  });
});
