// The ledger's file under a running gateway: deleted, replaced, truncated, overwritten; and lock files that are deleted.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulators, type Simulators } from '../simulators';
import { ask, mint, runChild, useChildScene } from '../support/child';
import { providersAt } from '../support/guide';
import { masterKey } from '../support/gateway';

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
const { start } = scene;
const data = (name: string) => join(scene.folder, 'data', name);
const makeDatabase = (path: string) => {
  const db = new DatabaseSync(path);
  db.exec(`create table notes (text text); insert into notes select hex(randomblob(900)) from
    (with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) select i from n)`);
  db.close();
};

// What stands in the write-ahead log alone would be written into the file when the gateway lets go of it.
const intoTheFile = () => {
  const db = new DatabaseSync(data('ledger.db'), { timeout: 5_000 });
  db.exec('pragma wal_checkpoint(truncate)');
  db.close();
};

/** Time in which the gateway has looked at the file: it does so every two seconds. */
const aLook = () => new Promise((resolve) => setTimeout(resolve, 4_500));

test.each([
  ['deleted', 'was deleted', () => rmSync(data('ledger.db'))],
  [
    'deleted with all that belongs to it',
    'was deleted',
    () => ['', '-wal', '-shm'].forEach((suffix) => rmSync(data(`ledger.db${suffix}`), { force: true })),
  ],
  ['truncated', 'was truncated', () => truncateSync(data('ledger.db'))],
  ['cut in half', 'was truncated', () => truncateSync(data('ledger.db'), readFileSync(data('ledger.db')).length >> 1)],
  [
    'replaced by another file',
    'was replaced',
    () => {
      makeDatabase(data('other.db'));
      renameSync(data('other.db'), data('ledger.db'));
    },
  ],
  [
    'overwritten in place',
    'was overwritten',
    () => {
      makeDatabase(data('other.db'));
      copyFileSync(data('other.db'), data('ledger.db'));
    },
  ],
])(
  'a ledger that is %s ends the gateway, and no empty one takes its place [L9]',
  async (_name, words, harm) => {
    const first = await start();
    const key = await mint(first.url);
    const stream = await ask(first.url, key, '[[sim: hold_after=2 hold=go chunks=8]] hi', {
      stream: true,
      max_completion_tokens: 5_000,
    });
    intoTheFile();
    await aLook();
    harm();
    const harmed = performance.now();
    await first.says(words);
    expect(performance.now() - harmed).toBeLessThan(10_000);
    await first.says('"draining"');
    await expect(ask(first.url, key, 'hi')).rejects.toThrow(); // it listens no more
    simulators.release('go');
    expect(await stream.text()).toContain('data: [DONE]'); // what was admitted goes on
    expect((await first.ended).code).toBe(1);
    const next = await runChild({ folder: scene.folder, env: { OPENAI_API_KEY: simulators.openai.key } });
    expect(next.code).toBe(1);
    expect(next.output).toContain('The ledger cannot be used');
  },
  60_000,
);

test('a start without the ledger that was there says what to do, and begins anew where that is asked for', async () => {
  const first = await start();
  await mint(first.url);
  first.process.kill('SIGTERM');
  await first.ended;
  for (const lose of [() => rmSync(data('ledger.db')), () => writeFileSync(data('ledger.db'), '')]) {
    lose();
    const refused = await runChild({ folder: scene.folder });
    expect(refused.code).toBe(1);
    for (const word of ['ledger.db is gone', 'restore a backup', 'delete ledger.epoch'])
      expect(refused.output).toContain(word);
  }
  rmSync(data('ledger.epoch'));
  const anew = await start();
  expect(await mint(anew.url)).toMatch(/^ovth_/);
}, 60_000);

test('a new ledger takes the id that was given to it beforehand, once', async () => {
  const id = 'c'.repeat(32);
  mkdirSync(data(''));
  writeFileSync(data('ledger.begin'), `${id}\n`);
  const first = await start();
  expect(readFileSync(data('ledger.epoch'), 'utf8')).toBe(`${id}\n`);
  expect(existsSync(data('ledger.begin'))).toBe(false);
  first.process.kill('SIGTERM');
  await first.ended;
  const db = new DatabaseSync(data('ledger.db'), { readOnly: true });
  expect(db.prepare('select id from epoch').all()).toEqual([{ id }]);
  db.close();
}, 60_000);

test('the ledger of another folder is refused', async () => {
  const first = await start();
  first.process.kill('SIGTERM');
  await first.ended;
  writeFileSync(data('ledger.epoch'), `${'0'.repeat(32)}\n`);
  const refused = await runChild({ folder: scene.folder });
  expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('is not the one that ledger.epoch')]);
}, 60_000);

test('a lock file that is deleted comes back, and its living instance is not taken for dead [L9]', async () => {
  const first = await start();
  const key = await mint(first.url);
  const running = ask(first.url, key, '[[sim: hold=on]] hi');
  await simulators.openai.waitForStarted(1);
  const [lock = ''] = readdirSync(data('instances'));
  rmSync(data('instances'), { recursive: true });
  const second = await start(); // which looks for the dead before it listens
  expect(second.output()).not.toContain('left open');
  while (!readdirSync(data('instances')).includes(lock)) await new Promise((wake) => setTimeout(wake, 100));
  await first.says('the lock file of this instance was deleted');
  const third = await start(); // and meets the lock that was made again
  expect(third.output()).not.toContain('left open');
  simulators.release('on');
  expect((await running).status).toBe(200);
  const { data: rows } = (await (
    await fetch(`${first.url}/admin/requests`, { headers: { authorization: `Bearer ${masterKey}` } })
  ).json()) as { data: { outcome: string }[] };
  expect(rows.map(({ outcome }) => outcome)).toEqual(['ok']);
}, 60_000);

test('/readyz says why nothing can be admitted, and is ready again when something can', async () => {
  const child = await start();
  const key = await mint(child.url);
  const ready = async () => {
    const answer = await fetch(`${child.url}/readyz`);
    return { code: answer.status, ...((await answer.json()) as { status: string; reason?: string }) };
  };
  const until = async (code: number) => {
    while ((await ready()).code !== code) await new Promise((wake) => setTimeout(wake, 50));
    return ready();
  };
  expect(await ready()).toMatchObject({ code: 200, status: 'ok' });
  const db = new DatabaseSync(data('ledger.db'));
  db.exec('begin immediate');
  expect(await until(503)).toMatchObject({
    status: 'storage_failed',
    reason: 'The ledger cannot be written, so nothing is admitted.',
  });
  expect((await ask(child.url, key, 'hi')).status).toBe(503);
  db.exec('rollback');
  db.close();
  expect(await until(200)).toMatchObject({ status: 'ok' });
  expect((await ask(child.url, key, 'hi')).status).toBe(200);
}, 60_000);
