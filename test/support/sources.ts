// The project's own sources as syntax trees: what a file imports, and what else tests of its structure ask.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** One import of a file. */
export interface SourceImport {
  readonly file: string;
  /** A package by its name, an own file by its path from the project's root with `.ts`. */
  readonly name: string;
  /** Only types are imported: nothing of it is there at run time. */
  readonly typeOnly: boolean;
}

/** The TypeScript files under a folder, as paths from the project's root. Declarations (`.d.ts`) are left out. */
export function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => normalize(join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules'))
    .sort();
}

/** The syntax tree of a file. */
export function parseSource(file: string): ts.SourceFile {
  let tree = trees.get(file);
  if (tree === undefined) {
    tree = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    trees.set(file, tree);
  }
  return tree;
}

/** A file's text without its comments. */
export function codeOf(file: string): string {
  let code = codes.get(file);
  if (code === undefined) codes.set(file, (code = printer.printFile(parseSource(file))));
  return code;
}

/** Every node of a tree, parents first. */
export function* nodesOf(tree: ts.Node): Generator<ts.Node> {
  yield tree;
  for (const child of tree.getChildren()) yield* nodesOf(child);
}

/** What a file imports, re-exports, or requires. */
export function importsOf(file: string): readonly SourceImport[] {
  let found = imports.get(file);
  if (found === undefined) imports.set(file, (found = readImports(file)));
  return found;
}

// ---

const trees = new Map<string, ts.SourceFile>();
const codes = new Map<string, string>();
const imports = new Map<string, readonly SourceImport[]>();
const printer = ts.createPrinter({ removeComments: true });

function readImports(file: string): readonly SourceImport[] {
  const found: SourceImport[] = [];
  for (const node of parseSource(file).statements) {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
      found.push({ file, name: resolved(file, node.moduleSpecifier.text), typeOnly: isTypeOnly(node.importClause) });
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier))
      found.push({ file, name: resolved(file, node.moduleSpecifier.text), typeOnly: node.isTypeOnly });
  }
  if (!/\b(require|import)\(/.test(parseSource(file).text)) return found;
  for (const node of nodesOf(parseSource(file))) {
    const [name] = ts.isCallExpression(node) ? node.arguments : [];
    const loads = ts.isCallExpression(node) && ['require', 'import'].includes(node.expression.getText());
    if (loads && name !== undefined && ts.isStringLiteral(name))
      found.push({ file, name: resolved(file, name.text), typeOnly: false });
  }
  return found;
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  const listed = named !== undefined && ts.isNamedImports(named) ? named.elements : [];
  return clause.name === undefined && listed.length > 0 && listed.every((each) => each.isTypeOnly);
}

// `worker:./thread` is the file bundled as a program of its own (gateway/bundle.mjs).
function resolved(file: string, name: string): string {
  const path = name.replace(/^worker:/, '');
  if (!path.startsWith('.')) return name;
  const target = normalize(join(dirname(file), path));
  const choices = [target, `${target}.ts`, join(target, 'index.ts')];
  return choices.find((choice) => /\.\w+$/.test(choice) && existsSync(choice)) ?? target;
}
