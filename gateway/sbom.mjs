// The packages that the bundle is made of, as a CycloneDX 1.6 list for scanners.
// Source: https://cyclonedx.org/docs/1.6/json/.
import { readFileSync } from 'node:fs';

/**
 * @param inputs paths of the bundled files, those of the threads' own bundles included
 * @returns JSON with each package's version, licence and checksum as package-lock.json has them
 */
export function sbomOf(inputs) {
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const folders = inputs.map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const components = [...new Set(folders)]
    .filter((folder) => folder !== undefined)
    .sort()
    .map((folder) =>
      component(folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length), packages[folder] ?? {}),
    );
  return JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: { component: { type: 'application', name, version } },
      components,
    },
    null,
    2,
  );
}

function component(name, { version, license, integrity }) {
  const [algorithm, base64] = integrity?.split('-') ?? [];
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(license === undefined ? {} : { licenses: [{ license: { id: license } }] }),
    ...(algorithm === 'sha512'
      ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }] }
      : {}),
  };
}
