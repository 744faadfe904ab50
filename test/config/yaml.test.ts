// Texts that are no configuration: too large, too deep, no mapping. Each is a ConfigError with a clear sentence.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseYaml, yamlBounds } from '../../config/yaml';
import { bundle, makeFolder, node, runChild } from '../support/child';
import { load, problems, problemsOf } from './support';

const bytes = (count: number, line: string) => line.repeat(Math.ceil(count / line.length));
const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');
/** `a0: &a0 [x, x]`, `a1: &a1 [*a0, *a0]` and so on: each level has the leaves of the one before many times. */
const laughs = (levels: number) =>
  lines(
    levels,
    (i) =>
      `a${i}: &a${i} [${Array(9)
        .fill(i === 0 ? 'x' : `*a${i - 1}`)
        .join(', ')}]`,
  );

describe('what is too much', () => {
  const megabytes = 5 * 1024 * 1024;
  test.each<[string, () => string, RegExp]>([
    [
      '5 MB of settings',
      () => bytes(megabytes, 'log: {level: info}\n'),
      /^the file has 5,242,8\d\d bytes, and .* at most 1,048,576/,
    ],
    ['5 MB in few letters', () => `log: ${'😀'.repeat(megabytes / 4)}`, /^the file has 5,242,885 bytes/],
    ['1 MB of list items', () => bytes(1_000_000, '- \n'), /^the file has more than 50,000 names, values/],
    ['1 MB of commas', () => `a: [${bytes(1_000_000, 'a,')}]`, /^the file has more than 50,000 names/],
    ['1 MB of closing brackets', () => bytes(yamlBounds.bytes, ']'), /^the file has more than 50,000 names/],
    ['1 MB of comments', () => bytes(yamlBounds.bytes, '#\n'), /^the file has more than 50,000 lines/],
    ['open brackets', () => '['.repeat(10_000), /^the file is nested more than 64 levels deep/],
    ['open braces', () => '{a: '.repeat(65), /^the file is nested more than 64 levels deep/],
    ['dashes on a line', () => '- '.repeat(65), /^the file is nested more than 64 levels deep/],
    ['question marks', () => '? '.repeat(10_000), /^the file is nested more than 64 levels deep/],
    ['indentation', () => lines(1_400, (i) => `${' '.repeat(i)}a:`), /^the file is nested more than 64 levels deep/],
    ['both in turn', () => lines(500, (i) => `${' '.repeat(i * 3)}- - - [[[[`), /^the file is nested more than 64/],
    ['aliases of aliases', () => laughs(9), /^the file cannot be read as YAML: Excessive alias count/],
    ['thousands of aliases', () => `x: &x [1]\n${lines(3_000, (i) => `a${i}: *x`)}`, /Excessive alias count/],
  ])('%s', (_name, text, expected) => {
    expect(problems(text())).toEqual([expect.stringMatching(expected)]);
  });

  test('what a large installation has is not too much', () => {
    const sha256 = (i: number) => `f${i.toString(16).padStart(63, '0')}`;
    const keys = lines(
      2_000,
      (i) => `  key-${i}: {user: user-${i}, quota: {daily_tokens: 100000}, sha256: ${sha256(i)}}`,
    );
    expect(Object.keys(load(`keys:\n${keys}`).settings.keys)).toHaveLength(2_000);
  });

  test('a file of nothing but mistakes names the first hundred', () => {
    const found = problems(`routes:\n${lines(3_000, (i) => `  r${i}: {x: 1}`)}`);
    expect(found).toHaveLength(101);
    expect(found[99]).toMatch(/^routes\.r99\.x: is not a setting/);
    expect(found[100]).toBe('2,900 more are not listed.');
  });
});

