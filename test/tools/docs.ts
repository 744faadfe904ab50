// `npm run docs` writes what is generated: tables in the documentation, and the editors' JSON schema. `npm run check` runs
// it with `--check` and fails where a file differs. (Pulumi.yaml declares no settings: one it declares is required of every
// stack, and what is inside a mapping it could not check anyway.)

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { docTables, editorSchema, fillMarkers } from '../../config/docTables';
import { gatewayTables } from './gatewayTables';
import { reliabilityPage, reliabilityPath } from './reliability';

/** Files that may hold tables; each is filled where it exists and holds markers. */
const pages = ['README.md', 'config/REFERENCE.md', 'infra/README.md', 'gateway/README.md'];

function main(check: boolean): number {
  const tables = new Map([...docTables(), ...gatewayTables()]);
  const placed = new Set<string>();
  const reliability = reliabilityPage();
  const wanted = new Map([
    ['config/schema.json', editorSchema()],
    [reliabilityPath, reliability.text],
  ]);
  for (const page of pages.filter((path) => existsSync(path))) {
    const { text, names } = fillMarkers(readFileSync(page, 'utf8'), tables);
    wanted.set(page, text);
    for (const name of names) placed.add(name);
  }
  const homeless = [...tables.keys()].filter((name) => !placed.has(name));
  for (const problem of reliability.problems) console.error(problem);
  for (const name of homeless) console.error(`the markers of "${name}" stand in none of ${pages.join(', ')}`);
  const stale = [...wanted].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
  for (const [path, text] of stale) {
    if (check) console.error(`${path} is not what the code says; run: npm run docs`);
    else writeFileSync(path, text);
  }
  return homeless.length > 0 || reliability.problems.length > 0 || (check && stale.length > 0) ? 1 : 0;
}

process.exitCode = main(process.argv.includes('--check'));
