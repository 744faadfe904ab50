// Bundles the gateway into one file. `node gateway/build.mjs [OUTFILE]`; with `--inputs`, prints the files it is made of.
import { chmodSync } from 'node:fs';
import { build } from 'esbuild';
import { options } from './bundle.mjs';

const [outfile = 'dist/gateway.js'] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const inputs = process.argv.includes('--inputs');

const { metafile } = await build({ ...options(outfile), metafile: true, write: !inputs });
if (!inputs) chmodSync(outfile, 0o755); // `npx ovth` runs it
if (inputs)
  console.log(
    JSON.stringify(
      Object.keys(metafile.inputs)
        .filter((path) => !path.startsWith('worker:'))
        .sort(),
    ),
  );
