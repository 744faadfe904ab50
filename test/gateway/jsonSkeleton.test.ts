// What a JSON text says beside its long strings, however the text is cut.

import fc from 'fast-check';
import { openJsonSkeleton } from '../../gateway/src/core/jsonSkeleton';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const read = (bytes: Buffer, slice: number) => {
  const skeleton = openJsonSkeleton();
  for (let at = 0; at < bytes.length; at += slice) skeleton.add(bytes.subarray(at, at + slice));
  return skeleton;
};
/** The value with a short string for each that has more than 256 bytes as it is printed. */
const shortened = (value: unknown): unknown => {
  if (typeof value === 'string') return Buffer.byteLength(JSON.stringify(value)) - 2 > 256 ? 'x' : value;
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [shortened(key), shortened(inner)]));
};

test('it is the value, with its long strings replaced', () => {
  const words = fc.stringMatching(/^[a"\\ü\n🎈{}[\],:]{0,40}$/);
  const long = fc.tuple(words, fc.integer({ min: 1, max: 60 })).map(([text, times]) => text.repeat(times));
  const value = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof({ depthSize: 'small' }, long, fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie('any'), { maxLength: 4 }), fc.dictionary(fc.string({ maxLength: 8 }), tie('any'), { maxKeys: 4 })),
  })).any; // prettier-ignore
  fc.assert(
    fc.property(value, fc.integer({ min: 1, max: 70 }), fc.boolean(), (given, slice, pretty) => {
      const bytes = Buffer.from(JSON.stringify(given, null, pretty ? 2 : undefined));
      const { value: found, full } = read(bytes, slice);
      if (!full) expect(JSON.stringify(found)).toBe(JSON.stringify(shortened(JSON.parse(bytes.toString()))));
    }),
    { seed, numRuns: 300 },
  );
});

test('what is cut, or no JSON, has no value', () => {
  const bytes = Buffer.from(JSON.stringify({ a: 'y'.repeat(1_000), b: [1, { c: 'd"\\' }] }));
  for (let end = 1; end < bytes.length; end += 7) expect(read(bytes.subarray(0, end), 50).value).toBeUndefined();
  expect(read(Buffer.from('nothing "of the kind"'), 4).value).toBeUndefined();
});

test('of one with too many values nothing is kept', () => {
  const { value, full } = read(Buffer.from(JSON.stringify(Array.from({ length: 50_000 }, (_, i) => i))), 10_000);
  expect([value, full]).toEqual([undefined, true]);
});
