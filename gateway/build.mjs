// Bundles the gateway into one file, and writes the list of its packages (CycloneDX) beside it.
// `node gateway/build.mjs [OUTFILE]`; with `--inputs`, prints the files it is made of, and writes only an OUTFILE that is named.
import { chmodSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { options } from './bundle.mjs';
import { sbomOf } from './sbom.mjs';

const [named] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const outfile = named ?? 'dist/gateway.js';
const inputs = process.argv.includes('--inputs');
const write = named !== undefined || !inputs;

const { metafile } = await build({ ...options(outfile), metafile: true, write });
const files = Object.keys(metafile.inputs)
  .filter((path) => !/^(worker|unused):/.test(path))
  .sort();
if (inputs) console.log(JSON.stringify(files));
if (write) {
  chmodSync(outfile, 0o755); // `npx ovth` runs it
  writeFileSync(outfile.replace(/\.js$/, '.cdx.json'), sbomOf(files));
}
