// Who may import whom, as rules over folders. A file that does not keep a rule yet stands in the table of its exceptions;
// a row there that is no longer needed fails the test too.

import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { stackSchema } from '../config/schema';
import { codeOf, importsOf, nodesOf, parseSource, sourceFiles, type SourceImport } from './support/sources';

const src = 'gateway/src/';
const importsIn = (folder: string): SourceImport[] => sourceFiles(folder).flatMap(importsOf);
const isUnder = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** What breaks a rule, each once, and of those with a reason the ones that are no longer there. */
function expectOnly(found: readonly string[], exceptions: Readonly<Record<string, string>> = {}): void {
  const broken = [...new Set(found)];
  expect({
    broken: broken.filter((each) => !Object.hasOwn(exceptions, each)).sort(),
    exceptionsNotNeeded: Object.keys(exceptions).filter((each) => !broken.includes(each)),
  }).toEqual({ broken: [], exceptionsNotNeeded: [] });
}

describe('the top folders', () => {
  test('config imports zod, yaml, Node and itself', () => {
    const allowed = (name: string) => isUnder(name, 'config') || name.startsWith('node:') || /^(zod|yaml)$/.test(name);
    expectOnly(importsIn('config').flatMap(({ file, name }) => (allowed(name) ? [] : [`${file} imports ${name}`])));
  });

  test.each([
    ['gateway', ['infra', 'test'], '@pulumi/'],
    ['infra', ['gateway', 'test'], 'fastify'],
  ])('%s imports neither %j nor %s', (folder, others, packages) => {
    const forbidden = (name: string) => others.some((other) => isUnder(name, other)) || name.startsWith(packages);
    expectOnly(importsIn(folder).flatMap(({ file, name }) => (forbidden(name) ? [`${file} imports ${name}`] : [])));
  });
});

/** What a room of the gateway may import beside itself and config. */
interface Room {
  /** Rooms, or single files of one. */
  readonly rooms: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly types?: readonly string[];
  /** Packages and parts of Node. */
  readonly packages: readonly string[];
  /** Only config's types, nothing of it at run time. */
  readonly configTypesOnly?: boolean;
  /** `file imports name` → why it may. */
  readonly exceptions?: Readonly<Record<string, string>>;
}

const storageInterface = ['administration', 'entries', 'reports', 'rows', 'storage'].map(
  (name) => `storage/${name}.ts`,
);
const recordTypes = "the request record's row is the storage's type; only the type is imported";
const logType = 'is handed the log; only its type is imported';
const formatType = 'names the format of an endpoint; only the type is imported';

const rooms: Readonly<Record<string, Room>> = {
  core: {
    rooms: [],
    packages: [],
    configTypesOnly: true,
    exceptions: {
      'core/ids.ts imports node:crypto': 'an id is made of chance',
      'core/contentCodings.ts imports node:zlib': 'decoding turns bytes into bytes, alike for requests and for answers',
    },
  },
  wire: { rooms: ['core'], packages: ['eventsource-parser', 'node:crypto'] }, // a hash is a value too
  accounting: { rooms: ['core', ...storageInterface], packages: ['node:crypto'] },
  upstream: { rooms: ['core', 'wire'], packages: ['undici', 'node:http', 'node:diagnostics_channel'] }, // undici tells on it
  telemetry: {
    rooms: ['core'],
    types: ['accounting'],
    packages: ['pino', 'node:fs'], // a log that goes to a file
  },
  pipeline: {
    rooms: ['core', 'wire', 'upstream', 'accounting', 'telemetry'],
    packages: ['node:http', 'node:v8', 'node:vm', 'node:worker_threads'],
    exceptions: {
      'pipeline/context.ts imports storage/rows.ts': recordTypes,
      'pipeline/outcome.ts imports storage/rows.ts': recordTypes,
      'pipeline/responseProgress.ts imports storage/rows.ts': recordTypes,
    },
  },
  http: {
    rooms: ['core', 'pipeline', 'accounting', ...storageInterface],
    packages: ['fastify', 'zod', 'node:crypto', 'node:http', 'node:net', 'node:stream'],
    exceptions: {
      'http/endpoints.ts imports wire/neutral.ts': formatType,
      'http/handlers.ts imports wire/neutral.ts': formatType,
      'http/serverParts.ts imports telemetry/log.ts': logType,
    },
  },
  storage: {
    rooms: ['core'],
    packages: ['node:sqlite', 'node:crypto', 'node:fs', 'node:path', 'node:worker_threads'],
  },
  app: {
    rooms: ['core', 'accounting', 'http', 'pipeline', 'storage', 'telemetry', 'upstream'],
    packages: ['node:crypto', 'node:fs', 'node:net', 'node:os', 'node:path', 'node:util'],
    exceptions: { 'app/shutdown.ts imports fastify': 'closes the server it is handed; only the type is imported' },
  },
  commands: {
    rooms: ['app', 'storage', 'telemetry'],
    packages: ['node:child_process', 'node:events', 'node:fs', 'node:path', 'node:util', 'node:v8'], // Litestream is a child
    exceptions: {
      'commands/usage.ts imports http/admin/usage.ts': 'the command and the administration give one report',
      'commands/usage.ts imports core/errors.ts': 'a refusal of that report is told as a wrong option',
      'commands/ledgerExport.ts imports http/admin/usage.ts': 'cells of CSV are written in one way',
      'commands/ledgerExport.ts imports http/admin/query.ts': 'moments are read as in a query of the administration',
      'commands/ledgerExport.ts imports core/errors.ts': 'a moment that is none is told as a wrong option',
    },
  },
};

