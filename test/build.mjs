// Bundles a development tool into dist/tools/. `node test/build.mjs ENTRY [NAME]`
import { basename } from 'node:path';
import { build } from 'esbuild';

const [entry, name = basename(entry, '.ts')] = process.argv.slice(2);

await build({
  entryPoints: [entry],
  outfile: `dist/tools/${name}.js`,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
