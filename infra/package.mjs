// Makes what `npm pack` puts into the package: the gateway's bundle, and the component compiled, with its types.
// `npm run package` in the project's folder; `npm pack` runs it by itself (`prepack`).
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const require = createRequire(import.meta.url);
const folder = join('dist', 'package');

rmSync(folder, { recursive: true, force: true });
run('gateway/build.mjs');
run(require.resolve('typescript/lib/tsc.js'), '-p', 'infra/tsconfig.package.json');
// The scripts that run on a box: the compiled program reads their texts where the sources do.
cpSync('infra/scripts', join(folder, 'infra/scripts'), { recursive: true, filter: (path) => !path.endsWith('.ts') });

const { buildBundle } = require(resolve(folder, 'infra/bundle.js'));
const { hash, path, sha256, dockerfile } = buildBundle(process.cwd());
copyFileSync(path, 'dist/gateway.js');
writeFileSync(join(folder, 'bundle.json'), `${JSON.stringify({ hash, sha256, dockerfile }, null, 2)}\n`);

function run(program, ...args) {
  const ran = spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' });
  if (ran.status !== 0) throw new Error(`${program} failed; the package was not made`);
}
