// The text of a configuration file → its value, or what is wrong with the text.

import {
  CST,
  type Document,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  parseDocument,
  visit,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import { ConfigError, firstOf, type Problem } from './problems';

/**
 * Bounds on a text. The YAML library needs about 1 KB of memory for each part (a name, a value, a bracket, a dash) and
 * recurses into nested ones: 260 KB of brackets are more than the 192 MB heap of a gateway, and would end it.
 */
export const yamlBounds = {
  /** A configuration with 1,000 declared keys has about 100 KB. */
  bytes: 1024 * 1024,
  parts: 50_000,
  /** 500,000 lines of comment take 3 s to parse. */
  lines: 50_000,
  /** The deepest setting lies at depth 6. */
  depth: 64,
} as const;

/** Text of a YAML mapping → its value. @throws ConfigError with line and column of every problem */
export function parseYaml(text: string): unknown {
  checkBounds(text);
  if (text.trim() === '') throw empty();
  const lines = new LineCounter();
  const at = (position: number, message: string): Problem => {
    const { line, col } = lines.linePos(position);
    return { path: '', message: `line ${line}, column ${col}: ${message}` };
  };
  const document = guarded(() => parse(text, lines));
  const problems = [
    ...[...document.errors, ...document.warnings].map((error) => at(error.pos[0], yamlMessage(error))),
    ...guarded(() => wrongKeys(document)).map(({ position, message }) => at(position, message)),
  ];
  if (problems.length > 0) throw new ConfigError(firstOf(problems));
  const value = guarded(() => toValue(document));
  if (value === null || value === undefined) throw empty();
  if (typeof value !== 'object' || Array.isArray(value))
    throw fault('the file must be a mapping of settings, such as "routes:".');
  return value;
}

// ---

const fault = (message: string) => new ConfigError([{ path: '', message }]);
const empty = () => fault('the file is empty; write at least one setting, or remove the file to run on defaults.');
const tooMany = (most: number, what: string) =>
  fault(`the file has more than ${most.toLocaleString('en-US')} ${what}; is it the right file?`);
const tooDeep = () => fault(`the file is nested more than ${yamlBounds.depth} levels deep; no setting is.`);

/** Refuses what would take too much memory or stack, before the text is parsed. Looks at each part once. */
function checkBounds(text: string): void {
  if (text.startsWith('\uFEFF'))
    throw fault('line 1, column 1: the file starts with a byte-order mark; save it as plain UTF-8.');
  const bytes = Buffer.byteLength(text);
  const { bytes: most, parts: mostParts, lines: mostLines, depth: mostDepth } = yamlBounds;
  if (bytes > most) {
    throw fault(
      `the file has ${bytes.toLocaleString('en-US')} bytes, and a configuration at most ${most.toLocaleString('en-US')}; is it the right file?`,
    );
  }
  let lines = 1;
  let parts = 0;
  let brackets = 0; // open ones
  let dashes = 0; // since the line began
  let inScalar = false;
  for (const token of new Lexer().lex(text)) {
    // A scalar comes as a marker and then its text, which may look like any other token.
    const type: string | null = inScalar ? 'text' : CST.tokenType(token);
    inScalar = type === 'scalar';
    if (type === 'newline') {
      dashes = 0;
      if (++lines > mostLines) throw tooMany(mostLines, 'lines');
    }
    if (type === 'newline' || type === 'space' || type === 'comment' || type === 'scalar') continue;
    if (++parts > mostParts) throw tooMany(mostParts, 'names, values and brackets');
    if (type === 'flow-map-start' || type === 'flow-seq-start') brackets++;
    if (type === 'flow-map-end' || type === 'flow-seq-end') brackets = Math.max(0, brackets - 1);
    if (type === 'seq-item-ind' || type === 'explicit-key-ind') dashes++;
    if (brackets + dashes > mostDepth) throw tooDeep();
  }
}

/** Runs what recurses into the document. @throws ConfigError where the stack is too small, at hundreds of levels */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

function parse(text: string, lineCounter: LineCounter): Document {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // a text can have thousands of errors; their traces would fill the heap
  try {
    // Its own check for names that stand twice compares each with each. Tags of YAML 1.1 would make sets and buffers.
    const document = parseDocument(text, {
      uniqueKeys: false,
      resolveKnownTags: false,
      lineCounter,
      prettyErrors: false,
      logLevel: 'error',
    });
    if (document.errors.some((error) => error.message.includes('call stack'))) throw tooDeep();
    return document;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** @throws ConfigError for an alias of nothing, and for aliases that stand for too much */
function toValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw fault(`the file cannot be read as YAML: ${error.message.replace(/\.$/, '')}.`);
  }
}

/** Names that stand twice in a mapping, and names that none can have. */
function wrongKeys(document: Document): { position: number; message: string }[] {
  const found: { position: number; message: string }[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const position = isNode(key) ? (key.range?.[0] ?? 0) : 0;
        if (!isScalar(key)) {
          if (key !== null) found.push({ position, message: 'a name must be a text, not a list or a mapping.' });
          continue;
        }
        const name = String(key.value);
        if (name === '__proto__') found.push({ position, message: '"__proto__" cannot be a name; choose another.' });
        if (seen.has(name)) found.push({ position, message: `"${name}" stands twice; keep one.` });
        seen.add(name);
      }
    },
  });
  return found;
}

/** The library's reason in our words where it would not help the reader. */
function yamlMessage({ code, message }: YAMLParseError | YAMLWarning): string {
  if (code === 'TAB_AS_INDENT') return 'a tab is used for indentation; YAML wants spaces.';
  if (code === 'MULTIPLE_DOCS') return 'a second document begins after this line ("---"); keep one.';
  if (code === 'TAG_RESOLVE_FAILED')
    return `${message.replace(/^Unresolved tag: /, '').replace('tag:yaml.org,2002:', '!!')} is no tag of a setting; remove it.`;
  return `${message.replace(/[.:]$/, '')}.`;
}
