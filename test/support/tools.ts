// Real programs that some tests need: found on PATH, else in the folder where the shared tools are built.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The path of a program, or undefined with a loud word where this machine has none. */
export function findTool(name: string): string | undefined {
  if (spawnSync('which', [name]).status === 0) return name;
  const built = join(process.env['OVTH_TOOLS'] ?? join(homedir(), '.cache/ovth-tools'), 'bin', name);
  if (existsSync(built)) return built;
  console.warn(`SKIPPED: ${name} is neither on PATH nor at ${built}.`);
  return undefined;
}
