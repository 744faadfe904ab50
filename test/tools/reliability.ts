// test/RELIABILITY.md: for every fault of test/tools/faults.ts, the tests that show what happens then. A part of
// `npm run docs`, checked by `npm run check`: an id without a test and without a reason is an error, as is one that nobody
// knows.

import ts from 'typescript';
import { parseSource, sourceFiles } from '../support/sources';
import { type Fault, faults } from './faults';

export const reliabilityPath = 'test/RELIABILITY.md';

/** The page, and what is wrong with the ids in tests. */
export function reliabilityPage(): { readonly text: string; readonly problems: readonly string[] } {
  const shown = testsById();
  const known = new Set(faults.map(({ id }) => id));
  const problems = [
    ...faults.flatMap((fault) => problemsOf(fault, shown.get(fault.id) ?? [])),
    ...[...shown.keys()].filter((id) => !known.has(id)).map((id) => `a test names ${id}, which test/tools/faults.ts does not know`),
  ]; // prettier-ignore
  const rows = faults.map((fault) => rowOf(fault, shown.get(fault.id) ?? []));
  return { text: `${head}\n${rows.join('\n')}\n`, problems };
}

// ---

const head = `# What can go wrong, and what shows it

Made by \`npm run docs\` from test/tools/faults.ts and from the ids in the names of tests, such as \`[B1]\`; \`npm run check\` fails
where an id has neither a test nor a reason. Tests in test/e2e need the lab, those in test/slow are run by \`npm run test:slow\`.

| id | what goes wrong | shown by | not shown |
|---|---|---|---|`;

interface FoundTest {
  readonly file: string;
  /** With the names of what it stands in, without ids. */
  readonly name: string;
}

function problemsOf({ id, untested }: Fault, tests: readonly FoundTest[]): string[] {
  if (untested === undefined && tests.length === 0)
    return [`${id} is in no test's name: add it as [${id}] where it is shown, or say why it is not in test/tools/faults.ts`];
  if (untested !== undefined && tests.length > 0)
    return [`${id} is shown by ${tests[0]?.file}, and test/tools/faults.ts says that no test does`];
  return [];
} // prettier-ignore

function rowOf({ id, what, lacks, untested }: Fault, tests: readonly FoundTest[]): string {
  const shown = tests.map(({ file, name }) => `${file.slice('test/'.length)}: ${cell(name)}`).join('<br>');
  return `| ${id} | ${cell(what)} | ${shown} | ${cell(lacks ?? untested ?? '')} |`;
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');

const idsIn = /\[((?:[A-Z]\d{1,2})(?: [A-Z]\d{1,2})*)\]/g;

function testsById(): Map<string, FoundTest[]> {
  const found = new Map<string, FoundTest[]>();
  for (const file of sourceFiles('test')) {
    if (!/\.test\.ts$|contract\.ts$/.test(file)) continue;
    for (const { name, path } of namesIn(file))
      for (const [, ids = ''] of name.matchAll(idsIn))
        for (const id of ids.split(' ')) found.set(id, [...(found.get(id) ?? []), { file, name: path.replace(idsIn, '').trim() }]);
  }
  return found;
} // prettier-ignore

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) ? node.getText().slice(1, -1) : undefined;
}

// The names of tests and of groups of them, as they are written.
function namesIn(file: string): { name: string; path: string }[] {
  const found: { name: string; path: string }[] = [];
  const walk = (node: ts.Node, above: string): void => {
    let path = above;
    if (ts.isCallExpression(node) && /^(test|describe)\b/.test(node.expression.getText())) {
      const [first] = node.arguments;
      const name = first === undefined ? undefined : textOf(first);
      if (name !== undefined && node.arguments.length > 1) {
        path = above === '' ? name : `${above}: ${name}`;
        found.push({ name, path: path.replace(/ \[[A-Z][^\]]*\]/g, '') });
      }
    }
    node.getChildren().forEach((child) => walk(child, path));
  };
  walk(parseSource(file), '');
  return found;
}
