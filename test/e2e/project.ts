// A copy of the project with a stack of its own, and the real engine to run on it: tests may break both.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

/** The stack's file: what stands below `config:`, by full key. */
export type StackConfig = Record<string, unknown>;

export interface Run {
  readonly code: number;
  /** Both streams, in order of arrival. */
  readonly text: string;
  readonly seconds: number;
}

export interface Project {
  readonly folder: string;
  /** Everything every run has printed. */
  readonly printed: string[];
  /** Runs the engine. @param onLine hears each line with its time */
  pulumi(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** `pulumi up` without questions. */
  up(...more: string[]): Promise<Run>;
  /** `npm run recover` with these arguments. */
  recover(...args: string[]): Promise<Run>;
  /** A stack output; secrets included. */
  output<T>(name: string): Promise<T>;
  /** Changes the stack's file. */
  configure(change: (config: StackConfig) => void): void;
  /** Changes a file of the copy; the returned function undoes it. */
  edit(path: string, change: (text: string) => string): () => void;
}

export interface RunOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly onLine?: (line: string, at: number) => void;
  /** Kills the engine, with no chance to do anything about it, once this has come true. */
  readonly killWhen?: Promise<unknown>;
}

const stack = 'e2e';
const longestRunMs = 580_000;

/**
 * @param runFolder the lab run's, with which the copy goes
 * @param environment for the engine: where its state is, where the cloud is
 */
export async function copyProject(runFolder: string, environment: Readonly<Record<string, string>>): Promise<Project> {
  const folder = mkdtempSync(join(runFolder, 'project-'));
  const parts = ['infra', 'config', 'gateway', 'Pulumi.yaml', 'package.json', 'package-lock.json', 'tsconfig.json'];
  for (const part of parts) cpSync(part, join(folder, part), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  return openProject(folder, runFolder, environment);
}

/**
 * A stack of its own in a project's folder.
 * @param runFolder the lab run's
 * @param environment as for `copyProject`
 */
export async function openProject(
  folder: string,
  runFolder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Project> {
  const file = join(folder, `Pulumi.${stack}.yaml`);
  const printed: string[] = [];
  // The engine leaves pipes behind when a program fails.
  const temporary = mkdtempSync(join(runFolder, 'tmp-'));
  const runIn = async (program: string, args: readonly string[], options: RunOptions = {}) => {
    const env = { ...process.env, ...environment, TMPDIR: temporary, ...options.environment };
    const ran = await run(folder, program, args, env, options);
    // What is asked for with its secrets shown is no leak.
    if (!args.includes('--show-secrets')) printed.push(ran.text);
    return ran;
  };
  const pulumi: Project['pulumi'] = (args, options) => runIn('pulumi', args, options);
  const project: Project = {
    folder,
    printed,
    pulumi,
    up: (...more) => pulumi(['up', '--yes', '--skip-preview', ...more]),
    recover: (...args) => runIn('ts-node', ['infra/operate/recover.ts', ...args]),
    output: async <T>(name: string) => {
      const ran = await pulumi(['stack', 'output', name, '--json', '--show-secrets']);
      return JSON.parse(ran.text) as T;
    },
    configure: (change) => {
      const content = parse(readFileSync(file, 'utf8')) as { config?: StackConfig };
      const config = content.config ?? {};
      change(config);
      writeFileSync(file, stringify({ ...content, config }));
    },
    edit: (path, change) => {
      const before = readFileSync(join(folder, path), 'utf8');
      writeFileSync(join(folder, path), change(before));
      return () => writeFileSync(join(folder, path), before);
    },
  };
  await must(pulumi(['stack', 'init', stack]));
  return project;
}

/** @throws Error with what it printed, when it failed */
export async function must(running: Promise<Run>): Promise<Run> {
  const ran = await running;
  if (ran.code !== 0) throw new Error(`it ended with ${ran.code}:\n${ran.text.slice(-6_000)}`);
  return ran;
}

// ---

async function run(
  folder: string,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: RunOptions,
): Promise<Run> {
  const started = Date.now();
  const child = spawn(program, [...args], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  let text = '';
  let rest = '';
  const hear = (chunk: Buffer) => {
    text += chunk.toString();
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) options.onLine?.(line, Date.now());
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const timer = setTimeout(() => child.kill('SIGKILL'), longestRunMs);
  void options.killWhen?.then(() => child.kill('SIGKILL'));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 128));
  }).finally(() => clearTimeout(timer));
  return { code, text, seconds: (Date.now() - started) / 1_000 };
}
