// Runs other programs from the project's folder.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** The project's folder. */
export const folder = resolve(__dirname, '..', '..');

/** What a program gets beside its arguments. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program and shows what it prints. @throws Error when it fails */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  await start(program, args, options, (text) => process.stdout.write(text));
}

/** Runs a program and returns what it prints. @throws Error when it fails */
export async function output(program: string, args: readonly string[]): Promise<string> {
  let all = '';
  await start(program, args, {}, (text) => (all += text));
  return all;
}

// ---

function start(
  program: string,
  args: readonly string[],
  { input = '', env = {} }: RunOptions,
  hear: (text: string) => void,
): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(program, [...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', fail);
    child.on('close', (code) => (code === 0 ? done() : fail(new Error(`${program} ${args[0]} ended with ${code}`))));
  });
}
