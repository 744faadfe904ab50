// What is shipped to a box: the gateway in one file, and the Dockerfile's runtime stage. A hash names both.

import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The gateway's code, ready to be uploaded. */
export interface Bundle {
  /**
   * 16 hex digits over the content of every file in the bundle (those of node_modules included), the build recipe and the
   * Dockerfile's runtime stage. Nothing else changes it: not the lockfile, not esbuild's version, not a file that is not
   * bundled.
   */
  readonly hash: string;
  /** Path of the file on this machine. */
  readonly path: string;
  /** SHA-256 of the file, in hex. The box checks it before it builds the image. */
  readonly sha256: string;
  /** The Dockerfile's runtime stage alone. */
  readonly dockerfile: string;
}

/** The gateway's code does not build. The message says where. */
export class BuildError extends Error {}

/**
 * Bundles the gateway into dist/deploy/HASH/gateway.js, unless that file exists. The three newest folders there are kept.
 * Where no file was touched since the last time, nothing is built to find that out.
 * @param root the project's folder
 * @throws BuildError when the code does not build, or is changed while it is built
 */
export function buildBundle(root = projectRoot): Bundle {
  const known = builtBefore(root);
  if (known !== undefined) return known;
  const build = beginBuild(root);
  const { status, stdout, stderr } = spawnSync(process.execPath, build.args, { ...build.options, encoding: 'utf8' });
  return build.end(status, stdout, stderr);
}

/** The same beside other work: the build is a process of its own. */
export async function bundleMeanwhile(root = projectRoot): Promise<Bundle> {
  const known = builtBefore(root);
  if (known !== undefined) return known;
  const build = beginBuild(root);
  return new Promise<[code: number, stdout: string, stderr: string]>((resolve) => {
    execFile(process.execPath, build.args, build.options, (error, stdout, stderr) =>
      resolve([error === null ? 0 : 1, stdout, stderr]),
    );
  }).then((ran) => build.end(...ran));
}

/**
 * The Dockerfile from its global arguments, without the build stage: the box puts the shipped bundle in its place.
 * @throws Error when there is no runtime stage
 */
export function runtimeStage(dockerfile: string): string {
  const start = dockerfile.search(/^FROM \S+ AS runtime$/m);
  if (start < 0) throw new Error('gateway/Dockerfile has no stage named "runtime"');
  const globals = dockerfile.slice(0, dockerfile.search(/^FROM /m)).match(/^ARG .*$/gm) ?? [];
  return `${globals.join('\n')}\n${dockerfile.slice(start)}`;
}

// ---

const projectRoot = resolve(__dirname, '..');

/** The project's own build script and its options, which the Dockerfile's build stage also uses. */
const recipe = ['gateway/build.mjs', 'gateway/bundle.mjs'] as const;

const folderOf = (root: string) => join(root, 'dist', 'deploy');
const readStage = (root: string) => runtimeStage(readFileSync(join(root, 'gateway', 'Dockerfile'), 'utf8'));

/** A build in a folder of its own, whose result is moved to its place in one step. */
function beginBuild(root: string) {
  const began = Date.now();
  const draft = join(folderOf(root), `draft-${process.pid}`);
  const drafted = join(draft, 'gateway.js');
  return {
    args: [recipe[0], drafted, '--inputs'],
    options: { cwd: root, maxBuffer: 16 * 1024 * 1024 },
    end: (status: number | null, stdout: string, stderr: string | undefined): Bundle => {
      try {
        if (status !== 0) throw new BuildError(whyNot(stderr));
        const inputs = JSON.parse(stdout) as string[];
        refuseLaterInputs(root, inputs, began);
        const bundle = keepBundle(root, inputs, drafted);
        remember(root, bundle.hash, inputs, began);
        return bundle;
      } finally {
        rmSync(draft, { recursive: true, force: true });
      }
    },
  };
}

function whyNot(stderr = ''): string {
  const places = stderr.match(/^\S+:\d+:\d+: ERROR: .*$/gm) ?? stderr.trim().split('\n').slice(-3);
  return `gateway/ does not build, so nothing was changed:\n${places.slice(0, 5).join('\n')}`;
}

// The hash is made of the files as they are after the build: what was saved meanwhile would be named and not be in it. The
// build itself reads the first file some 50 ms after it began, longer than the clock of a file system lags behind.
function refuseLaterInputs(root: string, inputs: readonly string[], began: number): void {
  const later = inputs.find((path) => stampOf(join(root, path)).at > began);
  if (later !== undefined)
    throw new BuildError(`${later} was saved while the gateway was built, so nothing was changed; run it again.`);
}

