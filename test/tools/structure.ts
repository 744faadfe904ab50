// Part of `npm run check`: two exported types never share a name, no function grows beyond what fits a screen, and every
// exported function and class has its docstring. What may be longer stands in the table below, with its reason; a row that is
// no longer needed is an error too. And no test passes by returning early.
// Built by test/build.mjs: `node test/build.mjs test/tools/structure.ts && node dist/tools/structure.js`

import ts from 'typescript';
import { nodesOf, parseSource, sourceFiles } from '../support/sources';

const folders = ['gateway/src', 'config', 'infra'];

/** Lines of a function. */
const mostLines = 60;

/** `file name` → lines it may have at most, where it must stay shorter than the others. */
const shorter: Readonly<Record<string, number>> = {
  'gateway/src/pipeline/handle.ts handle': 50, // the pipeline of a request, to be read in one look
};

/** `file name` → lines it may have at most: tables, one field or one statement a line. */
const longer: Readonly<Record<string, number>> = {
  'gateway/src/pipeline/outcome.ts recordOf': 89,
  'gateway/src/storage/sqlite/statements.ts prepareWriter': 82,
};

/** Name of a type → why two have it. */
const sharedNames: Readonly<Record<string, string>> = {};

/** Methods whose meaning is JavaScript's. */
const fixedMethods: ReadonlySet<string> = new Set(['toString', 'toJSON']);

process.exitCode = main();

// ---

function main(): number {
  const files = folders.flatMap(sourceFiles);
  const problems = [
    ...duplicateTypes(files),
    ...longFunctions(files),
    ...files.flatMap(undescribed),
    ...sourceFiles('test').flatMap(earlyReturns),
  ];
  for (const problem of problems) console.error(problem);
  return problems.length > 0 ? 1 : 0;
}

function duplicateTypes(files: readonly string[]): string[] {
  const places = new Map<string, string[]>();
  for (const file of files) {
    for (const name of exportedTypes(file)) places.set(name, [...(places.get(name) ?? []), file]);
  }
  const shared = [...places].filter(([, where]) => where.length > 1);
  const problems = shared
    .filter(([name]) => !Object.hasOwn(sharedNames, name))
    .map(
      ([name, where]) =>
        `two exported types are named ${name}: ${where.join(', ')}. Rename one, or export one of them only.`,
    );
  const unneeded = Object.keys(sharedNames)
    .filter((name) => !shared.some(([other]) => other === name))
    .map((name) => `${name} is one type now: take it out of sharedNames in test/tools/structure.ts.`);
  return [...problems, ...unneeded];
}

function exportedTypes(file: string): string[] {
  return parseSource(file).statements.flatMap((node) => {
    const isType = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassDeclaration(node);
    const exported = isType && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    return exported && node.name !== undefined ? [node.name.text] : [];
  });
}

function longFunctions(files: readonly string[]): string[] {
  const found = files.flatMap(functionsOf);
  const tooLong = found.flatMap(({ name, lines, at }) => {
    const most = shorter[name] ?? longer[name] ?? mostLines;
    return lines > most
      ? [`${at}: ${name} has ${lines} lines; at most ${most} are allowed. Take a part of it out.`]
      : [];
  });
  const longest = (name: string) =>
    Math.max(0, ...found.filter((each) => each.name === name).map(({ lines }) => lines));
  const unneeded = [
    ...Object.keys(longer).filter((name) => longest(name) <= mostLines),
    ...Object.keys(shorter).filter((name) => longest(name) === 0),
  ].map((name) => `${name} is short enough, or gone: take it out of the tables in test/tools/structure.ts.`);
  return [...tooLong, ...unneeded];
}

// Exported functions and classes without a docstring, and public methods of such classes. What a class takes from an
// interface is described there.
function undescribed(file: string): string[] {
  const source = parseSource(file);
  const exported = source.statements.filter(
    (node) =>
      ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword),
  );
  const found = exported.flatMap((node): ts.Node[] => {
    if (ts.isFunctionDeclaration(node)) return [node];
    if (ts.isVariableStatement(node)) return node.declarationList.declarations.some(isFunction) ? [node] : [];
    if (!ts.isClassDeclaration(node)) return [];
    const inherits = node.heritageClauses !== undefined;
    const methods = node.members.filter(
      (member) => ts.isMethodDeclaration(member) && ts.isIdentifier(member.name) && !fixedMethods.has(member.name.text),
    );
    return inherits ? [node] : [node, ...methods];
  });
  return found
    .filter((node) => ts.getJSDocCommentsAndTags(node).length === 0)
    .map((node) => {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      return `${file}:${line}: an exported function has no docstring. Say what it returns, its units and its errors.`;
    });
}

// `if (…) return;` in the body of a test, which then passes without what it says it tests.
function earlyReturns(file: string): string[] {
  const source = parseSource(file);
  if (!/\btest[.(]/.test(source.text)) return [];
  return [...nodesOf(source)].flatMap((node) => {
    if (!ts.isReturnStatement(node) || node.expression !== undefined) return [];
    let around: ts.Node = node.parent;
    while (!ts.isFunctionLike(around) && !ts.isSourceFile(around)) around = around.parent;
    const isTest = ts.isCallExpression(around.parent) && /^(test|it)\b/.test(around.parent.expression.getText());
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    return isTest ? [`${file}:${line}: a test returns early. Make it two tests, or skip it by name.`] : [];
  });
}

function isFunction({ initializer }: ts.VariableDeclaration): boolean {
  return initializer !== undefined && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer));
}

interface FoundFunction {
  /** `file name` */
  readonly name: string;
  readonly lines: number;
  /** `file:line` */
  readonly at: string;
}

function functionsOf(file: string): FoundFunction[] {
  const source = parseSource(file);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  return [...nodesOf(source)].flatMap((node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return [];
    const start = lineOf(node.getStart(source));
    return [{ name: `${file} ${nameOf(node)}`, lines: lineOf(node.end) - start + 1, at: `${file}:${start}` }];
  });
}

function nameOf(node: ts.SignatureDeclaration): string {
  const named = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined);
  return named?.getText() ?? (ts.isConstructorDeclaration(node) ? 'constructor' : '(anonymous)');
}
