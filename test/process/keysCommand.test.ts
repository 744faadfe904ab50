// `ovth keys`, as an operator types it, against a gateway that runs.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { bundle, node, useChildScene } from '../support/child';
import { masterKey } from '../support/gateway';

const scene = useChildScene(
  () => 'quota: {users: {bob: {limits: [{usd: 2, per: day}]}}, tags: {dark: {limits: [{usd: 0.0005, per: day, enforce: false}]}}}\n', // prettier-ignore
  () => ({ OPENAI_API_KEY: 'sk-x' }),
);
let url = '';
beforeEach(async () => {
  ({ url } = await scene.start());
});

/** @param env of the command alone */
const ovth = (args: readonly string[], env: Record<string, string | undefined> = {}) => {
  const port = new URL(url).port;
  const { status, stdout, stderr } = spawnSync(node, [bundle(), 'keys', ...args], {
    cwd: scene.folder,
    env: { OVTH_PORT: port, OVTH_MASTER_KEY: masterKey, ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};
const json = (args: readonly string[], env = {}) => {
  const { status, stdout, stderr } = ovth([...args, '--json'], env);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};
const works = async (key: string) =>
  (await fetch(`${url}/v1/models/gpt-5.5`, { headers: { authorization: `Bearer ${key}` } })).status;

test('a key is minted with its limits, listed, topped up, and revoked', async () => {
  expect(ovth([]).stdout).toBe('There are no keys yet: ovth keys mint --label NAME.\n');
  const minted = ovth([
    ...['mint', '--label', 'cursor', '--user', 'ada', '--usd', '2.5', '--per', 'lifetime'],
    ...['--routes', 'auto, cheap', '--tags', 'lab', '--rpm', '9', '--note', 'the laptop'],
  ]);
  expect([minted.status, minted.stderr.split('\n')]).toEqual([
    0,
    [expect.stringMatching(/^warning: routes\[0\]: "auto" is not a route/), expect.stringContaining('"cheap"'), ''],
  ]);
  const [key = '', told = ''] = minted.stdout.split('\n');
  expect(key).toMatch(/^ovth_live_/);
  expect(told).toMatch(/^Key "cursor" \(key_\w+\)\. It is shown this once/);
  expect(json(['list']).data).toMatchObject([
    { label: 'cursor', user: 'ada', routes: ['auto', 'cheap'], tags: ['lab'], rpm: 9, note: 'the laptop' },
  ]);
  const table = ovth(['list']).stdout;
  expect(table).toMatch(/ 2\.50 USD for good\n +9 requests a minute\n/);
  expect(table).not.toContain(key);
  expect(ovth(['top-up', 'cursor', '--usd', '1']).stdout).toMatch(/was topped up; left: 3\.50 USD for good\.\n$/);
  const { id } = json(['top-up', 'cursor', '--usd', '0.5']);
  expect(json([]).data[0].limits[0]).toMatchObject({ usd: 2.5, topped_up: 1.5, remaining: 4 });
  expect(ovth(['revoke', id]).stdout).toMatch(/^Key "cursor" \(key_\w+\) is revoked since 20/);
  expect(await works(key)).toBe(401);
});

test('what is left says whose it is, which limits are shadows, and amounts below a cent', () => {
  const mint = ['mint', '--label', 'app', '--user', 'bob', '--tags', 'dark', '--usd', '0.25', '--per', 'month', '--expires-at', '2099-01-01']; // prettier-ignore
  expect(json(mint)).toMatchObject({ expires_at: '2099-01-01T00:00:00.000Z' });
  const lines = ovth([]).stdout.trimEnd().split('\n').slice(2);
  expect(lines.map((line) => line.trim().split(/ {2,}/).at(-1))).toEqual([
    '0.25 USD a month',
    '2.00 USD a day of user "bob"',
    '0.000500 USD a day of tag "dark" (shadow)',
  ]);
});

describe('a top-up whose answer is lost', () => {
  /**
   * Passes everything on, and cuts the connection of the first `lost` top-ups once the gateway has answered.
   * @param masterKeyAfter what comes with the others: the gateway may have got another one meanwhile
   */
  const startLossy = async (lost: number, masterKeyAfter?: string, lateMs = 0) => {
    const keys: unknown[] = [];
    const server = createServer((request, response) => {
      const cut = request.method === 'PATCH' && keys.push(request.headers['idempotency-key']) <= lost;
      const other = request.method === 'PATCH' && !cut && masterKeyAfter !== undefined;
      const headers = {
        authorization: other ? `Bearer ${masterKeyAfter}` : request.headers.authorization,
        'idempotency-key': request.headers['idempotency-key'],
      };
      const onward = httpRequest(
        url + request.url,
        { method: request.method, headers: JSON.parse(JSON.stringify(headers)) },
        (answer) => {
          const pass = () => answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers));
          if (!cut) return void setTimeout(pass, request.method === 'PATCH' ? lateMs : 0);
          answer.resume().once('end', () => response.destroy());
        },
      );
      request.pipe(onward);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, keys, close: () => server.close().closeAllConnections() };
  };
  // Beside this process, which passes on what the command asks.
  const topUpVia = async (through: string, more: readonly string[] = []) => {
    const child = spawn(node, [bundle(), 'keys', 'top-up', 'cursor', '--usd', '1', ...more], {
      cwd: scene.folder,
      env: { OVTH_URL: through, OVTH_MASTER_KEY: masterKey },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
    const [status] = (await once(child, 'close')) as [number];
    return { status, said };
  };
  const potOf = () => json([]).data[0].limits[0];
  beforeEach(() => {
    json(['mint', '--label', 'cursor', '--usd', '2', '--per', 'lifetime']);
  });

  test('is asked for again, and added once', async () => {
    const lossy = await startLossy(2);
    const { status, said } = await topUpVia(lossy.url);
    lossy.close();
    expect([status, said]).toEqual([0, expect.stringContaining('was topped up; left: 3.00 USD for good')]);
    expect(lossy.keys).toEqual([lossy.keys[0], lossy.keys[0], lossy.keys[0]]);
    expect(potOf()).toMatchObject({ topped_up: 1 });
    expect(ovth(['top-up', 'cursor', '--usd', '1']).status).toBe(0); // another act
    expect(potOf()).toMatchObject({ topped_up: 2 });
  });

  test('or is late tells whoever waits whom it waits for', async () => {
    const slow = await startLossy(0, undefined, 2_300);
    const { status, said } = await topUpVia(slow.url);
    slow.close();
    expect([status, said.split('\n')]).toEqual([
      0,
      [`waiting for the gateway at ${slow.url}`, expect.stringContaining('was topped up'), ''],
    ]);
  });

  test('and is refused when it is asked for again says that it may have been done', async () => {
    const lossy = await startLossy(1, 'wrong'.repeat(9));
    const { status, said } = await topUpVia(lossy.url);
    lossy.close();
    expect([status, said]).toEqual([77, expect.stringContaining('not valid here')]);
    expect(said).toContain(`It may have been done all the same: the same command with --idempotency-key `);
    expect(lossy.keys).toHaveLength(2);
    expect(potOf()).toMatchObject({ topped_up: 1 });
  });

  test('and stays lost says how it is gone on with', async () => {
    const lossy = await startLossy(Infinity);
    const { status, said } = await topUpVia(lossy.url);
    lossy.close();
    expect(status).toBe(69);
    const key = /--idempotency-key (\S+) does it once in all/.exec(said)?.[1] ?? '';
    expect(lossy.keys).toEqual([`"${key}"`, `"${key}"`, `"${key}"`]);
    expect(ovth(['top-up', 'cursor', '--usd', '1', '--idempotency-key', key]).status).toBe(0);
    expect(potOf()).toMatchObject({ topped_up: 1 });
    expect(ovth(['top-up', 'cursor', '--usd', '9', '--idempotency-key', key])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('was used for something else'),
    });
  });
});

test('a label that several keys have, or none, is refused with what there is', () => {
  const [one, two] = [json(['mint', '--label', 'app']), json(['mint', '--label', 'app'])];
  const { status, stderr } = ovth(['revoke', 'app']);
  expect([status, stderr]).toEqual([64, `2 keys are called "app"; name one by its id: ${one.id}, ${two.id}.\n`]);
  expect(json(['revoke', one.id]).revoked_at).not.toBeNull();
  expect(json(['revoke', 'app']).id).toBe(two.id);
  expect(ovth(['revoke', 'app'])).toMatchObject({ status: 64, stderr: expect.stringContaining('no key "app"') });
});

test('a command line that asks for nothing there is is refused with what there is: 64', () => {
  const refusals: [args: string[], why: string][] = [
    [['mint'], 'a key needs a label'],
    [['mint', '--label', 'x', '--usd', '5'], 'a limit is one of --usd, --tokens and --requests, with --per'],
    [['mint', '--label', 'x', '--usd', '5', '--per', 'fortnight'], 'with --per minute|day|week|month|lifetime'],
    [['mint', '--label', 'x', '--rpm', 'many'], '--rpm takes a number above 0'],
    [['top-up', 'x'], 'name what is added'],
    [['top-up', '--usd', '5'], 'name the key first'],
    [['top-up', 'x', '--usd', '5', '--idempotency-key', 'ä'], '--idempotency-key takes 1 to 255 characters of ASCII'],
    [['borrow'], '"keys" does not know "borrow"'],
    [['list', '--master-key', 'x'], 'There are: --json, --url'],
    [['--url', 'http://llm.example.com'], 'must be https://'],
  ];
  for (const [args, why] of refusals)
    expect(ovth(args)).toMatchObject({ status: 64, stdout: '', stderr: expect.stringContaining(why) });
});

test('the exit code says who refused', async () => {
  const wrong = { OVTH_MASTER_KEY: 'wrong'.repeat(9) };
  expect(ovth([], wrong)).toMatchObject({ status: 77, stdout: '', stderr: expect.stringContaining('not valid here') });
  const made = await fetch(`${url}/admin/credentials`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}` },
    body: '{"label":"reader","scopes":["read"]}',
  });
  const { credential } = (await made.json()) as { credential: string };
  const reader = { OVTH_ADMIN_CREDENTIAL: credential };
  expect(json([], reader).data).toEqual([]);
  expect(ovth(['mint', '--label', 'x'], reader)).toMatchObject({
    status: 77,
    stderr: expect.stringContaining('has read'),
  });
  expect(ovth(['mint', '--label', 'x', '--models', 'gpt-5.5', '--expires-at', 'soon'])).toMatchObject({ status: 1 });
  const nobody = ovth(['--url', 'http://127.0.0.1:9']);
  expect([nobody.status, nobody.stderr]).toEqual([
    69,
    expect.stringMatching(/^no gateway answers at http:\/\/127\.0\.0\.1:9 \(.+\); start it, or name its address/),
  ]);
});

test('the master key is found where the gateway keeps its own, and is sent to no other address', async () => {
  const [first] = scene.children;
  first!.process.kill('SIGTERM');
  await first!.ended;
  ({ url } = await scene.start({ env: { OVTH_MASTER_KEY: undefined } }));
  const none = { OVTH_MASTER_KEY: undefined, OVTH_DATA: join(scene.folder, 'data') };
  expect(ovth([], none)).toMatchObject({ status: 0 });
  expect(ovth(['--url', url], none)).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('set OVTH_MASTER_KEY'),
  });
  rmSync(join(scene.folder, 'data', 'master.key'));
  expect(ovth([], none)).toMatchObject({ status: 64, stderr: expect.stringContaining('holds no master.key') });
});

test('on a box the master key is that of secrets.env', () => {
  writeFileSync(join(scene.folder, 'secrets.env'), `OVTH_MASTER_KEY=${masterKey}\n`);
  expect(ovth(['list'], { OVTH_MASTER_KEY: undefined })).toMatchObject({ status: 0, stderr: '' });
});
