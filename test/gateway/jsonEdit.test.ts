// A field that is changed in a body's bytes: the parser then sees the change, and every other byte stays.

import fc from 'fast-check';
import { editsOf, type FieldChange } from '../../gateway/src/core/jsonEdit';
import { scanJson, splice } from '../../gateway/src/core/jsonScan';

const bounds = { depth: 64, nodes: 200_000 };
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const changed = (text: string, changes: readonly FieldChange[]) => {
  const body = Buffer.from(text);
  return splice(body, editsOf(body, scanJson(body, bounds), changes)).toString();
};
const cut = (...at: FieldChange['at']): FieldChange => ({ at, value: undefined });

test.each<[string, FieldChange[], string]>([
  ['{"a":1,"b":2,"c":3}', [cut('a')], '{"b":2,"c":3}'],
  ['{"a":1,"b":2,"c":3}', [cut('b')], '{"a":1,"c":3}'],
  ['{"a":1,"b":2,"c":3}', [cut('c')], '{"a":1,"b":2}'],
  ['{"a":1,"b":2,"c":3}', [cut('b'), cut('c')], '{"a":1}'],
  ['{"a":1,"b":2,"c":3}', [cut('a'), cut('b')], '{"c":3}'],
  ['{"a":1}', [cut('a')], '{}'],
  ['{"a":1,"b":2}', [cut('a'), cut('b')], '{}'],
  ['{ "a" : 1 ,\n "b" : 2 , "c":3 }', [cut('b')], '{ "a" : 1 , "c":3 }'],
  ['{ "a" : "a" , "b" : "\\"a\\"" }', [cut('a')], '{ "b" : "\\"a\\"" }'],
  ['{"o":{"x":1.50,"y":9007199254740993},"z":1e2}', [cut('o', 'x')], '{"o":{"y":9007199254740993},"z":1e2}'],
  ['{"o":{"x":1},"z":1}', [cut('o', 'x')], '{"o":{},"z":1}'],
  ['{"o":{"x":1}}', [{ at: ['o', 'x'], value: 'low' }], '{"o":{"x":"low"}}'],
  ['{"o":{"x":1}}', [{ at: ['o', 'y'], value: 2 }], '{"o":{"x":1,"y":2}}'],
  ['{"o":{}}', [{ at: ['o', 'y'], value: 2 }], '{"o":{"y":2}}'],
  ['{"o":{"x":1}}', [cut('o', 'x'), { at: ['o', 'y'], value: 2 }], '{"o":{"y":2}}'],
  ['{"a":1}', [{ at: ['o', 'y'], value: 2 }], '{"a":1,"o":{"y":2}}'],
  ['{"a":1,"o":null}', [{ at: ['o', 'y'], value: 2 }], '{"a":1,"o":{"y":2}}'],
  ['{"o":{"x":1,"x":2,"y":3}}', [cut('o', 'x')], '{"o":{"y":3}}'],
  ['{"o":{"\\u0078":1,"y":3}}', [cut('o', 'x')], '{"o":{"y":3}}'],
  ['{"a":{"type":"enabled"},"b":1}', [{ at: ['a'], value: { type: 'adaptive' } }], '{"a":{"type":"adaptive"},"b":1}'],
])('%s %j', (text, changes, expected) => {
  expect(changed(text, changes)).toBe(expected);
});

test(`what a parser sees is the change and nothing else (seed ${seed})`, () => {
  const names = ['temperature', 'top_p', 'thinking', 'model', 'messages', 'x'];
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('temperature', '"top_p"', '{"x":1}'));
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...names), value), { selector: ([name]) => name }),
      fc.subarray(names),
      fc.constantFrom(undefined, 1, '\t'),
      fc.boolean(),
      (fields, gone, indent, adds) => {
        const added: FieldChange[] = adds ? [{ at: ['added'], value: [1] }] : [];
        const text = JSON.stringify(Object.fromEntries(fields), null, indent);
        const kept = fields.filter(([name]) => !gone.includes(name));
        expect(JSON.parse(changed(text, [...gone.map((name) => cut(name)), ...added]))).toEqual(
          JSON.parse(JSON.stringify({ ...Object.fromEntries(kept), ...(adds ? { added: [1] } : {}) })),
        );
      },
    ),
    { seed, numRuns: 2_000 },
  );
});
