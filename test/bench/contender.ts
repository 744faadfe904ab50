// Everything that is measured: how each contender is started, and how a request reaches it.

import type { ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answering, logged, measuredCore, startChild, stopChild } from './child';
import { clockMs, type Target } from './jobs';
import { litellmCommand, Unavailable } from './litellm';
import type { StallTold } from './stalls';

/** Every contender, in the order of the report's notes. */
export const contenderNames = [
  'direct',
  'ovth-process',
  'ovth',
  'ovth-against',
  'bare-fastify',
  'bare-http',
  'portkey',
  'litellm',
] as const;
/** The name of a contender, as in the report. */
export type ContenderName = (typeof contenderNames)[number];

/** What each contender is, for the report. */
export const contenderNotes: Readonly<Record<ContenderName, string>> = {
  direct: 'straight to the upstream: what load generator and upstream can do',
  'ovth-process': 'this gateway, storage.durability: process; key, quota, ledger and log on',
  ovth: 'this gateway as it comes, storage.durability: power_loss; key, quota, ledger and log on',
  'ovth-against': 'the gateway that --against names, as ovth-process',
  'bare-fastify': 'Fastify and undici, body and answer untouched: the measure of all ratios',
  'bare-http': 'node:http and undici, the same',
  portkey: '@portkey-ai/gateway from npm; no keys, quota or ledger',
  litellm: 'litellm[proxy] from PyPI, one worker; master key, no virtual keys, quota or ledger',
};

/** One that runs. */
export interface Contender {
  readonly name: ContenderName;
  /** Undefined for `direct`. */
  readonly pid: number | undefined;
  readonly target: Target;
  /** From its start to the line that says it listens. */
  readonly startMs: number;
  /** The longest its event loop was held since it was last asked, in ms. Only where it is watched. */
  stallMs(): Promise<number>;
  stop(): Promise<void>;
}

/** What `npm start` and the image give Node. The bare proxies get the same, so that only the work differs. */
const flags = ['--max-old-space-size=192', '--max-semi-space-size=8'];
const environment = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '1048576',
  NODE_COMPILE_CACHE: 'node_modules/.cache/compiled',
};
const watch = ['--require', './dist/tools/stalls.js'];
const masterKey = 'bench-master-key-0123456789-abcdefghijkl';
const path = '/v1/chat/completions';
const listening = /listening on http:\/\/127\.0\.0\.1:(\d+)/;

/**
 * Starts one.
 * @param folder for its data and log; a second start in the same one finds what the first left.
 * @param watched its event loop is
 * @param against the folder of the tree that `ovth-against` is built in
 * @throws Unavailable where this machine cannot run it; only for `litellm`, which needs Python
 */
export async function startContender(
  name: ContenderName,
  upstreamPort: number,
  folder: string,
  watched = false,
  against = '',
): Promise<Contender> {
  mkdirSync(folder, { recursive: true });
  switch (name) {
    case 'direct':
      return {
        name,
        pid: undefined,
        target: targetAt(upstreamPort),
        startMs: 0,
        stallMs: unwatched,
        stop: async () => undefined,
      };
    case 'ovth':
    case 'ovth-process':
      return startOvth(name, upstreamPort, folder, watched, 'dist/gateway.js');
    case 'ovth-against':
      return startOvth(name, upstreamPort, folder, watched, join(against, 'dist/gateway.js'));
    case 'bare-fastify':
      return startBare(name, 'dist/tools/bareFastify.js', upstreamPort, folder, watched);
    case 'bare-http':
      return startBare(name, 'dist/tools/bareHttp.js', upstreamPort, folder, watched);
    case 'portkey':
      return startPortkey(upstreamPort, folder);
    case 'litellm':
      return startLitellm(upstreamPort, folder);
  }
}

// ---

function targetAt(port: number, headers: Readonly<Record<string, string>> = {}): Target {
  return { port, path, headers: { authorization: 'Bearer sk-bench', ...headers } };
}

