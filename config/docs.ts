// What is generated from the schema: the README's tables and the editors' JSON schema. (Pulumi.yaml declares no settings:
// one it declares is required of every stack, and what is inside a mapping it could not check anyway.)
// `npm run docs` writes them; `npm run check` fails when they differ.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { limitNames, limitTable } from './limits';
import { deployFields, settingsSchema } from './schema';

interface Node {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  anyOf?: Node[];
  required?: string[];
}

const settings = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }) as Node;

/** A table of every setting: path, type, default, meaning. */
export function settingsTable(deploy: boolean): string {
  const rows = Object.entries(settings.properties ?? {})
    .filter(([name]) => name !== 'limits' && (deployFields as string[]).includes(name) === deploy)
    .flatMap(([name, node]) => rowsOf(name, node));
  return ['| setting | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** The table of limits. */
export function limitsTable(): string {
  const rows = limitNames.map((name) => {
    const { value, unit, why } = limitTable[name];
    return `| \`${name}\` | ${value.toLocaleString('en-US')} ${unit} | ${why} |`;
  });
  return ['| limit | default | why |', '|---|---|---|', ...rows].join('\n');
}

/** The JSON schema of config.yaml, for editors. */
export function editorSchema(): string {
  return `${JSON.stringify({ title: 'OVTH Gateway configuration', ...settings }, null, 2)}\n`;
}

// ---

function rowsOf(path: string, node: Node): string[] {
  const own = `| \`${path}\` | ${typeOf(node)} | ${node.default === undefined || typeof node.default === 'object' ? '' : `\`${JSON.stringify(node.default)}\``} | ${(node.description ?? '').replaceAll('|', '\\|')} |`;
  const inner = Object.entries(node.properties ?? {}).flatMap(([name, child]) => rowsOf(`${path}.${name}`, child));
  const many = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
  const named = Object.entries(many?.properties ?? {}).flatMap(([name, child]) =>
    rowsOf(`${path}.<name>.${name}`, child),
  );
  return [own, ...inner, ...named];
}

function typeOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : typeOf(node.items)}`;
  if (node.type === 'object') return 'mapping';
  return node.type ?? 'value';
}

function between(text: string, name: string, content: string, open: string, close: string): string {
  const start = `${open} generated: ${name} ${close}`;
  const end = `${open} end of generated: ${name} ${close}`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < 0) throw new Error(`the markers of "${name}" are missing`);
  return `${text.slice(0, from + start.length).trimEnd()}\n${content}\n${text.slice(to)}`;
}

function main(check: boolean): number {
  let stale = 0;
  const put = (path: string, content: string) => {
    const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (current === content) return;
    if (check) {
      console.error(`${path} is not what the schema says; run: npm run docs`);
      stale++;
    } else writeFileSync(path, content);
  };
  put('config/schema.json', editorSchema());
  let readme = readFileSync('README.md', 'utf8');
  for (const [name, content] of [
    ['gateway settings', settingsTable(false)],
    ['deploy settings', settingsTable(true)],
    ['limits', limitsTable()],
  ] as const) {
    readme = between(readme, name, content, '<!--', '-->');
  }
  put('README.md', readme);
  return stale === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.includes('--check'));
