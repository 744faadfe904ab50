// How the program's TypeScript is read: by esbuild, all of it at once, through ts-node.

import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ovth-program-'));
  for (const part of ['infra', 'config', 'package.json', 'tsconfig.json'])
    cpSync(part, join(root, part), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs a line with ts-node registered as the engine's Node program registers it, in the program's folder. */
const run = (line: string) => {
  const begin = "require('ts-node').register({ project: 'tsconfig.json', compilerOptions: {} });";
  return spawnSync(process.execPath, ['-e', begin + line], { cwd: join(root, 'infra'), encoding: 'utf8' });
};

test('the whole program is read, and TypeScript translates none of it', () => {
  const untouched =
    "const ts = require('typescript'); ts.transpileModule = ts.createProgram = () => { throw new Error('slow'); };";
  const ran = run(
    `${untouched} console.log(Object.keys(require('./program')), require('../config/schema').stackSchema !== undefined);`,
  );
  expect(ran.stderr).toBe('');
  expect(ran.stdout).toBe("[ 'program' ] true\n");
});

test('a file that stands beside the program is read too', () => {
  writeFileSync(join(root, 'beside.ts'), 'export const two: number = 2;');
  expect(run("console.log(require('../beside').two);").stdout).toBe('2\n');
});

test('an error is shown where it stands in the source', () => {
  const text =
    '\ninterface Nothing {\n  readonly gone: true;\n}\n\nexport const fail = (_why?: Nothing): void => {\n  throw new Error("here");\n};\n';
  writeFileSync(join(root, 'infra/labels.ts'), text);
  expect(run("require('./labels').fail();").stderr).toMatch(/infra\/labels\.ts:7:9\)/);
});

test('what is no TypeScript is refused with its place', () => {
  writeFileSync(join(root, 'infra/labels.ts'), 'export const x = ;\n');
  expect(run("require('./labels');").stderr).toMatch(/infra\/labels\.ts:1:17: ERROR: Unexpected ";"/);
});

test('what is broken and not asked for stops nothing', () => {
  writeFileSync(join(root, 'infra/draft.ts'), 'export const x = ;\n');
  expect(run("console.log(typeof require('./labels').labelsOf);").stdout).toBe('function\n');
});

test('what Node keeps of a run lies in dist/', () => {
  const load = "require('./compileCache'); console.log(require('node:module').getCompileCacheDir?.());";
  expect(run(load).stdout.trim()).toBe(join(root, 'dist/compiled', readdirSync(join(root, 'dist/compiled'))[0]!));
});
