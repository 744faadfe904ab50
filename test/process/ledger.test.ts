// The ledger under processes: two on one file, sudden death, another program's lock, and files that are no ledger of ours.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulators, type Simulators } from '../simulators';
import { ask, bundle, mint, node, runChild, useChildScene } from '../support/child';
import { providersAt } from '../support/guide';
import { describeIf } from '../support/shared';

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
const { start, children } = scene;
// A stream that never asks the ledger for more than it began with.
const roomy = { stream: true, max_completion_tokens: 5_000 };
const ledgerPath = () => join(scene.folder, 'data/ledger.db');
const query = <T>(sql: string): T[] => {
  const db = new DatabaseSync(ledgerPath(), { timeout: 5_000 });
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row })) as T[];
  } finally {
    db.close();
  }
};
const count = (sql: string) => Number(query<{ n: number }>(sql)[0]?.n);
const expectBalanced = () => {
  expect(count('select count(*) n from open_requests')).toBe(0);
  expect(count('select coalesce(sum(reserved_tokens), 0) n from budgets')).toBe(0);
  expect(count('select sum(spent_tokens) n from budgets')).toBe(count('select sum(counted) n from requests'));
  expect(count('select sum(counted) n from usage_hours')).toBe(count('select sum(counted) n from requests'));
};

describe('two processes on one ledger', () => {
  test('1,000 admissions at once admit exactly what fits [G1]', async () => {
    const urls = [(await start()).url, (await start()).url] as const;
    const fit = 600; // more than either is asked for, so that both admit
    const text = (gate: string) => `[[sim: hold=${gate} usage=40/10]] hi`;
    const probe = ask(urls[0], await mint(urls[0]), text('probe'));
    await simulators.openai.waitForStarted(1);
    const need = count('select tokens n from open_requests'); // what a body of this length reserves
    simulators.release('probe');
    await (await probe).text();
    simulators.reset();
    const key = await mint(urls[0], { label: 'crowd', quota: { daily_tokens: need * fit + need - 1 } });
    let refused = 0;
    const answers = Array.from({ length: 1_000 }, async (_, i) => {
      const answer = await ask(urls[i % 2]!, key, text('crowd'));
      refused += answer.status === 429 ? 1 : 0;
      await answer.arrayBuffer();
      return answer.status;
    });
    await simulators.openai.waitForStarted(fit, 60_000);
    while (refused < 1_000 - fit) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(count('select count(*) n from open_requests')).toBe(fit);
    expect(count('select count(distinct instance) n from open_requests')).toBe(2);
    simulators.release('crowd');
    const statuses = await Promise.all(answers);
    expect([200, 429].map((status) => statuses.filter((each) => each === status).length)).toEqual([fit, 1_000 - fit]);
    for (const child of children) child.process.kill('SIGTERM');
    for (const child of children) expect(await child.ended).toMatchObject({ code: 0 });
    expect(count(`select spent_tokens n from budgets where limit_id like 'key:%' order by spent_tokens desc`)).toBe(
      50 * fit,
    );
    expect(count('select count(*) n from open_requests')).toBe(0);
  }, 120_000);

  test('a reaper that meets a living instance leaves its rows, for as long as it lives', async () => {
    const first = await start();
    const second = await start();
    const key = await mint(first.url, { label: 'two', quota: { daily_tokens: 1_000_000 } });
    const mine = ask(first.url, key, '[[sim: hold=a usage=40/10]] hi').catch(() => undefined);
    const other = ask(second.url, key, '[[sim: hold=b usage=40/10]] hi');
    await simulators.openai.waitForStarted(2);
    const third = await start(); // which looks for the dead before it listens
    expect(count('select count(*) n from open_requests')).toBe(2);
    expect(third.output()).not.toContain('left open');
    first.process.kill('SIGKILL');
    await first.ended;
    await mine;
    // One of the two that live settles them within ten seconds, and the other meets what is settled already.
    while (count('select count(*) n from open_requests') > 1) await new Promise((resolve) => setTimeout(resolve, 200));
    expect(query(`select kind, estimated from requests`)).toEqual([{ kind: 'crash', estimated: 1 }]);
    simulators.release('b');
    expect((await other).status).toBe(200);
    for (const child of [second, third]) {
      child.process.kill('SIGTERM');
      expect(await child.ended).toMatchObject({ code: 0 });
    }
    expectBalanced();
  }, 60_000);
});

