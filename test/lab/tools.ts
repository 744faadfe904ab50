// Finds the real programs a deploy needs: on PATH, among those built before, or built now.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { onPath, projectRoot, run } from './shell';

/** What the lab runs itself. */
export const labTools = ['registry', 'pebble', 'pebble-challtestsrv', 'caddy'] as const;

/** What a test of the deploy runs beside it. */
export const deployTools = [
  'pulumi',
  'pulumi-language-nodejs',
  'pulumi-resource-hcloud',
  'pulumi-resource-random',
  'pulumi-resource-command',
] as const;

/** The folder of tools that were built on this machine. */
export function builtTools(): string {
  return join(process.env['OVTH_TOOLS'] ?? join(homedir(), '.cache', 'ovth-tools'), 'bin');
}

/** The script that builds them; it is not part of the project. */
export function toolBuilder(): string {
  return resolve(projectRoot(), process.env['OVTH_SHARED'] ?? '../shared', 'tools', 'install');
}

/** The tools that are neither on PATH nor built. */
export function missingTools(): string[] {
  return [...labTools, ...deployTools].filter((tool) => !existsSync(join(builtTools(), tool)) && !onPath(tool));
}

/** PATH for everything that uses the tools: the project's own Node, what the caller has, then what was built. */
export function toolPath(): string {
  return [join(projectRoot(), 'node_modules', '.bin'), process.env['PATH'] ?? '', builtTools()].join(':');
}

/** Makes sure every tool is there, building what is missing (minutes, once). */
export async function ensureTools(say: (line: string) => void): Promise<void> {
  const missing = missingTools();
  if (missing.length === 0) return;
  say(`building tools, once, for some minutes: ${missing.join(', ')}`);
  await run('bash', [toolBuilder()]);
  const still = missingTools();
  if (still.length > 0) throw new Error(`tools are missing: ${still.join(', ')}`);
}

/** Makes sure Litestream is there, building it if need be (a minute, once). @returns where it is */
export async function litestreamFile(say: (line: string) => void): Promise<string> {
  if (!existsSync(join(builtTools(), 'litestream')) && !onPath('litestream')) {
    say('building Litestream, once, for a minute');
    await run('bash', [join(projectRoot(), 'test', 'lab', 'litestream.sh')]);
  }
  return toolFile('litestream');
}

/** Where a tool is. */
export async function toolFile(tool: string): Promise<string> {
  const found = await run('sh', ['-c', `command -v ${tool}`], { env: { ...process.env, PATH: toolPath() } });
  return found.stdout.trim();
}
