// Named fields are found in a JSON text however its bytes are cut.

import { openJsonFieldFinder } from '../../gateway/src/core/jsonFields';

const document = {
  text: '"calls": ["no"] \\"calls\\":["no"] ü ]} calls',
  calls: ['a "quoted" ]', 'ü', { calls: ['inside'] }],
  skipped: { calls: ['inside'], text: '}"' },
  list: [{ calls: [] }, 'calls', { calls: 'no list' }, { calls: null }, { calls: { deep: [{ calls: [1] }] } }],
  long: { calls: ['x'.repeat(70_000)] },
  last: { calls: [2] },
};
const expected = [
  ['calls', document.calls],
  ['skipped', document.skipped],
  ['calls', []],
  ['calls', { deep: [{ calls: [1] }] }],
  ['calls', undefined],
  ['calls', [2]],
];

function found(bytes: Buffer, size: number): unknown[] {
  const list: unknown[] = [];
  const finder = openJsonFieldFinder(['calls', 'skipped'], (name, value) => void list.push([name, value]));
  for (let at = 0; at < bytes.length; at += size) finder.add(bytes.subarray(at, at + size));
  return list;
}

test.each([undefined, 2])('printed with indent %p', (indent) => {
  const bytes = Buffer.from(JSON.stringify(document, undefined, indent));
  for (const size of [1, 2, 3, 5, 7, 64, 255, 256, 257, 1_000, bytes.length])
    expect([size, found(bytes, size)]).toEqual([size, expected]);
});

test('a text of nothing but names takes no longer than its length', () => {
  const bytes = Buffer.from('"calls":{},'.repeat(200_000));
  const start = performance.now();
  expect(found(bytes, bytes.length)).toHaveLength(200_000);
  expect(performance.now() - start).toBeLessThan(2_000);
});

test('what is broken off is not told, and what is no JSON is told as undefined', () => {
  expect(found(Buffer.from('{"calls":[1,'), 4)).toEqual([]);
  expect(found(Buffer.from('{"calls":[1,,]}'), 4)).toEqual([['calls', undefined]]);
});
