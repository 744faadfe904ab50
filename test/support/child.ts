// The bundled gateway as a process of its own: for what only a process can show (signals, exit codes, sudden death).

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { masterKey } from './gateway';
import { closingOnce } from './opened';

/** Node 26 of this project, whatever runs the tests. */
export const node = join(process.cwd(), 'node_modules/node/bin/node');

export interface ChildGateway {
  readonly url: string;
  readonly process: ChildProcess;
  readonly folder: string;
  readonly output: () => string;
  /** Resolves with exit code and signal. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Resolves when the output holds a text. */
  says(text: string): Promise<void>;
}

export interface ChildOptions {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The command instead of the bundle itself, such as `npm start`. */
  readonly command?: readonly string[];
  readonly cwd?: string;
}

/** A folder with a config.yaml; removed by `remove`. */
export function makeFolder(config?: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ovth-process-'));
  if (config !== undefined) writeFileSync(join(path, 'config.yaml'), config);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** What a test of processes works with: a folder of its own, and the gateways that it starts there. */
export interface ChildScene {
  readonly folder: string;
  /** Starts a gateway in the folder. It is killed after the test. */
  readonly start: (options?: Partial<ChildOptions>) => Promise<ChildGateway>;
  /** Those that are killed after the test. */
  readonly children: ChildGateway[];
}

/**
 * Makes a folder before each test of a file, and removes it after, with all that was started in it.
 * @param config of the folder's config.yaml. @param env of every gateway
 */
export function useChildScene(
  config: () => string,
  env: () => Readonly<Record<string, string>> = () => ({}),
): ChildScene {
  let folder = { path: '', remove: () => undefined as void };
  const children: ChildGateway[] = [];
  beforeEach(() => {
    folder = makeFolder(config());
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.process.kill('SIGKILL');
      await child.ended;
    }
    folder.remove();
  });
  return {
    get folder() {
      return folder.path;
    },
    children,
    start: async (options = {}) => {
      const child = await startChild({ folder: folder.path, ...options, env: { ...env(), ...options.env } });
      children.push(child);
      return child;
    },
  };
}

/** The bundle as `npm start` runs it; built when it is not there. */
export function bundle(): string {
  const path = join(process.cwd(), 'dist/gateway.js');
  if (!existsSync(path)) execFileSync(node, ['gateway/build.mjs']);
  return path;
}

/** Starts a gateway and waits until it listens or ends. @throws Error with its output when it ends */
export async function startChild(options: ChildOptions): Promise<ChildGateway> {
  const child = spawnChild(options);
  const url = await Promise.race([
    child.listens,
    child.ended.then(({ code }) => Promise.reject(new Error(`ended with ${code}: ${child.output()}`))),
  ]);
  return { ...child, url };
}

/** Runs a gateway that is expected to end by itself. */
export async function runChild(options: ChildOptions): Promise<{ code: number | null; output: string }> {
  const child = spawnChild(options);
  const { code } = await child.ended;
  return { code, output: child.output() };
}

/** Makes an app key with the master key, and returns it whole. */
export async function mint(url: string, body: object = { label: 'test' }): Promise<string> {
  const headers = { authorization: `Bearer ${masterKey}` };
  const answer = await fetch(`${url}/admin/keys`, { method: 'POST', headers, body: JSON.stringify(body) });
  return ((await answer.json()) as { key: string }).key;
}

/** Asks for a chat completion. @param more fields of the body, in place of the usual ones */
export function ask(url: string, key: string, text: string, more: object = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model: 'gpt-5.5',
      max_completion_tokens: 200,
      messages: [{ role: 'user', content: text }],
      ...more,
    }),
  });
}

// ---

function spawnChild({ folder, env, command = [node, bundle()], cwd }: ChildOptions) {
  const [program = node, ...args] = command;
  const child = spawn(program, args, {
    cwd: cwd ?? folder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      OVTH_CONFIG: join(folder, 'config.yaml'),
      OVTH_DATA: join(folder, 'data'),
      OVTH_PORT: '0',
      OVTH_MASTER_KEY: masterKey,
      OPENAI_API_KEY: 'sk-upstream',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let watchers: { text: string; wake: () => void }[] = [];
  const hear = (part: Buffer) => {
    output += part.toString();
    watchers = watchers.filter(({ text, wake }) => !output.includes(text) || wake());
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const kill = closingOnce(() => {
    child.kill('SIGKILL');
    return ended;
  });
  void ended.then(kill); // nothing is left to be closed
  const says = (text: string) =>
    new Promise<void>((wake) => {
      if (output.includes(text)) wake();
      else watchers.push({ text, wake });
    });
  const listens = says('listening on http').then(() => /listening on (http:\/\/[^"\s]+)/.exec(output)?.[1] ?? '');
  return { process: child, folder, output: () => output, ended, says, listens };
}
