// What comes in many pieces is put together without looking at all of it again for each piece.

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