/** `file imports name` → why a codec may import another one. */
const codecExceptions: Readonly<Record<string, string>> = {};

/** File → why it may compare the name of a format or wire. */
const comparisonExceptions: Readonly<Record<string, string>> = {};

/** File and file → why their types refer to each other. At run time nothing does. */
const typeCircles: Readonly<Record<string, string>> = {};

describe('the rooms of the gateway', () => {
  test('every folder of gateway/src is a room with a rule', () => {
    const folders = sourceFiles('gateway/src').flatMap((file) => file.split('/').slice(2, -1).slice(0, 1));
    expect([...new Set(folders)].sort()).toEqual(Object.keys(rooms).sort());
  });

  test.each(Object.entries(rooms))('%s', (name, room) => {
    const folder = src + name;
    const allowed = (each: SourceImport): boolean => {
      if (isUnder(each.name, folder)) return true;
      if (isUnder(each.name, 'config')) return room.configTypesOnly !== true || each.typeOnly;
      if (!each.name.startsWith(src)) return room.packages.includes(each.name);
      const types = room.types?.some((other) => isUnder(each.name, src + other)) === true && each.typeOnly;
      return types || room.rooms.some((other) => isUnder(each.name, src + other));
    };
    const broken = importsIn(folder).filter((each) => !allowed(each));
    expectOnly(
      broken.map((each) => `${each.file.slice(src.length)} imports ${each.name.replace(src, '')}`),
      room.exceptions,
    );
    expect(importsIn(folder).every((each) => !each.name.startsWith(src) || existsSync(each.name))).toBe(true);
  });

  test('a codec never imports another codec', () => {
    const codecs = ['openaiChat', 'openaiResponses', 'anthropicMessages', 'geminiGenerate'].map(
      (name) => `${src}wire/${name}`,
    );
    expect(codecs.filter((folder) => sourceFiles(folder).length < 3)).toEqual([]);
    const broken = codecs.flatMap((folder) =>
      importsIn(folder)
        .filter(({ name }) => codecs.some((other) => other !== folder && isUnder(name, other)))
        .map(({ file, name }) => `${file.slice(src.length)} imports ${name.slice(src.length)}`),
    );
    expectOnly(broken, codecExceptions);
  });

  test('core and wire have no clock, no chance, no timer and no input or output', () => {
    const impure = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\brandom[A-Z]\w*|\bset(?:Timeout|Interval)\b|\bprocess\.|\bfetch\(|\bconsole\./; // prettier-ignore
    const broken = [...sourceFiles(`${src}core`), ...sourceFiles(`${src}wire`)].filter((file) =>
      impure.test(codeOf(file)),
    );
    expectOnly(
      broken.map((file) => file.slice(src.length)),
      {
        'core/ids.ts': 'an id is made of chance; the time is passed in',
        'core/textDensity.ts': 'places that nobody outside the process knows',
      },
    );
  });

  test('database drivers are imported in storage/sqlite only, and storage/sqlite by app and commands only', () => {
    const drivers = /^(node:sqlite|better-sqlite3|pg|postgres)$/;
    const sqlite = `${src}storage/sqlite`;
    const broken = importsIn('gateway/src').filter(
      ({ file, name }) =>
        (drivers.test(name) && !isUnder(file, sqlite)) ||
        (isUnder(name, sqlite) && ![sqlite, `${src}app`, `${src}commands`].some((folder) => isUnder(file, folder))),
    );
    expectOnly(broken.map(({ file, name }) => `${file} imports ${name}`));
  });

  test('nothing imports app or commands, but commands app and main commands', () => {
    const broken = importsIn('gateway/src').filter(
      ({ file, name }) =>
        (isUnder(name, `${src}app`) && !isUnder(file, `${src}app`) && !isUnder(file, `${src}commands`)) ||
        (isUnder(name, `${src}commands`) && !isUnder(file, `${src}commands`) && file !== `${src}main.ts`) ||
        name === `${src}main.ts`,
    );
    expectOnly(broken.map(({ file, name }) => `${file} imports ${name}`));
  });

  test.each([
    ['fastify', [`${src}http/server.ts`]],
    ['undici', [`${src}upstream/exchange.ts`, `${src}upstream/pool.ts`]],
    ['pino', [`${src}telemetry/log.ts`]],
  ])('only one file imports %s at run time', (name, allowed) => {
    const found = importsIn('gateway/src').filter((each) => each.name === name && !each.typeOnly);
    expect([...new Set(found.map(({ file }) => file))]).toEqual(allowed);
  });
});

describe('formats and wires', () => {
  const literals = new Set(['chat', 'responses', 'messages', 'generate', 'openai', 'anthropic', 'gemini']);
  const equality = new Set([
    ts.SyntaxKind.EqualsEqualsEqualsToken,
    ts.SyntaxKind.ExclamationEqualsEqualsToken,
    ts.SyntaxKind.EqualsEqualsToken,
    ts.SyntaxKind.ExclamationEqualsToken,
  ]);
  const isName = (node: ts.Node) => ts.isStringLiteral(node) && literals.has(node.text);

  // What is compared with the same words and means something else: the dialect of an error, the kind of a model, what an
  // endpoint serves.
  const isOther = (node: ts.Node) => /(^|\.)(dialect|kind|serves)$/.test(node.getText());

  /** How often a source compares something with the name of a format or wire. */
  function comparisons(source: ts.SourceFile): number {
    let count = 0;
    for (const node of nodesOf(source)) {
      if (ts.isBinaryExpression(node) && equality.has(node.operatorToken.kind)) {
        const [value, other] = isName(node.left) ? [node.left, node.right] : [node.right, node.left];
        if (isName(value) && !isOther(other)) count++;
      }
      if (ts.isSwitchStatement(node) && !isOther(node.expression))
        count += node.caseBlock.clauses.filter((each) => ts.isCaseClause(each) && isName(each.expression)).length;
    }
    return count;
  }

  test('are compared in wire and upstream only', () => {
    const found = sourceFiles('gateway/src')
      .filter((file) => !isUnder(file, `${src}wire`) && !isUnder(file, `${src}upstream`))
      .filter((file) => comparisons(parseSource(file)) > 0)
      .map((file) => file.slice(src.length));
    expectOnly(found, comparisonExceptions);
  });

  test('the search sees a comparison, and no dialect', () => {
    const source = (text: string) => ts.createSourceFile('sample.ts', text, ts.ScriptTarget.Latest, true);
    expect(comparisons(source("if (format === 'chat' || 'gemini' !== provider.wire) go();"))).toBe(2);
    expect(comparisons(source("switch (wire) { case 'openai': case 'anthropic': break; default: }"))).toBe(2);
    expect(comparisons(source("if (dialect === 'gemini' || row.kind === 'chat' || path === '/v1') go();"))).toBe(0);
  });
});

describe('circles of files', () => {
  const files = [...sourceFiles('gateway/src'), ...sourceFiles('config')];

  /** Every way from a file back to itself; of a tangle, at least one. */
  function circles(edges: (each: SourceImport) => boolean): string[][] {
    const graph = new Map(files.map((file) => [file, importsOf(file).filter(edges)]));
    const done = new Set<string>();
    const found: string[][] = [];
    const visit = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) found.push(way.slice(way.indexOf(file)));
      if (way.includes(file) || done.has(file)) return;
      for (const { name } of graph.get(file) ?? []) visit(name, [...way, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    return found;
  }

  test('there is none at run time', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(circles(({ typeOnly }) => !typeOnly)).toEqual([]);
  });

  test('there is none of types either', () => {
    const named = circles(() => true).map((files) =>
      files
        .map((file) => file.replace(src, ''))
        .sort()
        .join(', '),
    );
    expectOnly(named, typeCircles);
  });
});

test('the process is read by main, by the commands, and for its standard output by the log', () => {
  const readers = sourceFiles('gateway/src').filter((file) => /\bprocess\.(?!nextTick)|= process\b/.test(codeOf(file)));
  expect(readers.filter((file) => !isUnder(file, `${src}commands`))).toEqual([
    `${src}main.ts`,
    `${src}telemetry/log.ts`,
  ]);
});

test('a secret is revealed only where it leaves for its destination', () => {
  const reveals = ['config', 'gateway', 'infra']
    .flatMap(sourceFiles)
    .filter((file) => codeOf(file).includes('.reveal()'));
  expect(reveals).toEqual([
    'config/load.ts',
    `${src}commands/adminClient.ts`, // signs in at the administration
    `${src}http/authenticate.ts`,
    `${src}upstream/auth/apiKey.ts`,
    `${src}upstream/ownKeys.ts`, // takes it out of what a provider says
  ]);
});

test('SQL is written in storage/sqlite only [A4]', () => {
  const sql = /\b(select|insert into|update|delete from)\b [^'`]*\b(from|values|set|where)\b/i;
  const writers = sourceFiles('gateway/src').filter((file) => sql.test(codeOf(file)));
  expect(writers.filter((file) => !isUnder(file, `${src}storage/sqlite`))).toEqual([]);
  expect(writers.length).toBeGreaterThan(0);
});

test('@pulumi/command is the real 1.2, not the wrong publish that npm calls latest [J3]', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version?: string }>;
  };
  expect(lock.packages['node_modules/@pulumi/command']?.version).toMatch(/^1\.2\./);
});

