// Bundles the gateway into one file. `node gateway/build.mjs [OUTFILE]`
import { build } from 'esbuild';

const outfile = process.argv[2] ?? 'dist/gateway.js';

await build({
  entryPoints: ['gateway/src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'cjs',
  sourcemap: 'linked',
  sourcesContent: false,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
});
