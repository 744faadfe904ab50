// Where the CLIs of this folder's own install lie. One that this machine has no build of is skipped, loudly; in CI it fails.

import { globSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { node } from '../support/child';

const modules = join(__dirname, 'node_modules');

/** A package's build for this machine. @param pattern its program, in a folder whose name ends as Node names machines */
export const built = (pattern: string): readonly string[] | undefined =>
  found(pattern.replace('MACHINE', `${platform()}-${arch()}`));

/** A package's script, run by this project's Node. */
export const script = (path: string): readonly string[] | undefined => {
  const program = found(path);
  return program && [node, ...program];
};

// ---

function found(pattern: string): readonly string[] | undefined {
  const [program] = globSync(join(modules, pattern));
  if (program !== undefined) return [program];
  if (process.env['CI'] === 'true') throw new Error(`${pattern} is not installed`);
  console.warn(`SKIPPED: ${pattern} is not in test/clis/node_modules; this machine may have no build of it.`);
  return undefined;
}
