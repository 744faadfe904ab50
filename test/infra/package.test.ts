// The npm package: what is in it, and that another's program compiles against it.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type * as bundles from '../../infra/shippedBundle';
import { installPackage, listed, packProject } from '../support/packed';

let folder: string;
let paths: string[];
let program: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovth-package-'));
  const tarball = packProject(folder);
  paths = listed(tarball);
  program = join(folder, 'program');
  cpSync('infra/examples/own-program', program, { recursive: true });
  installPackage(tarball, program);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('holds compiled code with its types, the gateway’s bundle, documents and examples, and nothing else', () => {
  const others = paths.filter((path) => !isScript(path) && !isCompiled(path));
  expect(paths.filter(isScript).length).toBeGreaterThanOrEqual(10);
  expect(others).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'config/REFERENCE.md',
    'config/schema.json',
    'dist/gateway.cdx.json',
    'dist/gateway.js',
    'dist/package/bundle.json',
    'dist/package/config/models.json',
    'gateway/README.md',
    'infra/README.md',
    'infra/examples/own-program/Pulumi.yaml',
    'infra/examples/own-program/index.ts',
    'infra/examples/own-program/package.json',
    'infra/examples/own-program/tsconfig.json',
    'package.json',
  ]);
});

test('each compiled file has its types, and none is a source or a test', () => {
  const compiled = paths.filter((path) => isCompiled(path) && path.endsWith('.js') && !isScript(path));
  expect(compiled.length).toBeGreaterThan(40);
  expect(compiled.filter((path) => !paths.includes(path.replace(/\.js$/, '.d.ts')))).toEqual([]);
  expect(paths.filter((path) => /(^|\/)test\/|\.test\./.test(path))).toEqual([]);
});

test('the hash that names the bundle is that of the sources, and the checksum that of the file', () => {
  const home = join(program, 'node_modules/ovth');
  const facts = JSON.parse(readFileSync(join(home, 'dist/package/bundle.json'), 'utf8')) as bundles.BundleFacts;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the code that was packed
  const { defaultBundle } = require(join(home, 'dist/package/infra/shippedBundle.js')) as typeof bundles;
  const bundle = defaultBundle();
  expect(bundle).toEqual({ ...facts, path: join(home, 'dist/gateway.js') });
  expect(createHash('sha256').update(readFileSync(bundle.path)).digest('hex')).toBe(facts.sha256);
  expect(bundle.hash).toMatch(/^[0-9a-f]{16}$/);
  expect(bundle.dockerfile).toMatch(/^ARG NODE_IMAGE=\S+\nFROM \$\{NODE_IMAGE\} AS runtime\n/);
  writeFileSync(bundle.path, 'something else');
  expect(defaultBundle).toThrow(/the npm package ovth is damaged: .*gateway\.js .*install the package again/);
});

test('the example compiles against the types', () => {
  expect(compile()).toBe('');
}, 120_000);

test.each([
  ['a misspelt setting', "server: { type: 'cx23',", "server: { typ: 'cx23',", /'typ' does not exist/],
  [
    'an Output where a plain value is needed',
    "type: 'cx23'",
    'type: model.name',
    /Output.*not assignable to type 'string/,
  ],
])(
  '%s does not compile',
  (_what, from, to, said) => {
    const file = join(program, 'index.ts');
    const before = readFileSync(file, 'utf8');
    expect(before).toContain(from);
    writeFileSync(file, before.replace(from, to));
    const errors = compile();
    writeFileSync(file, before);
    expect(errors).toMatch(said);
  },
  120_000,
);

// ---

const isCompiled = (path: string) => /^dist\/package\/(config|infra)\/[\w/]+\.(js|d\.ts)$/.test(path);

/** What runs on a box or is read as text: it stands there as it is in the sources. */
const isScript = (path: string) =>
  path.startsWith('dist/package/infra/scripts/') && existsSync(path.replace('dist/package/', ''));

/** What the compiler says of the program. */
function compile(): string {
  const ran = spawnSync(process.execPath, [resolve('node_modules/typescript/lib/tsc.js'), '-p', program], {
    encoding: 'utf8',
  });
  return ran.stdout + ran.stderr;
}
