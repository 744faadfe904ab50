// The ledger's continuous copy, with the real Litestream and an S3-compatible server: sudden death, a wiped disk, and what
// comes back. Without either program the suite is skipped, loudly.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { litestreamConfig } from '../../infra/render/backup';
import { startSimulators, type Simulators } from '../simulators';
import { ask, bundle, mint, node, useChildScene } from '../support/child';
import { masterKey } from '../support/gateway';
import { providersAt } from '../support/guide';
import { closingOnce } from '../support/opened';
import { type S3Server, s3Installed, startS3 } from '../support/s3';
import { describeIf } from '../support/shared';
import { findTool } from '../support/tools';

const litestream = findTool('litestream');
const present = s3Installed() && litestream !== undefined;

test('CI has what this suite needs', () => {
  expect(present || process.env['CI'] === undefined).toBe(true);
});

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators();
});
afterAll(() => simulators.close());
beforeEach(() => simulators.reset());
const scene = useChildScene(
  () => providersAt(simulators),
  () => ({ OPENAI_API_KEY: simulators.openai.key }),
);
const data = (name = '') => join(scene.folder, 'data', name);
const configPath = () => join(scene.folder, 'litestream.yml');
const socket = () => join(scene.folder, 'control.sock');

// Litestream fails where this names a file that is no list of certificates.
const environment = () => {
  const { AWS_CA_BUNDLE: _unused, ...rest } = process.env;
  return rest;
};

const ovth = (...args: string[]) => {
  const ran = spawnSync(node, [bundle(), ...args], {
    env: { ...environment(), OVTH_DATA: data(), OVTH_LITESTREAM: litestream },
    encoding: 'utf8',
  });
  return { code: ran.status, output: ran.stdout + ran.stderr, stdout: ran.stdout };
};

interface Report {
  rows: number;
  last_settled_at: number;
  open_requests: number;
  problems: string[];
  totals: Record<string, number>;
  key_changes: { label: string; revoked: boolean }[];
}
const check = (): Report => {
  const ran = ovth('ledger', 'check', '--json');
  expect(ran).toMatchObject({ code: 0 });
  return JSON.parse(ran.stdout) as Report;
};

const rowsIn = (folder: string) => {
  const db = new DatabaseSync(join(folder, 'ledger.db'), { timeout: 5_000 });
  try {
    return db.prepare('select * from requests order by seq').all() as { seq: number; kind: string; ended_at: number }[];
  } finally {
    db.close();
  }
};

const copying: ChildProcess[] = [];
afterEach(async () => {
  for (const child of copying.splice(0)) await kill(child);
});
const kill = async (child: ChildProcess) => {
  const ended = new Promise((resolve) => child.once('close', resolve));
  if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended;
};

const startCopy = (server: S3Server) => {
  const text = litestreamConfig({
    backup: {
      ...{ endpoint: `http://127.0.0.1:${server.port}`, bucket: server.bucket, prefix: 'ovth' },
      ...{ path_style: true, keep_days: 7 },
    },
    keys: server.keys,
    ...{ ledger: 'a'.repeat(32), database: data('ledger.db'), socket: socket() },
  });
  writeFileSync(configPath(), text, { mode: 0o600 });
  const child = spawn(litestream!, ['replicate', '-config', configPath(), '-no-expand-env'], {
    env: environment(),
    stdio: 'ignore',
  });
  copying.push(child);
  const close = closingOnce(() => kill(child));
  child.once('close', () => void close());
  return child;
};

// Asks Litestream for a copy of all that is committed, and waits until the bucket has it.
const copied = async (): Promise<void> => {
  while (
    !existsSync(socket()) ||
    spawnSync(litestream!, ['sync', '-wait', '-socket', socket(), data('ledger.db')], { env: environment() }).status !==
      0
  )
    await new Promise((wake) => setTimeout(wake, 100));
};

const loseDisk = () => {
  rmSync(data(), { recursive: true });
  mkdirSync(data());
};

