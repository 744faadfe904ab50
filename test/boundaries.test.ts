// Who may import whom: config stands alone, infra and gateway meet only in it, and each edge has one importer.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = process.cwd();
const files = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
        .map((entry) => normalize(join(entry.parentPath, entry.name)).slice(root.length + 1))
    : [];

/** What a file imports: packages by name, own files by their path from the root. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import|require\()\s*'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? normalize(join(dirname(file), name)) : name,
  );
}

const importsOf = (folder: string) => files(folder).flatMap((file) => imports(file).map((name) => ({ file, name })));

test('config imports zod, yaml and itself', () => {
  const foreign = importsOf('config').filter(
    ({ name }) => !name.startsWith('config/') && !name.startsWith('node:') && !['zod', 'yaml'].includes(name),
  );
  expect(foreign).toEqual([]);
});

test('gateway never imports infra or test', () => {
  expect(
    importsOf('gateway').filter(({ name }) => /^(infra|test)\//.test(name) || name.startsWith('@pulumi/')),
  ).toEqual([]);
});

test('infra never imports gateway or test', () => {
  expect(importsOf('infra').filter(({ name }) => /^(gateway|test)\//.test(name))).toEqual([]);
});

test.each([
  ['fastify', ['gateway/src/http/server.ts']],
  ['undici', ['gateway/src/upstream/pool.ts']],
  ['node:sqlite', ['gateway/src/storage/sqlite/store.ts']],
  ['pino', ['gateway/src/telemetry/log.ts']],
])('only one file imports %s', (name, allowed) => {
  expect([
    ...new Set(
      importsOf('gateway')
        .filter((found) => found.name === name)
        .map(({ file }) => file),
    ),
  ]).toEqual(allowed);
});

test('wires touch nothing but values', () => {
  const allowed = /^(gateway\/src\/(wire\/|core\/)|config\/|eventsource-parser$|node:crypto$)/; // a hash is a value too
  expect(importsOf('gateway/src/wire').filter(({ name }) => !allowed.test(name))).toEqual([]);
});

test('only main reads the process', () => {
  const readers = files('gateway/src').filter((file) =>
    /\bprocess\.(?!nextTick)/.test(readFileSync(join(root, file), 'utf8').replace(/\/\/.*|\*.*/g, '')),
  );
  expect(readers.sort()).toEqual(['gateway/src/main.ts', 'gateway/src/telemetry/log.ts']);
});

test('a secret is revealed only where it leaves for its destination', () => {
  const reveals = [...files('config'), ...files('gateway'), ...files('infra')].filter((file) =>
    readFileSync(join(root, file), 'utf8').includes('.reveal()'),
  );
  expect(reveals.sort()).toEqual([
    'config/load.ts',
    'gateway/src/http/authenticate.ts',
    'gateway/src/upstream/providers.ts',
  ]);
});

test('SQL is written only in the store and its migrations, and never from parts', () => {
  const sql = /\b(select|insert into|update|delete from)\b [^'`]*\b(from|values|set|where)\b/i;
  const writers = files('gateway/src').filter((file) =>
    sql.test(readFileSync(join(root, file), 'utf8').replace(/\/\/.*|\*.*/g, '')),
  );
  expect(writers.sort()).toEqual(['gateway/src/storage/sqlite/store.ts']);
});

test('@pulumi/command is the real 1.2, not the wrong publish that npm calls latest', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string }>;
  };
  expect(lock.packages['node_modules/@pulumi/command']?.version).toMatch(/^1\.2\./);
});

test('no registry host and no path of a machine is in the lockfile', () => {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  expect(lock).not.toContain('"resolved"');
});