async function startOvth(
  name: 'ovth' | 'ovth-process' | 'ovth-against',
  upstreamPort: number,
  folder: string,
  watched: boolean,
  program: string,
): Promise<Contender> {
  writeFileSync(
    join(folder, 'config.yaml'),
    `providers:
  openai: {base_url: "http://127.0.0.1:${upstreamPort}/v1"}
quota: {daily_tokens: 1000000000000}
storage: {durability: ${name === 'ovth' ? 'power_loss' : 'process'}}
`,
  );
  const logPath = join(folder, 'log');
  const startedAt = clockMs();
  const child = startChild({
    core: measuredCore,
    arguments: [...flags, ...(watched ? watch : []), program],
    channel: watched,
    environment: {
      ...environment,
      OVTH_CONFIG: join(folder, 'config.yaml'),
      OVTH_DATA: join(folder, 'data'),
      OVTH_PORT: '0',
      OVTH_MASTER_KEY: masterKey,
      OPENAI_API_KEY: 'sk-bench',
    },
    logPath,
  });
  const port = Number((await logged(child, logPath, listening))[1]);
  const startMs = clockMs() - startedAt;
  const minted = await fetch(`http://127.0.0.1:${port}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}`, connection: 'close' },
    body: '{"label":"bench"}',
  });
  const { key } = (await minted.json()) as { key: string };
  return running(name, child, targetAt(port, { authorization: `Bearer ${key}` }), startMs);
}

async function startBare(
  name: ContenderName,
  program: string,
  upstreamPort: number,
  folder: string,
  watched: boolean,
): Promise<Contender> {
  const logPath = join(folder, 'log');
  const startedAt = clockMs();
  const child = startChild({
    core: measuredCore,
    arguments: [...flags, ...(watched ? watch : []), program, `http://127.0.0.1:${upstreamPort}`, path],
    channel: watched,
    environment,
    logPath,
  });
  const port = Number((await logged(child, logPath, listening))[1]);
  return running(name, child, targetAt(port), clockMs() - startedAt);
}

// As its package starts it, with Node's own memory settings.
async function startPortkey(upstreamPort: number, folder: string): Promise<Contender> {
  const logPath = join(folder, 'log');
  const port = await freePort();
  const startedAt = clockMs();
  const child = startChild({
    core: measuredCore,
    arguments: ['test/bench/node_modules/@portkey-ai/gateway/build/start-server.js', '--headless', `--port=${port}`],
    environment: { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1' },
    logPath,
  });
  await logged(child, logPath, /Ready for connections/);
  const target = targetAt(port, {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
  });
  return running('portkey', child, target, clockMs() - startedAt);
}

// As its documentation advises for production, with one worker because it has one core.
async function startLitellm(upstreamPort: number, folder: string): Promise<Contender> {
  const command = litellmCommand();
  const key = `sk-${randomBytes(16).toString('hex')}`; // it refuses weak ones
  const port = await freePort();
  const logPath = join(folder, 'log');
  writeFileSync(
    join(folder, 'litellm.yaml'),
    `model_list:
  - model_name: gpt-5.5
    litellm_params: {model: openai/gpt-5.5, api_base: "http://127.0.0.1:${upstreamPort}/v1", api_key: sk-bench}
`,
  );
  const startedAt = clockMs();
  const child = startChild({
    core: measuredCore,
    program: command.program,
    arguments: [...command.arguments, ...['--config', join(folder, 'litellm.yaml'), '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1']], // prettier-ignore
    environment: {
      LITELLM_MASTER_KEY: key,
      LITELLM_LOCAL_MODEL_COST_MAP: 'True', // else it fetches prices from the internet at every start
      LITELLM_MODE: 'PRODUCTION',
      LITELLM_LOG: 'ERROR',
    },
    logPath,
    quiet: true,
  });
  try {
    await answering(child, `http://127.0.0.1:${port}/health/liveliness`);
  } catch (error) {
    await stopChild(child);
    const reason = error instanceof Error ? error.message : String(error);
    const lastWords = readFileSync(logPath, 'utf8').trimEnd().split('\n').at(-1) ?? '';
    throw new Unavailable(`LiteLLM did not start (${reason}). The last line of its log: ${lastWords.trim()}`);
  }
  return running('litellm', child, targetAt(port, { authorization: `Bearer ${key}` }), clockMs() - startedAt);
}

function running(name: ContenderName, child: ChildProcess, target: Target, startMs: number): Contender {
  if (child.pid === undefined) throw new Error(`${name} could not be started`);
  return { name, pid: child.pid, target, startMs, stallMs: () => askStall(child), stop: () => stopChild(child) };
}

const unwatched = () => Promise.reject(new Error('nobody watches its event loop'));

async function askStall(child: ChildProcess): Promise<number> {
  if (child.channel === undefined || child.channel === null) return unwatched();
  const told = once(child, 'message', { signal: AbortSignal.timeout(10_000) });
  child.send('stall');
  const [{ stallMs }] = (await told) as [StallTold];
  return stallMs;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