test('while another program holds the ledger’s lock, streams go on, /livez answers, and nothing acknowledged is lost [H2]', async () => {
  const child = await start();
  const key = await mint(child.url, { label: 'held', quota: { daily_tokens: 1_000_000 } });
  const stream = await ask(child.url, key, '[[sim: hold_after=2 hold=go chunks=8]] hi', roomy);
  const reader = stream.body!.getReader();
  let seen = new TextDecoder().decode((await reader.read()).value);
  const holder = spawn(node, [
    '-e',
    `const db = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
     db.exec('begin immediate'); console.log('held');
     setTimeout(() => { db.exec('rollback'); db.close(); console.log('free'); }, 3_000);`,
    ledgerPath(),
  ]);
  await once(holder.stdout, 'data');
  const began = performance.now();
  const since = () => Math.round(performance.now() - began);
  const freed = once(holder.stdout, 'data').then(since);
  const admitted = ask(child.url, key, '[[sim: usage=40/10]] hi').then(async (answer) => {
    await answer.arrayBuffer();
    return { status: answer.status, at: since() };
  });
  expect((await fetch(`${child.url}/livez`)).status).toBe(200);
  const livez = since();
  simulators.release('go');
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    seen += new TextDecoder().decode(value);
  }
  const streamed = since();
  expect(seen).toContain('data: [DONE]');
  const { status, at } = await admitted;
  expect(status).toBe(200);
  console.info(
    `lock held until ${await freed} ms: /livez at ${livez}, stream ended at ${streamed}, admission at ${at} ms`,
  );
  // The order says it: both came while the lock was held, and the admission once it was free.
  expect(Math.max(livez, streamed)).toBeLessThan(await freed);
  expect(at).toBeGreaterThan(2_500);
  child.process.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 0 });
  expect(count(`select count(*) n from requests where outcome = 'ok'`)).toBe(2);
  expectBalanced();
}, 60_000);

test('stopping while another program holds the lock for longer than anybody waits ends, and books the rest at the next start', async () => {
  const child = await start();
  const key = await mint(child.url, { label: 'held', quota: { daily_tokens: 1_000_000 } });
  const stream = await ask(child.url, key, '[[sim: hold_after=2 hold=go chunks=8]] hi', roomy);
  const db = new DatabaseSync(ledgerPath());
  db.exec('begin immediate');
  simulators.release('go');
  expect(await stream.text()).toContain('data: [DONE]');
  child.process.kill('SIGTERM');
  await child.ended;
  db.exec('rollback');
  db.close();
  expect(count('select count(*) n from open_requests')).toBe(1);
  const next = await start();
  await next.says('settled 1 requests');
  expectBalanced();
}, 60_000);

