// What is deployed, and what makes it another deploy: a small project, built with the real recipe.

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { buildBundle, type Bundle, BuildError, bundleMeanwhile, runtimeStage } from '../../infra/bundle';

const dockerfile =
  'ARG NODE_IMAGE=x\nFROM ${NODE_IMAGE} AS build\nRUN npm ci\n\nFROM ${NODE_IMAGE} AS runtime\nUSER 1\n';
const files = {
  'package.json': '{"devDependencies": {"jest": "30.0.0", "dep": "1.0.0"}}',
  'package-lock.json': '{"packages": {"node_modules/jest": {"version": "30.0.0"}}}',
  'gateway/Dockerfile': dockerfile,
  'gateway/TRANSLATION.md': 'a table',
  'gateway/src/main.ts': `import { limit } from '../../config/limits'; import dep from 'dep'; console.log(limit, dep);`,
  'config/limits.ts': 'export const limit = 1;',
  'config/docs.ts': `console.log('not bundled');`,
  'node_modules/dep/package.json': '{"name": "dep", "version": "1.0.0", "main": "index.js"}',
  'node_modules/dep/index.js': 'module.exports = 1;',
  'node_modules/jest/index.js': 'module.exports = 30;',
};

const recipe = ['gateway/build.mjs', 'gateway/bundle.mjs'];
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ovth-bundle-'));
  for (const [path, text] of Object.entries(files)) write(path, text);
  for (const name of [...recipe, 'gateway/sbom.mjs']) cpSync(name, join(root, name));
  symlinkSync(join(process.cwd(), 'node_modules/esbuild'), join(root, 'node_modules/esbuild'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The files that the recipe says the bundle is made of. */
const inputsOf = () =>
  JSON.parse(execFileSync(process.execPath, ['gateway/build.mjs', '--inputs'], { encoding: 'utf8' })) as string[];

test.each([
  ['package.json', '{"devDependencies": {"jest": "31.0.0", "dep": "1.0.0"}}'],
  ['package-lock.json', '{"packages": {"node_modules/jest": {"version": "31.0.0"}}}'],
  ['node_modules/jest/index.js', 'module.exports = 31;'],
  ['gateway/TRANSLATION.md', 'another table'],
  ['gateway/Dockerfile', dockerfile.replace('npm ci', 'npm ci --ignore-scripts')],
  ['config/docs.ts', `console.log('still not bundled');`],
])('a change of %s redeploys no box', (path, text) => {
  const before = buildBundle(root);
  write(path, text);
  expect(buildBundle(root)).toEqual(before);
});

test.each([
  ['gateway/src/main.ts', `import dep from 'dep'; console.log(dep);`],
  ['config/limits.ts', 'export const limit = 2;'],
  ['node_modules/dep/index.js', 'module.exports = 2;'],
  ['gateway/Dockerfile', dockerfile.replace('USER 1', 'USER 2')],
  ['gateway/bundle.mjs', readFileSync('gateway/bundle.mjs', 'utf8').replace('minifySyntax: true', 'minify: true')],
])('a change of %s is another deploy [J4]', (path, text) => {
  const before = buildBundle(root);
  write(path, text);
  expect(buildBundle(root).hash).not.toBe(before.hash);
});

describe('after a build', () => {
  let before: Bundle;

  beforeEach(async () => {
    // What is younger than a tick of the file system's clock is not trusted.
    await new Promise((resolve) => setTimeout(resolve, 100));
    before = buildBundle(root);
    // Whoever builds from here on fails: the builder loads this file, which no bundle depends on.
    writeFileSync(join(root, 'gateway/sbom.mjs'), 'throw new Error("built again");');
  });

  test('nothing is built where no file was touched', async () => {
    expect(buildBundle(root)).toEqual(before);
    expect(await bundleMeanwhile(root)).toEqual(before);
  });

  test.each<[string, () => void]>([
    [
      'a file has other content of the same length, and its old time',
      () => {
        const { atime, mtime } = statSync(join(root, 'config/limits.ts'));
        write('config/limits.ts', 'export const limit = 7;');
        utimesSync(join(root, 'config/limits.ts'), atime, mtime);
      },
    ],
    [
      'a package describes itself anew',
      () => write('node_modules/dep/package.json', '{"name": "dep", "main": "x.js"}'),
    ],
    ['the compiler gets settings', () => write('tsconfig.json', '{}')],
    ['a file appears that is found first', () => write('config/limits.tsx', 'export const limit = 1;')],
    ['a package appears that is found first', () => write('gateway/node_modules/dep/index.js', 'module.exports = 2;')],
    ['the recipe is touched', () => utimesSync(join(root, recipe[1]!), 1, 1)],
    ['the bundle is gone', () => rmSync(before.path)],
  ])('it is built again when %s', async (_what, touch) => {
    touch();
    expect(() => buildBundle(root)).toThrow(BuildError);
    await expect(bundleMeanwhile(root)).rejects.toThrow(/gateway\/ does not build/);
  });
});

test('what is saved while it is built is refused: its name would be of code that is not in it', async () => {
  const build = readFileSync('gateway/build.mjs', 'utf8');
  const saving = `import { writeFileSync as save } from 'node:fs';\nsave('config/limits.ts', 'export const limit = 9;');\n`;
  write('gateway/build.mjs', saving + build);
  expect(() => buildBundle(root)).toThrow('config/limits.ts was saved while the gateway was built');
  await expect(bundleMeanwhile(root)).rejects.toThrow(BuildError);
  write('gateway/build.mjs', build);
  expect(readFileSync(buildBundle(root).path, 'utf8')).toContain('9');
});

test('of the bundles built before, the last two stay', () => {
  const hashes = [1, 2, 3, 4, 5].map((limit) => {
    write('config/limits.ts', `export const limit = ${limit};`);
    return buildBundle(root).hash;
  });
  expect(readdirSync(join(root, 'dist/deploy')).sort()).toEqual(hashes.slice(-3).sort());
});

test('code that does not build is refused with its place, and leaves nothing behind', () => {
  write('gateway/src/main.ts', `import './nothing';`);
  const build = () => buildBundle(root);
  expect(build).toThrow(BuildError);
  expect(build).toThrow(/does not build.*:\ngateway\/src\/main\.ts:1:7: ERROR: Could not resolve "\.\/nothing"/);
  expect(readdirSync(root)).not.toContain('dist');
});

test('every module that the real bundle names is among the files that are hashed [J4]', () => {
  const hashed = new Set(inputsOf());
  const { sha256 } = buildBundle(process.cwd());
  const path = join(root, 'gateway.js');
  spawnSync(process.execPath, ['gateway/build.mjs', path]);
  expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256);
  const { sources } = JSON.parse(readFileSync(`${path}.map`, 'utf8')) as { sources: string[] };
  const files = sources.filter((source) => !/^(worker|unused):/.test(source)); // see the test below, and bundle.mjs
  const named = files.map((source) => relative(process.cwd(), resolve(dirname(path), source)));
  expect(named.length).toBeGreaterThan(100);
  // Some packages name the sources that they were made of: then the package is looked for, not the file.
  const packageOf = (file: string) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
  const packages = new Set([...hashed].map(packageOf));
  const isHashed = (file: string) =>
    hashed.has(file) || (packageOf(file) !== undefined && packages.has(packageOf(file)));
  expect(named.filter((file) => !isHashed(file))).toEqual([]);
});

test('the programs of threads, which are bundled as text, are among the files that are hashed', () => {
  const hashed = new Set(inputsOf());
  const sources = [...hashed].filter((file) => /^gateway\/.*\.ts$/.test(file));
  const threads = sources.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/from 'worker:([^']+)'/g)].map(
      ([, path = '']) => `${join(dirname(file), path)}.ts`,
    ),
  );
  const { metafile } = buildSync({
    ...{ entryPoints: threads, bundle: true, platform: 'node', outdir: 'dist', write: false, metafile: true },
  });
  expect(Object.keys(metafile.inputs).filter((file) => !hashed.has(file))).toEqual([]);
});

