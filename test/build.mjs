// Bundles a development tool into dist/tools/. `node test/build.mjs ENTRY [NAME]`
import { basename, resolve } from 'node:path';
import { build } from 'esbuild';

const [entry, name = basename(entry, '.ts')] = process.argv.slice(2);

// A tool that needs the program of a thread makes it itself.
const noThread = {
  name: 'no thread',
  setup({ onResolve }) {
    onResolve({ filter: /^worker:/ }, () => ({ path: resolve('test/support/noThread.ts') }));
  },
};

await build({
  plugins: [noThread],
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