describe('a file that is no ledger of this version', () => {
  const make = (sql: string) => {
    mkdirSync(join(scene.folder, 'data'), { recursive: true });
    const db = new DatabaseSync(ledgerPath());
    db.exec(sql);
    db.close();
  };
  const refused = async (...words: (string | RegExp)[]) => {
    const { code, output } = await runChild({ folder: scene.folder });
    expect(code).toBe(1);
    const said = output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(said).toHaveLength(1); // one sentence, and no stack
    for (const word of ['The ledger cannot be used', ledgerPath(), ...words]) expect(said[0]).toMatch(word);
  };

  test('of another program: it is left as it was', async () => {
    make('create table notes (text text); insert into notes values (1)');
    const before = readFileSync(ledgerPath());
    await refused('another program', 'move it away');
    expect(readFileSync(ledgerPath()).equals(before)).toBe(true);
  });

  test('of no kind at all', async () => {
    mkdirSync(join(scene.folder, 'data'));
    writeFileSync(ledgerPath(), 'a letter to nobody in particular, '.repeat(400));
    await refused('is not a ledger', 'backup');
  });

  test('a folder in its place', async () => {
    mkdirSync(ledgerPath(), { recursive: true });
    await refused('cannot be opened', 'read and write');
  });

  test('of a newer gateway that changed what is read [H5]', async () => {
    (await start()).process.kill('SIGTERM');
    await children[0]!.ended;
    make(`insert into schema values ('later', 99)`);
    await refused('newer', 'backup');
  });

  test('of a newer gateway that only added: it is used', async () => {
    (await start()).process.kill('SIGTERM');
    await children[0]!.ended;
    make(`insert into schema values ('later', 1); alter table keys add column later text`);
    expect(await mint((await start()).url)).toMatch(/./);
  });

  test('of the development before the first release', async () => {
    make(`create table schema (name text primary key, oldest_reader integer not null) strict;
          insert into schema values ('first', 1);
          create table reservations (id text primary key); create table keys (id text primary key, sha256 blob)`);
    await refused('before the first release', 'mint the keys anew');
  });

  test('of the development just before this version: it is migrated, and keeps what it has [H5]', async () => {
    const child = await start();
    const key = await mint(child.url);
    child.process.kill('SIGTERM');
    await child.ended;
    // Without the last two steps. test/process/upgrade.test.ts begins with a ledger of 0.9.0.
    make(
      `drop trigger summed_hour_added; drop trigger summed_hour_changed; drop trigger summed_hour_gone; drop trigger requests_gone;
       drop table usage_days; drop table hours_summed; drop table session_days; drop table sessions_summed;
       delete from schema where name in ('use by day', 'sums of sessions pruned in steps')`,
    );
    const next = await start();
    expect((await ask(next.url, key, 'hi')).status).toBe(200);
    expect(count(`select count(*) n from sqlite_schema where name in ('usage_days', 'session_days')`)).toBe(2);
  });

  test('damaged in the middle [H4]', async () => {
    make(`create table schema (name text primary key, oldest_reader integer not null) strict;
          create table filler (text text);
          insert into filler select hex(randomblob(500)) from (with recursive n(i) as (select 1 union all select i + 1 from n where i < 200) select i from n)`);
    const bytes = readFileSync(ledgerPath());
    bytes.fill(0x5a, 4_096 * 5, 4_096 * 20);
    writeFileSync(ledgerPath(), bytes);
    await refused('damaged', 'backup');
  });

  test('held by another program: the lock is named', async () => {
    (await start()).process.kill('SIGTERM');
    await children[0]!.ended;
    const db = new DatabaseSync(ledgerPath());
    db.exec('begin immediate');
    await refused('another process holds', 'start again');
    db.exec('rollback');
    db.close();
  }, 30_000);

  const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] as const;
  const canBeNobody = spawnSync(asNobody[0], [...asNobody.slice(1), node, '--version']).status === 0;
  describeIf(canBeNobody)('of another user', () => {
    test.each([
      ['that may not be read', 0o600, /cannot be opened|may not be read/],
      ['that may only be read', 0o644, /cannot be (opened|written)/],
    ])('%s', async (_name, mode, words) => {
      make('create table schema (name text primary key, oldest_reader integer not null) strict');
      chmodSync(scene.folder, 0o755);
      chmodSync(join(scene.folder, 'config.yaml'), 0o644);
      chmodSync(join(scene.folder, 'data'), 0o777);
      mkdirSync(join(scene.folder, 'data/instances'));
      chmodSync(join(scene.folder, 'data/instances'), 0o777);
      chmodSync(ledgerPath(), mode);
      const { code, output } = await runChild({ folder: scene.folder, command: [...asNobody, node, bundle()] });
      expect(code).toBe(1);
      const said = output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      expect(said).toEqual([expect.stringMatching(words)]);
      expect(said[0]).toContain('the gateway runs as');
    });
  });
});
