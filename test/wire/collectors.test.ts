// What comes in many pieces is put together without looking at all of it again for each piece.

import { codecs } from '../../gateway/src/wire';
import { openUnwrap } from '../../gateway/src/wire/schema/wrapNonObject';
import { openFrameReader } from '../../gateway/src/wire/shared/sse';
import { streamEvents } from './recorded';

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const end = `${chunk({}, 'tool_calls')}data: [DONE]\n\n`;

test('pieces of a second call while the first is not whole: its arguments are not read for each of them', () => {
  const first = { index: 0, id: 'a', function: { name: 'f', arguments: `{"x":"${'x'.repeat(100_000)}` } };
  const piece = { index: 1, id: 'b', function: { name: 'g', arguments: '1' } };
  const last = { index: 0, function: { arguments: '"}' } };
  const pieces = 500;
  const stream = chunk({ tool_calls: [first] }) + chunk({ tool_calls: [piece] }).repeat(pieces) + chunk({ tool_calls: [last] }) + end;
  const parse = jest.spyOn(JSON, 'parse');
  const events = streamEvents('chat', stream);
  const long = parse.mock.calls.filter(([text]) => text.startsWith('{"x":"')).length;
  parse.mockRestore();
  expect(long).toBeLessThan(5);
  expect(events.flatMap((event) => (event.type === 'open' && event.part.type === 'toolCall' ? [event.part.name] : []))).toEqual(['f', 'g']);
  const texts = events.flatMap((event) => (event.type === 'delta' ? [event.text] : []));
  expect(texts.join('')).toBe(`${first.function.arguments}"}${'1'.repeat(pieces)}`);
}); // prettier-ignore

test('details of reasoning are joined by their index, and others stand by themselves', () => {
  const detail = (index: number, text: string) => chunk({ reasoning_details: [{ type: 'reasoning.text', index, text }] });
  const stream = detail(0, 'a') + detail(0, 'b') + detail(1, 'c') + detail(1, 'd') + chunk({ content: 'hi' }, 'stop') + 'data: [DONE]\n\n';
  const close = streamEvents('chat', stream).find((event) => event.type === 'close');
  expect(close).toMatchObject({
    opaque: { value: [{ type: 'reasoning.text', index: 0, text: 'ab' }, { type: 'reasoning.text', index: 1, text: 'cd' }] },
  });
}); // prettier-ignore

test('pieces of two calls in turn: neither is read again for each of them, and what waits is counted', () => {
  const decoder = codecs.chat.openDecoder();
  const push = (text: string) => openFrameReader(1_000_000).push(Buffer.from(text)).flatMap((frame) => decoder.push(frame));
  const piece = (index: number, args: string) => chunk({ tool_calls: [{ index, id: `c${index}`, function: { name: 'f', arguments: args } }] });
  const parse = jest.spyOn(JSON, 'parse');
  push(piece(0, '{"x":"['));
  for (let i = 0; i < 500; i++) push(piece(0, '\\"}') + piece(1, 'y'.repeat(100)));
  const reads = parse.mock.calls.filter(([text]) => text.startsWith('{"x":"')).length;
  parse.mockRestore();
  expect(reads).toBeLessThan(5);
  expect(decoder.kept).toBeGreaterThan(50_000);
  const events = [...push(piece(0, '"}')), ...push(piece(2, '{}'))];
  expect(events).toContainEqual({ type: 'open', part: { type: 'toolCall', id: 'c2', name: 'f' } });
  expect(push(end).filter(({ type }) => type === 'delta')).toEqual([{ type: 'delta', text: 'y'.repeat(50_000) }]);
  expect(decoder.kept).toBeLessThan(1_000);
}); // prettier-ignore

test('details of reasoning count until they are told', () => {
  const decoder = codecs.chat.openDecoder();
  const push = (text: string) => openFrameReader(1_000_000).push(Buffer.from(text)).flatMap((frame) => decoder.push(frame));
  for (let i = 0; i < 100; i++) push(chunk({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'x'.repeat(1_000), index: i }] }));
  expect(decoder.kept).toBeGreaterThan(100_000);
  push(chunk({ content: 'hi' }));
  expect(decoder.kept).toBe(0);
}); // prettier-ignore

test('Gemini’s words and findings count until its end, and its findings are not copied for each piece', () => {
  const decoder = codecs.generate.openDecoder();
  const source = { web: { uri: 'https://x.example', title: 'x'.repeat(1_000) } };
  const piece = { candidates: [{ content: { parts: [{ text: 'hi' }] }, groundingMetadata: { groundingChunks: [source] } }] };
  for (let i = 0; i < 100; i++) decoder.push({ event: undefined, data: JSON.stringify(piece) });
  expect(decoder.kept).toBeGreaterThan(100_000);
  const events = decoder.end();
  expect(events.find(({ type }) => type === 'close')).toBeDefined();
}); // prettier-ignore

test('blanks and braces that a model writes for ever are not looked at again for each piece', () => {
  for (const [start, piece] of [['', ' '], ['{"answer":{"a":1', '}']] as const) {
    const unwrap = openUnwrap();
    let out = unwrap.push(start);
    const looks = jest.spyOn(String.prototype, 'charAt');
    const tests = jest.spyOn(RegExp.prototype, 'exec');
    for (let i = 0; i < 1_000; i++) out += unwrap.push(piece);
    const looked = looks.mock.calls.length + tests.mock.calls.length;
    looks.mockRestore();
    tests.mockRestore();
    expect(looked).toBeLessThan(5_000);
    expect(out).toBe(start === '' ? '' : '{"a":1');
  }
}); // prettier-ignore
