// What is shipped to the box: the gateway as one file and the image's runtime stage, under a hash of everything in it.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleInBuild } from './hostLayout';

export interface Bundle {
  /** 16 hex digits over the code, the runtime stage, `config/` and the lockfile. */
  readonly hash: string;
  /** The gateway's code on this machine, in a folder named by the hash. */
  readonly path: string;
  /** SHA-256 of that file, which the box checks before it builds. */
  readonly sha256: string;
  /** The Dockerfile's runtime stage alone. */
  readonly dockerfile: string;
}

/** The gateway's code does not build; the message says where. */
export class BuildError extends Error {}

/**
 * Builds it, with the project's own recipe; takes half a second.
 * @param root the project's folder
 * @throws BuildError when the code does not build
 */
export function buildBundle(root = resolve(__dirname, '..')): Bundle {
  const folder = join(root, 'dist', 'deploy');
  const draft = join(folder, `draft-${process.pid}`);
  mkdirSync(draft, { recursive: true });
  try {
    const file = join(draft, 'gateway.js');
    compile(root, file);
    const dockerfile = runtimeStage(readFileSync(join(root, 'gateway', 'Dockerfile'), 'utf8'));
    const code = readFileSync(file);
    const hash = hashOf([
      [bundleInBuild, code],
      ['Dockerfile', dockerfile],
      ...filesOf(root, 'config'),
      ['package-lock.json', readFileSync(join(root, 'package-lock.json'))],
    ]);
    const place = join(folder, hash);
    mkdirSync(place, { recursive: true });
    renameSync(file, join(place, 'gateway.js'));
    return { hash, path: join(place, 'gateway.js'), sha256: sha256(code), dockerfile };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
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

function compile(root: string, file: string): void {
  const { status, stderr } = spawnSync(process.execPath, ['gateway/build.mjs', file], { cwd: root, encoding: 'utf8' });
  if (status === 0) return;
  const places = stderr.match(/^\S+:\d+:\d+: ERROR: .*$/gm) ?? stderr.trim().split('\n').slice(-3);
  throw new BuildError(`gateway/ does not build, so nothing was changed:\n${places.slice(0, 5).join('\n')}`);
}

type Entry = readonly [path: string, content: string | Buffer];

function filesOf(root: string, folder: string): Entry[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path.slice(root.length), readFileSync(path)]);
}

function hashOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  for (const [path, content] of entries) hash.update(`${path}\0${Buffer.byteLength(content)}\0`).update(content);
  return hash.digest('hex').slice(0, 16);
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