describeIf(present)('a ledger with a copy in a bucket', () => {
  let s3: S3Server;
  beforeEach(async () => {
    s3 = await startS3(join(scene.folder, 's3'));
  });
  afterEach(() => s3.close());

  test('kill -9 and a wiped disk lose 10 s at most, and it serves again within 60 s [K1]', async () => {
    const first = await scene.start();
    const key = await mint(first.url);
    const revoked = await mint(first.url, { label: 'leaked' });
    const copy = startCopy(s3);
    let alive = true;
    let failed = 0;
    const client = async () => {
      while (alive)
        await ask(first.url, key, '[[sim: usage=40/10]] hi').then(
          async (answer) => void (failed += (await answer.text()) === '' || answer.status !== 200 ? 1 : 0),
          () => undefined, // it was killed
        );
    };
    const clients = [client(), client(), client(), client()];
    await copied();
    const early = rowsIn(data()).length;
    const held = ask(first.url, key, '[[sim: hold=for-ever]] hi').catch(() => undefined);
    // A fast machine makes hundreds of rows between two uploads: the bucket must have got some of them as well.
    const uploaded = s3.objects().length;
    while (rowsIn(data()).length < early + 300 || s3.objects().length <= uploaded + 1)
      await new Promise((wake) => setTimeout(wake, 200));

    const died = Date.now();
    first.process.kill('SIGKILL');
    copy.kill('SIGKILL');
    await first.ended;
    alive = false;
    await Promise.all(clients);
    simulators.release('for-ever');
    await held;
    const before = rowsIn(data()); // all that was acknowledged: a commit is on disk
    cpSync(data(), join(scene.folder, 'kept'), { recursive: true });
    loseDisk();

    const restored = ovth('restore', '--config', configPath());
    expect(restored).toMatchObject({ code: 0 });
    expect(restored.output).toContain('It adds up');
    expect(restored.output).toMatch(/minted {2}valid {2}leaked/);
    const report = check();
    expect(report.open_requests).toBeGreaterThan(0); // settled when a gateway starts
    const after = rowsIn(data());
    expect(after).toEqual(before.slice(0, after.length));
    expect(after.length).toBeGreaterThan(early);
    const lost = before.slice(after.length);
    const since = died - (after.at(-1)?.ended_at ?? 0);

    const second = await scene.start();
    expect((await ask(second.url, key, 'hi')).status).toBe(200);
    const serving = Date.now() - died;
    console.log(
      `${before.length} rows, ${lost.length} lost: those of the last ${since} ms; serving again ${serving} ms after the death`,
    );
    expect(since).toBeLessThan(10_000);
    expect(serving).toBeLessThan(60_000);
    expect(failed).toBe(0);
    expect((await ask(second.url, revoked, 'hi')).status).toBe(200);
    second.process.kill('SIGTERM');
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(check()).toMatchObject({ open_requests: 0, problems: [] });
    expect(rowsIn(data()).filter(({ kind }) => kind === 'crash')).toHaveLength(report.open_requests);

    // The ledger that was killed adds up as well, and a folder that has one is not restored into.
    cpSync(join(scene.folder, 'kept'), data(), { recursive: true, force: true });
    rmSync(data('ledger.db-shm'), { force: true });
    expect(check().rows).toBe(before.length);
    expect(ovth('restore', '--config', configPath())).toMatchObject({
      code: 1,
      output: expect.stringContaining('move it away'),
    });
  }, 180_000);

  test('copying goes on after a restore, after its own death, and beside a gateway that checkpoints by itself', async () => {
    const first = await scene.start();
    const key = await mint(first.url);
    let copy = startCopy(s3);
    await copied();
    await kill(copy);
    // What it has not seen is written over: it must notice, and begin anew with the whole ledger.
    for (let i = 0; i < 20; i++) await (await ask(first.url, key, 'hi')).text();
    const db = new DatabaseSync(data('ledger.db'), { timeout: 5_000 });
    db.exec('pragma wal_checkpoint(truncate)');
    db.close();
    for (let i = 0; i < 20; i++) await (await ask(first.url, key, 'hi')).text();
    copy = startCopy(s3);
    await copied();
    first.process.kill('SIGKILL');
    await first.ended;
    await kill(copy);
    loseDisk();
    expect(ovth('restore', '--config', configPath())).toMatchObject({ code: 0 });
    expect(check().rows).toBe(40);

    const second = await scene.start();
    copy = startCopy(s3);
    for (let i = 0; i < 5; i++) await (await ask(second.url, key, 'hi')).text();
    await copied();
    second.process.kill('SIGKILL');
    await second.ended;
    await kill(copy);
    loseDisk();
    expect(ovth('restore', '--config', configPath())).toMatchObject({ code: 0 });
    expect(check().rows).toBe(45);
  }, 180_000);

  test('a copy that cannot be had, or is of another ledger, leaves the folder empty and says why', async () => {
    const first = await scene.start();
    await mint(first.url);
    startCopy(s3);
    await copied();
    expect(s3.objects()).not.toEqual([]);
    expect(s3.objects().every((name) => name.startsWith(`ovth/${'a'.repeat(32)}/`))).toBe(true);
    first.process.kill('SIGTERM');
    await first.ended;
    for (const child of copying.splice(0)) await kill(child);
    loseDisk();
    const refusals: [string[], string][] = [
      [['--at', '2020-01-01T00:00:00Z'], 'begins before the time asked for'],
      [['--ledger', 'b'.repeat(32)], `and ${'b'.repeat(32)} is wanted`],
    ];
    for (const [args, words] of refusals) {
      const refused = ovth('restore', '--config', configPath(), ...args);
      expect(refused).toMatchObject({ code: 1, output: expect.stringContaining(words) });
      expect(existsSync(data('ledger.db'))).toBe(false);
    }
    expect(refusedWithout()).toMatchObject({ code: 1, output: expect.stringContaining('OVTH_LITESTREAM') });
    const restored = ovth('restore', '--config', configPath(), '--json');
    expect(JSON.parse(restored.stdout.slice(restored.stdout.indexOf('{"ledger"')))).toMatchObject({ problems: [] });
  }, 120_000);

  const refusedWithout = () => {
    const ran = spawnSync(node, [bundle(), 'restore', '--config', configPath()], {
      env: { ...environment(), OVTH_DATA: data(), OVTH_LITESTREAM: join(scene.folder, 'none') },
      encoding: 'utf8',
    });
    return { code: ran.status, output: ran.stdout + ran.stderr };
  };
});

