// The generated tables: every name stands in them, and each text keeps what is outside of its markers.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docTables, editorSchema, fillMarkers } from '../../config/docTables';
import { environmentVariables } from '../../config/environmentVariables';
import { exitCodes } from '../../config/exitCodes';
import { knownProviders } from '../../config/knownProviders';
import { limitNames } from '../../config/limits';
import { unserved } from '../../config/served';

const tables = docTables();
const rowOf = (table: string, name: string) =>
  tables
    .get(table)!
    .split('\n')
    .find((line) => line.startsWith(`| \`${name}\``) || line.startsWith(`| ${name} `));

describe('markers', () => {
  const text = 'before\n<!-- generated: a -->\nold\n<!-- end of generated: a -->\nafter\n';

  test('what is between is replaced, and filling again changes nothing', () => {
    const filled = fillMarkers(text, new Map([['a', '| new |']]));
    expect(filled).toEqual({
      text: 'before\n<!-- generated: a -->\n| new |\n<!-- end of generated: a -->\nafter\n',
      names: ['a'],
    });
    expect(fillMarkers(filled.text, new Map([['a', '| new |']]))).toEqual(filled);
  });

  test('a text without markers stays', () => {
    expect(fillMarkers('plain\n', tables)).toEqual({ text: 'plain\n', names: [] });
  });

  test('an unknown name and a missing end are errors', () => {
    expect(() => fillMarkers(text, new Map())).toThrow('nothing is generated under the name "a"');
    expect(() => fillMarkers(text.replace(/<!-- end.*\n/, ''), new Map([['a', '']]))).toThrow('the end marker of "a"');
  });
});

test('the reference holds every table, up to date', () => {
  const text = readFileSync('config/REFERENCE.md', 'utf8');
  const filled = fillMarkers(text, tables);
  expect(filled.names.sort()).toEqual([...tables.keys()].sort());
  expect(filled.text).toBe(text);
  expect(readFileSync('config/schema.json', 'utf8')).toBe(editorSchema());
});

test('every limit, variable and exit code has a row; a setting that is not served says so', () => {
  expect(limitNames.filter((name) => rowOf('limits', name) === undefined)).toEqual([]);
  expect(Object.keys(environmentVariables).filter((name) => !rowOf('environment variables', name))).toEqual([]);
  expect(Object.values(exitCodes).filter(({ code }) => !rowOf('exit codes', String(code)))).toEqual([]);
  const once = unserved.filter(({ path }) => !path.includes('.limits.') && !path.startsWith('provider_keys'));
  for (const { path, note = 'Not served yet.' } of once) {
    expect(rowOf('gateway settings', path.replaceAll('*', '<name>'))).toContain(note);
  }
});

/** The text of the files of some folders, by the end of their names. */
const sourcesIn = (folders: readonly string[], names: RegExp): string[] =>
  folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && names.test(entry.name) && !entry.parentPath.includes('node_modules'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
  );

const namesIn = (sources: readonly string[], read: RegExp): string[] =>
  sources.flatMap((source) => [...source.matchAll(read)].map(([, a, b]) => a ?? b ?? ''));

test('every variable that is read has a row, and no cell breaks its table', () => {
  const read = namesIn(
    sourcesIn(['config', 'gateway', 'infra'], /\.(ts|js|mjs)$/),
    /\b(?:env|environment)(?:\.([A-Z_]{4,})|\['([A-Z_]+)'\])/g,
  );
  const keys = Object.values(knownProviders).map((provider) => provider.api_key_env);
  expect(read.length).toBeGreaterThan(5);
  expect([...read, ...keys].filter((name) => !Object.hasOwn(environmentVariables, name))).toEqual([]);
  for (const table of tables.values()) {
    const [head = '', , ...rows] = table.split('\n').map((line) => line.split(/(?<!\\)\|/).length);
    expect(new Set(rows)).toEqual(new Set([head]));
  }
});

test('every variable that tests and their scripts read has a row', () => {
  const system = ['PATH', 'HOME'];
  const read = [
    ...namesIn(sourcesIn(['test'], /\.(ts|js|mjs)$/), /\bprocess\.env\['([A-Z_]+)'\]/g),
    ...namesIn(sourcesIn(['test', '.ci'], /\.sh$|^run$/), /\$\{?(OVTH_[A-Z_]+)/g),
  ].filter((name) => !system.includes(name));
  expect(read).toEqual(expect.arrayContaining(['OVTH_SHARED', 'OVTH_LAB', 'SEED']));
  expect([...new Set(read)].filter((name) => !Object.hasOwn(environmentVariables, name))).toEqual([]);
});
