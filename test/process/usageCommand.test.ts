// `ovth usage` and `ovth ledger export`: what a person and a program read of the ledger, without a gateway and without a key.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandHelp } from '../../gateway/src/commands/help';
import { openSqliteStorage } from '../../gateway/src/storage/sqlite';
import { bundle, node } from '../support/child';
import { hour, keyRow, reserveEntry, settleEntry } from '../storage/samples';
import { makeLedgerFolder } from '../storage/worlds';

const at = Math.floor(Date.now() / hour) * hour;
const folder = makeLedgerFolder();
const data = join(folder.path, 'data');
afterAll(() => folder.remove());

beforeAll(async () => {
  mkdirSync(data);
  writeFileSync(join(folder.path, 'config.yaml'), 'costs: {box_usd_per_month: 5.49}\nproviders: {openai: {base_url: "http://127.0.0.1:1/v1"}}\n'); // prettier-ignore
  const storage = await openSqliteStorage({ folder: data, durability: 'process', instance: 'a', now: at }, '');
  await storage.putKeys([keyRow('key_1', { label: 'laptop', user: 'ada' }), keyRow('key_2', { label: 'phone' }), keyRow('key_3', { label: 'twin' }), keyRow('key_4', { label: 'twin', revoked_at: at })]); // prettier-ignore
  for (let i = 0; i < 40; i++) {
    const key = i % 4 === 0 ? 'key_2' : 'key_1';
    const entry = reserveEntry(`r${i}`, [], 90, { key, model: i % 2 === 0 ? 'gpt-5.5' : '=bad\u0007', started_at: at });
    await storage.commit([entry], at);
    await storage.commit([settleEntry(entry, 1_000, 200, { cost: 2_000_000_000, tags: '["a,b"]' })], at);
  }
  await storage.close();
});

const ovth = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(node, [bundle(), ...args], {
    encoding: 'utf8',
    env: { ...process.env, OVTH_DATA: data, OVTH_CONFIG: join(folder.path, 'config.yaml'), OPENAI_API_KEY: 'sk-x' },
  });
  return { code: status, stdout, stderr };
};

test('the table has the groups, their amounts, the total, and what is paid beside', () => {
  const { code, stdout, stderr } = ovth('usage', '--group-by', 'key,model');
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(
    /^key +model +requests +errors +input +cached +output +USD +at OpenRouter +no cache +dearest$/,
  );
  expect(lines.slice(2, 5).map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
    ['laptop', '=bad?', '20'],
    ['laptop', 'gpt-5.5', '10'],
    ['phone', 'gpt-5.5', '10'],
  ]);
  expect(lines[6]).toMatch(/^total +40 +0 +40,000 +0 +8,000 +80(\.00)? +84\.40/);
  expect(lines[7]).toMatch(/^The machine, \d{4}-\d\d: 5\.49 USD\.$/);
  expect(lines[8]).toContain('its fee of 5.5 % on credits');
});

test('JSON and CSV are those of the administration, of one key by its label', () => {
  const { stdout } = ovth('usage', '--group-by', 'key', '--key', 'phone', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    data: [{ key: 'key_2', key_label: 'phone', requests: 10 }],
    total: { requests: 10 },
  });
  expect(ovth('usage', '--group-by', 'user', '--csv').stdout).toMatch(/^user,requests,.*\r\n,40,/);
  expect(ovth('usage', '--group-by', 'session', '--from', '2020-01-01')).toMatchObject({ code: 64, stderr: expect.stringContaining('at most 100 days') }); // prettier-ignore
  expect(ovth('usage', '--group-by', 'kee')).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('"kee" is no group'),
  });
  expect(ovth('usage', '--form', 'x')).toMatchObject({ code: 64, stderr: expect.stringContaining('--group-by') });
});

test('a key that is not there, or that is not the only one of its name, is no key that spent nothing', () => {
  const refused = (name: string) => ovth('usage', '--key', name);
  expect(refused('phon')).toEqual({ code: 64, stdout: '', stderr: 'there is no key "phon"; ovth keys lists them.\n' });
  expect(refused('twin')).toMatchObject({ code: 64, stderr: expect.stringContaining('key_3, key_4') });
  expect(refused('key_4')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^total +0/m) });
});

test('several months of the machine are one line, and two forms at once none', () => {
  const { stdout } = ovth('usage', '--from', '2026-01-01', '--to', '2026-04-01');
  expect(stdout).toContain('The machine, 2026-01 to 2026-03: 16.47 USD, 5.49 USD a month.\n');
  for (const what of [['usage'], ['ledger', 'export']])
    expect(ovth(...what, '--csv', '--json')).toMatchObject({
      code: 64,
      stderr: 'one of --json and --csv, not both.\n',
    });
});

test('every row is exported once, with its rates, as JSON lines or CSV', async () => {
  const { code, stdout } = ovth('ledger', 'export');
  expect(code).toBe(0);
  const objects = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  expect(objects.filter(({ object }) => object === 'rates')).toEqual([
    { object: 'rates', id: 'r1', rates: { base: {} } },
  ]);
  const rows = objects.filter(({ object }) => object === 'request');
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, i) => `r${i}`));
  expect(rows[0]).toMatchObject({ tags: ['a,b'], cost: 2_000_000_000, hash: expect.stringMatching(/^1/) });
  const csv = ovth('ledger', 'export', '--csv').stdout.split('\r\n');
  expect(csv).toHaveLength(42);
  expect(csv[2]).toContain(`,'=bad`);
  expect(csv[2]).toContain('"[""a,b""]"');
  expect(ovth('ledger', 'export', '--from', '2099-01-01').stdout.split('\n')).toHaveLength(2); // the rates
  expect(ovth('ledger', 'export', '--from', 'soon')).toMatchObject({ code: 64 });
  // A reader that stops ends it in peace.
  const child = spawn(node, [bundle(), 'ledger', 'export'], { env: { ...process.env, OVTH_DATA: data }, stdio: ['ignore', 'pipe', 'pipe'] }); // prettier-ignore
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const [status] = (await once(child, 'exit')) as [number];
  expect([status, errors]).toEqual([0, '']);
});

test('one page says what there is', () => {
  const { code, stdout } = ovth('help');
  expect(code).toBe(0);
  for (const { line } of commandHelp) expect(stdout).toContain(line);
  expect(Math.max(...stdout.split('\n').filter((line) => line.startsWith('    ')).map((line) => line.length))).toBeLessThanOrEqual(96); // prettier-ignore
  expect(ovth('--help').stdout).toBe(stdout);
  for (const help of ['--help', '-h']) expect(ovth('ledger', help).stdout).toBe(stdout);
  expect(ovth('leger')).toMatchObject({ code: 64, stderr: expect.stringContaining('ovth help') });
});