test('no registry host and no path of a machine is in the lockfile [J3]', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved"');
});

// Node 26.13.1 (2026-11-11: https://github.com/nodejs/node/releases/tag/v26.13.1) and Caddy 2.11.9 (2026-11-05:
// https://github.com/caddyserver/caddy/releases/tag/v2.11.9) are security releases.
test('base images are exact tags, none older than the last security release, and the same wherever they stand [J3]', () => {
  const { node, caddy } = stackSchema.parse({}).images;
  expect(atLeast(/^node:(\d+)\.(\d+)\.(\d+)-slim$/.exec(node), [26, 13, 1])).toBe(true);
  expect(atLeast(/^caddy:(\d+)\.(\d+)\.(\d+)$/.exec(caddy), [2, 11, 9])).toBe(true);
  expect(/^ARG NODE_IMAGE=(.*)$/m.exec(readFileSync('gateway/Dockerfile', 'utf8'))?.[1]).toBe(node);
  const shown = readFileSync('config/stack.example.yaml', 'utf8');
  for (const image of [node, caddy]) expect(shown).toContain(image);
});

function atLeast(found: RegExpExecArray | null, least: readonly number[]): boolean {
  const version = found?.slice(1).map(Number) ?? [];
  const differs = least.findIndex((part, i) => version[i] !== part);
  return version.length === least.length && (differs < 0 || version[differs]! > least[differs]!);
}
