// Bundles the gateway into one file, and writes the list of its packages (CycloneDX) beside it.
// `node gateway/build.mjs [OUTFILE]`; with `--inputs`, prints the files it is made of.
import { chmodSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { options } from './bundle.mjs';
import { sbomOf } from './sbom.mjs';

const [outfile = 'dist/gateway.js'] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const inputs = process.argv.includes('--inputs');

const { metafile } = await build({ ...options(outfile), metafile: true, write: !inputs });
const files = Object.keys(metafile.inputs)
  .filter((path) => !path.startsWith('worker:'))
  .sort();
if (inputs) console.log(JSON.stringify(files));
else {
  chmodSync(outfile, 0o755); // `npx ovth` runs it
  writeFileSync(outfile.replace(/\.js$/, '.cdx.json'), sbomOf(files));
}
