// `npm run demo`: a gateway with simulated providers, shown working. Nothing in it is special to the demo but the
// addresses of the providers: the gateway is the one `npm start` runs, as a process of its own.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { randomBytes } from 'node:crypto';
import { anthropicCurl, openaiCurl, providersAt } from '../support/guide';
import { startSimulators, type Simulators } from './index';

// The guide's configuration, with models that stay.
const config = `routes:
  auto: {strategy: cheapest-capable, providers: [anthropic, openai, google]}
  cheap: {providers: [google, anthropic], models: [gemini-3.5-flash-lite, claude-haiku-4.5]}
  smart: {providers: [anthropic, openai], models: [claude-opus-4.7, gpt-6.2-sol]}
quota: {daily_tokens: 500000, per_user: true}
`;

interface Shown {
  title: string;
  path: string;
  headers: Record<string, string>;
  body: object;
}

async function main(): Promise<number> {
  const { once, port } = readArguments();
  const simulators = await startSimulators();
  const folder = mkdtempSync(join(tmpdir(), 'ovth-demo-'));
  const masterKey = randomBytes(32).toString('hex');
  writeFileSync(join(folder, 'config.yaml'), config + providersAt(simulators));
  const gateway = spawn(process.execPath, ['--max-old-space-size=192', '--max-semi-space-size=8', 'dist/gateway.js'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      OVTH_CONFIG: join(folder, 'config.yaml'),
      OVTH_DATA: join(folder, 'data'),
      OVTH_PORT: String(port),
      OVTH_MASTER_KEY: masterKey,
      OPENAI_API_KEY: simulators.openai.key,
      ANTHROPIC_API_KEY: simulators.anthropic.key,
      GOOGLE_API_KEY: simulators.google.key,
    },
  });
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  try {
    const url = await listening(gateway);
    const usage = (calls: number) => usageOf(join(folder, 'data'), calls);
    const good = await show({ url, masterKey, usage }, simulators);
    if (once) return good ? 0 : 1;
    await Promise.race([interrupted, new Promise((resolve) => gateway.once('exit', resolve))]);
    return 0;
  } finally {
    await stopped(gateway);
    await simulators.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function readArguments(): { once: boolean; port: number } {
  try {
    const { values } = parseArgs({
      options: { once: { type: 'boolean', default: false }, port: { type: 'string', default: '8080' } },
    });
    if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535)
      throw new Error(`--port must be a port from 0 to 65535, found "${values.port}"`);
    return { once: values.once, port: Number(values.port) };
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : String(error)}\nUsage: npm run demo -- [--once] [--port N]`,
    );
    process.exit(64);
  }
}

// The gateway's log is read for one line; of the others, only what is wrong is shown.
function listening(gateway: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    gateway.once('exit', (code) => reject(new Error(`the gateway ended with code ${code}`)));
    if (gateway.stdout === null) return;
    createInterface(gateway.stdout).on('line', (line) => {
      const url = /listening on (http:\/\/[^"\s]+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      if (/"level":"(warn|error)"/.test(line)) console.log(`  gateway: ${line}`);
    });
  });
}

function stopped(gateway: ChildProcess): Promise<void> {
  if (gateway.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    gateway.once('exit', () => resolve());
    gateway.kill('SIGTERM');
  });
}

// The operator's own command, beside the gateway that runs. @returns its table; undefined where it has none of all calls
function usageOf(data: string, calls: number): string | undefined {
  const args = ['dist/gateway.js', 'usage', '--group-by', 'key,model'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, OVTH_DATA: data },
  });
  if (status === 0 && new RegExp(`^total +${calls} `, 'm').test(stdout)) return stdout.trimEnd();
  console.log(`  WRONG: ovth usage ended with ${status}: ${stdout}${stderr}`);
  return undefined;
}

interface Demo {
  readonly url: string;
  readonly masterKey: string;
  /** What was spent in so many calls, as a table; undefined where it is not that. */
  readonly usage: (calls: number) => string | undefined;
}

async function show({ url, masterKey, usage }: Demo, simulators: Simulators): Promise<boolean> {
  const models = (await (await fetch(`${url}/v1/models`)).json()) as { data: unknown[] };
  console.log(
    `\nThe gateway listens on ${url} and offers ${models.data.length} models and routes.\nIts providers are simulators on this machine: real wire formats, computed answers.\n`,
  );
  const minted = await fetch(`${url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}` },
    body: '{"label":"cursor","quota":{"daily_tokens":100000}}',
  });
  const { key } = (await minted.json()) as { key: string };
  const openai = {
    title: 'OpenAI shape',
    path: '/v1/chat/completions',
    headers: { authorization: `Bearer ${key}` },
    body: openaiCurl,
  };
  const anthropic = {
    title: 'Anthropic shape',
    path: '/anthropic/v1/messages',
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
    body: { ...anthropicCurl, model: 'claude-sonnet-5' },
  };
  const calls: Shown[] = [openai, anthropic].flatMap((call) => [
    call,
    { ...call, title: `${call.title}, streamed`, body: { ...call.body, stream: true } },
  ]);
  let good = true;
  for (const call of calls) good = (await showCall(url, masterKey, simulators, call)) && good;
  const table = usage(calls.length);
  good &&= table !== undefined;
  console.log(`What that cost (ovth usage --group-by key,model):\n\n${table?.replace(/^/gm, '  ') ?? ''}\n`);
  console.log(`Paste into a client:

  OPENAI_BASE_URL=${url}/v1
  OPENAI_API_KEY=${key}

  ANTHROPIC_BASE_URL=${url}/anthropic
  ANTHROPIC_AUTH_TOKEN=${key}

  Master key, for ${url}/admin: ${masterKey}

${good ? 'Every call reached its provider once, and the ledger booked what the provider reported.' : 'SOMETHING IS WRONG: see above.'}
Ctrl-C ends it; nothing is kept.`);
  return good;
}

async function showCall(url: string, masterKey: string, simulators: Simulators, call: Shown): Promise<boolean> {
  simulators.reset();
  const answer = await fetch(url + call.path, {
    method: 'POST',
    headers: call.headers,
    body: JSON.stringify(call.body),
  });
  const text = await answer.text();
  const sample = text.length > 900 ? `${text.slice(0, 900)}…` : text.trimEnd();
  console.log(
    `${call.title}: POST ${call.path} ${JSON.stringify(call.body)}\n  ${answer.status}  route: ${answer.headers.get('x-ovth-route') ?? 'none'}\n${sample.replace(/^/gm, '  | ')}\n`,
  );
  const problems = await inspect(url, masterKey, simulators, answer);
  for (const problem of problems) console.log(`  WRONG: ${problem}`);
  return problems.length === 0;
}

const ownPath = {
  openai: /^\/v1\/chat\/completions$/,
  anthropic: /^\/v1\/messages$/,
  google: /^\/v1beta\/models\/[^/]+:(streamGenerateContent\?alt=sse|generateContent)$/,
};
const keyHeader = { openai: 'authorization', anthropic: 'x-api-key', google: 'x-goog-api-key' };

// Whether the call went out exactly once, where and as it should, and was booked as the provider counted it.
async function inspect(url: string, masterKey: string, simulators: Simulators, answer: Response): Promise<string[]> {
  const problems: string[] = [];
  if (answer.status !== 200) problems.push(`the answer's status is ${answer.status}`);
  const all = [simulators.openai, simulators.anthropic, simulators.google];
  const calls = all.flatMap((simulator) => simulator.calls.map((made) => ({ simulator, made })));
  const [only] = calls;
  if (calls.length !== 1 || only === undefined)
    return [...problems, `${calls.length} calls reached the providers, not 1`];
  const { simulator, made } = only;
  if (!ownPath[simulator.provider].test(made.path)) problems.push(`the provider was called at ${made.path}`);
  if (!made.headers[keyHeader[simulator.provider]]?.endsWith(simulator.key))
    problems.push("the provider was not called with the provider's key");
  const id = answer.headers.get('x-request-id') ?? '';
  const booked = await fetch(`${url}/admin/requests/${id}`, { headers: { authorization: `Bearer ${masterKey}` } });
  const row = (await booked.json()) as { input?: number; output?: number; estimated?: boolean };
  if (row.input !== made.usage?.input || row.output !== made.usage?.output || row.estimated !== false) {
    problems.push(`the ledger booked ${JSON.stringify(row)}, the provider reported ${JSON.stringify(made.usage)}`);
  }
  return problems;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
