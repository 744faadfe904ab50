// The tables of the documentation, made from the schema and the other tables of this folder.

import * as z from 'zod';
import { environmentVariables, type EnvironmentVariable } from './environmentVariables';
import { exitCodes } from './exitCodes';
import { limitNames, limitTable } from './limits';
import { renamedSettings } from './renamed';
import { deployFields, settingsSchema } from './schema';
import { unserved } from './served';

/** Marker name → the table that stands between the markers. */
export function docTables(): ReadonlyMap<string, string> {
  return new Map([
    ['gateway settings', settingsTable(false)],
    ['limits', limitsTable()],
    ['deploy settings', settingsTable(true)],
    ['renamed settings', renamedTable()],
    ['environment variables', environmentTable()],
    ['exit codes', exitCodesTable()],
  ]);
}

/** The JSON schema of config.yaml, for editors. */
export function editorSchema(): string {
  return `${JSON.stringify({ title: 'OVTH Gateway configuration', ...settings }, null, 2)}\n`;
}

/**
 * A text whose pairs of markers `<!-- generated: NAME -->` … `<!-- end of generated: NAME -->` hold their tables.
 * @returns the filled text, and the names found in it
 * @throws Error for a pair of a name without a table, and for a marker without its end
 */
export function fillMarkers(text: string, tables: ReadonlyMap<string, string>): { text: string; names: string[] } {
  const names = [...text.matchAll(/<!-- generated: (.+?) -->/g)].map(([, name = '']) => name);
  let filled = text;
  for (const name of names) {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`nothing is generated under the name "${name}"`);
    const start = `<!-- generated: ${name} -->`;
    const from = filled.indexOf(start) + start.length;
    const to = filled.indexOf(`<!-- end of generated: ${name} -->`, from);
    if (to < 0) throw new Error(`the end marker of "${name}" is missing`);
    filled = `${filled.slice(0, from)}\n${table}\n${filled.slice(to)}`;
  }
  return { text: filled, names };
}

// ---

interface Node {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  anyOf?: Node[];
}

const settings = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }) as Node;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** Every setting of the gateway, or of the deploy: path, type, default, meaning. */
function settingsTable(deploy: boolean): string {
  const shown = new Set<string>();
  const rows = Object.entries(settings.properties ?? {})
    .filter(([name]) => name !== 'limits' && (deployFields as string[]).includes(name) === deploy)
    .flatMap(([name, node]) => settingRows(name, name, node, shown));
  return table(['setting', 'type', 'default', 'meaning'], rows);
}

/**
 * The rows of a setting and of what is inside of it.
 * @param pattern the path with `*` for names and positions, as served.ts writes it
 * @param shown the forms of list items that have rows already; a form is described once
 */
function settingRows(path: string, pattern: string, node: Node, shown: Set<string>): string[][] {
  const own = [`\`${path}\``, typeOf(node), defaultOf(node), (node.description ?? '') + servedNote(pattern)];
  const inner = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    settingRows(`${path}.${name}`, `${pattern}.${name}`, child, shown),
  );
  const many = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
  const form = JSON.stringify(node.items ?? null);
  const items = shown.has(form) ? undefined : node.items;
  shown.add(form);
  return [
    own,
    ...inner,
    ...childRows(`${path}.<name>`, pattern, many, shown),
    ...childRows(`${path}[]`, pattern, items, shown),
  ];
}

/** The rows inside an item of a mapping or list; the item itself is described by its parent. */
function childRows(path: string, pattern: string, node: Node | undefined, shown: Set<string>): string[][] {
  return node === undefined ? [] : settingRows(path, `${pattern}.*`, node, shown).slice(1);
}

function servedNote(pattern: string): string {
  const row = unserved.find(({ path }) => path === pattern);
  if (row === undefined) return '';
  return ` ${row.note ?? 'Not served yet.'}`;
}

function defaultOf({ default: value }: Node): string {
  if (value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0)) return '';
  if (Array.isArray(value)) return value.map((each) => `\`${String(each)}\``).join(', ');
  return typeof value === 'object' ? '' : `\`${JSON.stringify(value)}\``;
}

function typeOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : typeOf(node.items)}`;
  if (node.type === 'object') return 'mapping';
  const [first] = node.anyOf ?? [];
  return node.type ?? (first === undefined ? 'value' : typeOf(first));
}

function limitsTable(): string {
  const rows = limitNames.map((name) => {
    const { value, unit, why } = limitTable[name];
    return [`\`${name}\``, `${value.toLocaleString('en-US')} ${unit}`, why];
  });
  return table(['limit', 'default', 'why'], rows);
}

function renamedTable(): string {
  return table(
    ['old name', 'name'],
    renamedSettings.map(({ from, to }) => [`\`${from}\``, `\`${to}\``]),
  );
}

function environmentTable(): string {
  const variables: [string, EnvironmentVariable][] = Object.entries(environmentVariables);
  return table(
    ['variable', 'read by', 'default', 'meaning'],
    variables.map(([name, { meaning, default: value, reader }]) => [
      `\`${name}\``,
      reader,
      value === undefined ? '' : `\`${value}\``,
      meaning,
    ]),
  );
}

function exitCodesTable(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]);
  return table(['code', 'meaning'], rows);
}
