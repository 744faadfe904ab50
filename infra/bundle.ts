// What is shipped to a box: the gateway in one file, and the Dockerfile's runtime stage. A hash names both.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
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
 * @param root the project's folder
 * @throws BuildError when the code does not build
 */
export function buildBundle(root = resolve(__dirname, '..')): Bundle {
  const dockerfile = runtimeStage(readFileSync(join(root, 'gateway', 'Dockerfile'), 'utf8'));
  const hash = hashOf([
    ['Dockerfile', dockerfile],
    ...[...recipe, ...bundledFiles(root)].map((path) => [path, readFileSync(join(root, path))] as const),
  ]);
  const folder = join(root, 'dist', 'deploy');
  const path = join(folder, hash, 'gateway.js');
  if (existsSync(path)) utimesSync(join(folder, hash), new Date(), new Date());
  else compile(root, path);
  prune(folder);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { hash, path, sha256, dockerfile };
}

/**
 * The files that the bundle consists of, by their path from `root`.
 * @throws BuildError when the code does not build
 */
export function bundledFiles(root: string): string[] {
  return JSON.parse(runRecipe(root, '--inputs')) as string[];
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

/** The project's own build script and its options, which the Dockerfile's build stage also uses. */
const recipe = ['gateway/build.mjs', 'gateway/bundle.mjs'] as const;

/** Builds in a folder of its own and moves the result to its place in one step. */
function compile(root: string, path: string): void {
  const draft = join(root, 'dist', 'deploy', `draft-${process.pid}`);
  mkdirSync(draft, { recursive: true });
  try {
    const file = join(draft, 'gateway.js');
    runRecipe(root, file);
    mkdirSync(dirname(path), { recursive: true });
    renameSync(file, path);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Runs the recipe and returns what it prints. */
function runRecipe(root: string, argument: string): string {
  const ran = spawnSync(process.execPath, [recipe[0], argument], {
    ...{ cwd: root, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
  });
  if (ran.status === 0) return ran.stdout;
  const places = ran.stderr?.match(/^\S+:\d+:\d+: ERROR: .*$/gm) ?? ran.stderr?.trim().split('\n').slice(-3) ?? [];
  throw new BuildError(`gateway/ does not build, so nothing was changed:\n${places.slice(0, 5).join('\n')}`);
}

/** More than one is kept, because another stack's `pulumi up` may be uploading the one before. */
function prune(folder: string): void {
  const age = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = readdirSync(folder)
    .map((name) => ({ name, changed: age(name) }))
    .sort((a, b) => b.changed - a.changed);
  for (const { name } of names.slice(3)) rmSync(join(folder, name), { recursive: true, force: true });
}

type Entry = readonly [path: string, content: string | Buffer];

function hashOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  for (const [path, content] of entries) hash.update(`${path}\0${Buffer.byteLength(content)}\0`).update(content);
  return hash.digest('hex').slice(0, 16);
}
