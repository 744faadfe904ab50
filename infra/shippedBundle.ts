// The gateway's code that lies ready in the npm package. `npm run package` writes both files, see infra/package.mjs.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BuildError, type Bundle, buildBundle } from './bundle';

/** What the package says of its bundle. */
export interface BundleFacts {
  /** As in `Bundle`. */
  readonly hash: string;
  /** SHA-256 of gateway.js, in hex. */
  readonly sha256: string;
  /** The Dockerfile's runtime stage. */
  readonly dockerfile: string;
}

/**
 * The code to ship: in the npm package the bundle that lies in it, in a clone the one built from its sources.
 * @param folder where bundle.json lies in the package, below the folder of gateway.js
 * @throws BuildError when the package is damaged, or the clone's code does not build
 */
export function defaultBundle(folder = resolve(__dirname, '..')): Bundle {
  const facts = join(folder, 'bundle.json');
  if (!existsSync(facts)) return buildBundle();
  const { hash, sha256, dockerfile } = JSON.parse(readFileSync(facts, 'utf8')) as BundleFacts;
  const path = join(folder, '..', 'gateway.js');
  const found = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (found !== sha256)
    throw new BuildError(
      `the npm package ovth is damaged: ${path} is not the file that was packed, so nothing was changed; install the package again.`,
    );
  return { hash, path, sha256, dockerfile };
}