/** Where the same inputs were built before, the result of that is kept: boxes have it under its SHA-256. */
function keepBundle(root: string, inputs: readonly string[], drafted: string): Bundle {
  const dockerfile = readStage(root);
  const hash = hashOf([
    ['Dockerfile', dockerfile],
    ...[...recipe, ...inputs].map((path) => [path, readFileSync(join(root, path))] as const),
  ]);
  const path = join(folderOf(root), hash, 'gateway.js');
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    renameSync(drafted, path);
  }
  return used(root, hash, dockerfile);
}

/** The bundle of a hash; its folder becomes the newest, and the oldest ones go. */
function used(root: string, hash: string, dockerfile: string): Bundle {
  const path = join(folderOf(root), hash, 'gateway.js');
  utimesSync(dirname(path), new Date(), new Date());
  prune(folderOf(root));
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { hash, path, sha256, dockerfile };
}

/** The bundle of the last build, where nothing that went into that was touched since. */
function builtBefore(root: string): Bundle | undefined {
  const { hash, stamps } = lastBuild(root) ?? {};
  if (hash === undefined || stamps === undefined) return undefined;
  if (!existsSync(join(folderOf(root), hash, 'gateway.js'))) return undefined;
  if (Object.entries(stamps).some(([path, stamp]) => stampOf(join(root, path)).text !== stamp)) return undefined;
  return used(root, hash, readStage(root));
}

const notes = (root: string) => join(folderOf(root), 'last-build.json');

function lastBuild(root: string): { hash: string; stamps: Record<string, string> } | undefined {
  try {
    return JSON.parse(readFileSync(notes(root), 'utf8')) as { hash: string; stamps: Record<string, string> };
  } catch {
    return undefined;
  }
}

/**
 * Notes how each input was when it was built. Beside the files, what decides which files are found: the packages' own
 * descriptions, and the folders on the way to them. A file that was touched since the build began is another time's, and
 * nothing is noted.
 */
function remember(root: string, hash: string, inputs: readonly string[], began: number): void {
  const folders = new Set(inputs.flatMap(foldersOf));
  const descriptions = [...folders, '.'].flatMap((folder) =>
    ['package.json', 'tsconfig.json'].map((name) => join(folder, name)),
  );
  const paths = [...inputs, ...recipe, 'gateway/Dockerfile', ...folders, ...descriptions];
  const stamps = paths.map((path) => [path, stampOf(join(root, path))] as const);
  // The clock of a file system ticks more slowly than the processor's.
  if (stamps.some(([, { at }]) => at > began - 50)) return rmSync(notes(root), { force: true });
  const draft = `${notes(root)}.${process.pid}`;
  const texts = Object.fromEntries(stamps.map(([path, { text }]) => [path, text]));
  writeFileSync(draft, JSON.stringify({ hash, stamps: texts }));
  renameSync(draft, notes(root));
}

/** When a file or folder was last touched, and how large it is; the other name of a file that is not there. */
function stampOf(path: string): { readonly text: string; readonly at: number } {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (found === undefined) return { text: 'none', at: 0 };
  const { size, mtimeNs, ctimeNs, ctimeMs, ino } = found;
  return { text: [size, mtimeNs, ctimeNs, ino].join(' '), at: Number(ctimeMs) };
}

/** `a/b/c.ts` → `a/b`, `a`. Of packages that are kept elsewhere, no folder above theirs. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  const first = parts[0] === '..' ? parts.indexOf('node_modules') : 0;
  return parts.map((_, i) => parts.slice(0, i + 1).join('/')).slice(first);
}

/** More than one is kept, because another stack's `pulumi up` may be uploading the one before. */
function prune(folder: string): void {
  const age = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const found = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, changed: age(name) }))
    .sort((a, b) => b.changed - a.changed);
  const built = found.filter(({ name }) => !name.startsWith('draft-'));
  // Of a build that was killed.
  const left = found.filter(({ name, changed }) => name.startsWith('draft-') && changed < Date.now() - 3_600_000);
  for (const { name } of [...built.slice(3), ...left]) rmSync(join(folder, name), { recursive: true, force: true });
}

type Entry = readonly [path: string, content: string | Buffer];

function hashOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  for (const [path, content] of entries) hash.update(`${path}\0${Buffer.byteLength(content)}\0`).update(content);
  return hash.digest('hex').slice(0, 16);
}
