// The ledger of an earlier version under this one, and the way back: an older program goes on with a ledger that a newer one
// has changed, where the newer one allows it (DESIGN: migrations only add; the ledger says which oldest reader it allows).

import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkLedger } from '../../gateway/src/storage/sqlite/ledgerCheck';
import { migrations } from '../../gateway/src/storage/sqlite/migrations';
import { startSimulators, type Simulators } from '../simulators';
import { ask, type ChildGateway, mint, node, runChild, useChildScene } from '../support/child';
import { masterKey } from '../support/gateway';
import { providersAt } from '../support/guide';
import { historyOf, keepLedger, placeLedger, sumsOf } from '../support/ledgerFixture';

/** Versions whose ledgers are kept; each release adds its own with the last test of this file. */
const versions = ['0.9.0'];

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators();
});
afterAll(() => simulators.close());
beforeEach(() => simulators.reset());
const scene = useChildScene(
  () => `${providersAt(simulators)}quota: {daily_tokens: 1000000, per_user: true}\nstorage: {keep_days: 3650}\n`, // rows of a fixture are old
  () => ({ OPENAI_API_KEY: simulators.openai.key }),
);
const data = () => join(scene.folder, 'data');

async function stop(gateway: ChildGateway): Promise<void> {
  gateway.process.kill('SIGTERM');
  expect((await gateway.ended).code).toBe(0);
}

async function chat(gateway: ChildGateway, key: string): Promise<number> {
  const answer = await ask(gateway.url, key, '[[sim: usage=50/5]] hi');
  await answer.text();
  return answer.status;
}

async function labelsOf(gateway: ChildGateway): Promise<string[]> {
  const listed = await fetch(`${gateway.url}/admin/keys`, { headers: { authorization: `Bearer ${masterKey}` } });
  const { data: keys } = (await listed.json()) as { data: { label: string }[] };
  return keys.map(({ label }) => label).sort();
}

describe.each(versions)('the ledger of version %s', (version) => {
  test('is taken over: keys, sums and counters go on, what was open is booked, and the way back stays open', async () => {
    const facts = placeLedger(version, data());
    const { steps } = historyOf(data());
    const gateway = await scene.start();
    expect(await labelsOf(gateway)).toEqual(['test', 'used']);
    expect(await chat(gateway, facts.keys.used)).toBe(200);
    expect(await chat(gateway, facts.keys.idle)).toBe(200);
    await stop(gateway);
    const sums = sumsOf(data());
    expect(sums.requests).toBe(facts.sums.requests + facts.left.open + 2);
    expect(sums.counted).toBe(facts.sums.counted + facts.left.tokens + 2 * 55);
    expect(sums.cost).toBeGreaterThan(facts.sums.cost);
    expect(historyOf(data())).toEqual({ steps: migrations.length, oldestReader: expect.any(Number) });
    expect(historyOf(data()).oldestReader).toBeLessThanOrEqual(steps);
    expect(checkLedger(join(data(), 'ledger.db')).problems).toEqual([]);
  }, 60_000);

  test('goes back to the program before, after a newer one has changed it', async () => {
    const facts = placeLedger(version, data());
    const [older, newer] = [build('older', 0), build('newer', 1)];
    const upgraded = await scene.start({ command: [node, newer] });
    expect(await chat(upgraded, facts.keys.used)).toBe(200);
    const minted = await mint(upgraded.url, { label: 'minted by the newer' });
    await stop(upgraded);
    const before = sumsOf(data());
    const back = await scene.start({ command: [node, older] });
    expect(await labelsOf(back)).toEqual(['minted by the newer', 'test', 'used']);
    for (const key of [facts.keys.used, facts.keys.idle, minted]) expect(await chat(back, key)).toBe(200);
    await stop(back);
    expect(sumsOf(data())).toMatchObject({ requests: before.requests + 3, counted: before.counted + 3 * 55 });
    const again = await scene.start({ command: [node, newer] });
    expect(await chat(again, minted)).toBe(200);
    await stop(again);
    expect(checkLedger(join(data(), 'ledger.db')).problems).toEqual([]);
  }, 120_000);

  test('does not go back where the newer program says that it cannot be read, and says so', async () => {
    placeLedger(version, data());
    await stop(await scene.start({ command: [node, build('newer', 99)] }));
    const refused = await runChild({ folder: scene.folder, env: { OPENAI_API_KEY: simulators.openai.key } });
    expect(refused.code).toBe(1);
    expect(refused.output).toContain(
      'was changed by a newer gateway in a way this one cannot read; start the newer version',
    );
  }, 120_000);
});

// `OVTH_LEDGER_FIXTURE=1.0.0 npx jest test/process/upgrade` when that version is released.
const released = process.env['OVTH_LEDGER_FIXTURE'];
if (released !== undefined)
  test(`keeps the ledger of version ${released}`, async () => {
    const gateway = await scene.start();
    const keys = {
      used: await mint(gateway.url, { label: 'used', user: 'ann', quota: { daily_tokens: 100_000 } }),
      idle: await mint(gateway.url),
    };
    for (let i = 0; i < 8; i++)
      await (await ask(gateway.url, keys.used, `[[sim: usage=${100 + i}/${10 + i}]] hi`)).text();
    const open = ask(gateway.url, keys.used, '[[sim: hold=forever]] hi').catch(() => undefined);
    await simulators.openai.waitForStarted(9);
    gateway.process.kill('SIGKILL');
    await gateway.ended;
    simulators.release('forever');
    await open;
    keepLedger(released, data(), keys);
  }, 60_000);

// ---

/**
 * Builds a gateway from a copy of the sources.
 * @param oldestReader of a step that is added to the ledger's history; 0 for none
 */
function build(name: string, oldestReader: number): string {
  const copy = join(scene.folder, name);
  for (const part of ['gateway', 'config', 'package.json', 'package-lock.json'])
    cpSync(part, join(copy, part), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
  if (oldestReader > 0) {
    const file = join(copy, 'gateway/src/storage/sqlite/migrations.ts');
    const step = `  { name: 'of tomorrow', oldestReader: ${oldestReader}, sql: "alter table keys add column tomorrow text; create table tomorrow (id text) strict;" },\n];\n`;
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/\n\];\n$/);
    writeFileSync(file, text.replace(/\];\n$/, step));
  }
  execFileSync(node, ['gateway/build.mjs', 'gateway.js'], { cwd: copy });
  return join(copy, 'gateway.js');
}