test('the image is the runtime stage of the gateway’s Dockerfile, without its build stage', () => {
  const stage = runtimeStage(readFileSync('gateway/Dockerfile', 'utf8'));
  expect(stage).toMatch(/^ARG NODE_IMAGE=\S+\nFROM \$\{NODE_IMAGE\} AS runtime\n/);
  expect(stage).toContain('COPY --from=build /src/dist/gateway.js');
  expect(stage).not.toContain('npm ci');
  expect(() => runtimeStage('FROM x AS build\n')).toThrow('no stage named "runtime"');
});

test('the packages in the bundle are listed beside it, and no others [J3]', () => {
  write('package-lock.json', JSON.stringify({ packages: { 'node_modules/dep': { version: '1.0.0', license: 'MIT', integrity: 'sha512-AAEC' } } })); // prettier-ignore
  execFileSync(process.execPath, ['gateway/build.mjs', 'out.js'], { cwd: root });
  const list = JSON.parse(readFileSync(join(root, 'out.cdx.json'), 'utf8'));
  expect(list).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
  expect(list.components).toEqual([
    {
      ...{ type: 'library', name: 'dep', version: '1.0.0', purl: 'pkg:npm/dep@1.0.0' },
      licenses: [{ license: { id: 'MIT' } }],
      hashes: [{ alg: 'SHA-512', content: '000102' }],
    },
  ]);
});