describe('what is no mapping of settings', () => {
  test.each(['[]', 'text', '5', 'true', '"quoted"', '- a', '|\n block'])('%j', (text) => {
    expect(problems(text)).toEqual([expect.stringMatching(/^(the file must be a mapping|\w+: is not a setting)/)]);
  });

  test.each(['', ' \n\n', '# only a comment\n', '---\n', 'null', '~', '...'])('%j is empty', (text) => {
    expect(problems(text)).toEqual([expect.stringMatching(/^the file is empty/)]);
  });

  test.each([
    ['two documents', 'log: {}\n---\nlog: {}\n', /^line 2, column 1: a second document begins/],
    ['an alias of nothing', 'routes: *nothing', /^the file cannot be read as YAML: Unresolved alias .*: nothing\.$/],
    ['an alias of itself', 'routes: &a {x: *a}', /^routes\.x\.x: is not a setting/],
    ['a key of every object', '__proto__: {x: 1}', /^line 1, column 1: "__proto__" cannot be a name/],
    ['such a route', 'routes: {__proto__: {x: 1}}', /^line 1, column 10: "__proto__" cannot be a name/],
    [
      'such a user',
      'quota: {users: {__proto__: {daily_tokens: 1}}}',
      /^line 1, column 17: "__proto__" cannot be a name/,
    ],
    ['a set', 'routes: !!set {a}', /^line 1, column 9: !!set is no tag of a setting; remove it/],
    ['a tag of one’s own', 'log: {level: !secret x}', /^line 1, column 14: !secret is no tag/],
    ['a list as a name', 'routes: {[a]: {}}', /^line 1, column 10: a name must be a text/],
    ['a binary', '\u0000\u0001\u0002', /^the file must be a mapping/],
    ['the same key as text and number', 'routes: {1: {}, "1": {}}', /^line 1, column 17: "1" stands twice/],
  ])('%s', (_name, text, expected) => {
    expect(problems(text)).toEqual([expect.stringMatching(expected)]);
  });
});

test('an anchor that is used a few times is fine', () => {
  const config = load('routes:\n  a: &a {models: [gpt-5]}\n  b: *a\n');
  expect(config.routes.get('b')?.targets).toEqual(config.routes.get('a')?.targets);
});

test('what is written as YAML is read back', () => {
  const value = fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 4, noUnicodeString: false }), {
    minKeys: 1,
  });
  fc.assert(
    fc.property(value, (written) => {
      const json = JSON.stringify(written);
      fc.pre(!json.includes('__proto__'));
      expect(JSON.stringify(parseYaml(json))).toBe(json);
      expect(JSON.stringify(parseYaml(stringify(written)))).toBe(json);
    }),
  );
});

test('any text is a value or a ConfigError whose sentences have an end', () => {
  const piece = fc.constantFrom(
    ...['routes', 'quota', ':', ': ', '- ', '\n', '  ', '\t', '{', '}', '[', ']', ',', '&a ', '*a', '!!map ', '"', "'"],
    ...[
      '|\n',
      '>-\n',
      '#',
      '? ',
      '---\n',
      '%YAML 1.1\n',
      '<<',
      'null',
      '1e999',
      '__proto__',
      '\u0000',
      '\u2028',
      '\ud800',
    ],
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (written) => {
      for (const line of problemsOf(() => load(written))) expect(line).toMatch(/[.?]$/);
    }),
    { numRuns: 1_000, examples: [['? |\n  routes'], ['"a\\u2028b": 1']] },
  );
});

// The gateway runs with this heap. These texts ended it with "heap out of memory" (code 134) or held it for a minute.
test.each<[string, string]>([
  ['5 MB of list items', bytes(5 * 1024 * 1024, '- \n')],
  ['256 KB of brackets', bytes(256 * 1024, '[')],
  ['256 KB of wrong brackets', `a: b\n${bytes(256 * 1024, '}')}`],
  ['49,000 wrong brackets', `a: b\n${bytes(49_000, '}')}`],
  ['4,000 routes with an unknown setting', `routes:\n${lines(4_000, (i) => ` a${i}: {x: 1}`)}`],
])('%s: the process ends with 78 and a reason', async (_name, text) => {
  const folder = makeFolder();
  try {
    writeFileSync(join(folder.path, 'config.yaml'), text);
    const command = [node, '--max-old-space-size=192', '--max-semi-space-size=8', bundle(), 'check'];
    const { code, output } = await runChild({ folder: folder.path, command });
    expect([code, output]).toEqual([78, expect.stringContaining('The configuration cannot be used')]);
  } finally {
    folder.remove();
  }
});