test('`ovth ledger check` finds sums, reservations and rows that do not fit', async () => {
  const child = await scene.start();
  const key = await mint(child.url, { label: 'mine', quota: { daily_tokens: 1_000_000 } });
  for (let i = 0; i < 3; i++) await (await ask(child.url, key, '[[sim: usage=40/10]] hi')).text();
  const held = ask(child.url, key, '[[sim: hold=on]] hi');
  await simulators.openai.waitForStarted(4);
  expect(check()).toMatchObject({ rows: 3, open_requests: 1, problems: [], totals: { requests: 3, counted: 150 } });
  simulators.release('on');
  await (await held).text();
  const usage = await fetch(`${child.url}/admin/requests`, { headers: { authorization: `Bearer ${masterKey}` } });
  expect(((await usage.json()) as { data: unknown[] }).data).toHaveLength(4); // the last is settled
  child.process.kill('SIGTERM');
  await child.ended;
  const harms: [string, string, string][] = [
    ['update usage_hours set counted = counted + 1', 'update usage_hours set counted = counted - 1', 'sums differ'],
    ['update budgets set reserved_tokens = 7', 'update budgets set reserved_tokens = 0', 'budgets hold other amounts'],
    [`update requests set rates = 'x' where seq = 1`, '', 'rates are missing'],
  ];
  for (const [harm, undo, words] of harms) {
    const db = new DatabaseSync(data('ledger.db'));
    db.exec(harm);
    const found = ovth('ledger', 'check');
    db.exec(undo);
    db.close();
    expect(found).toMatchObject({ code: 65, output: expect.stringContaining(words) });
  }
}, 60_000);
