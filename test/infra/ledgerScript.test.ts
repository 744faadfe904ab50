// What is said of the ledger on a data volume: the script that begins one, and the check before every update.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ledgerScript } from '../../infra/scripts';
import { findTool } from '../support/tools';

const withPython = findTool('python3') === undefined ? describe.skip : describe;
const ledger = 'a'.repeat(32);
const other = 'b'.repeat(32);
let folder: string;
let data: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovth-ledger-'));
  data = join(folder, 'gateway');
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (files: Readonly<Record<string, string>>) => {
  mkdirSync(data, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(data, name), text);
};
const bash = (script: string, ...args: string[]) => {
  const ran = spawnSync('bash', ['-c', script, 'bash', ...args], { encoding: 'utf8' });
  return { code: ran.status, said: (ran.stdout + ran.stderr).trim() };
};

withPython('the script that begins a ledger', () => {
  const begin = (wanted = '') => {
    const state = { folder: data, user: process.getuid?.() ?? 0, wanted };
    writeFileSync(join(folder, 'state.json'), JSON.stringify(state));
    return bash(ledgerScript, folder);
  };

  test('an empty volume gets an id, and the same one until a ledger has begun with it', () => {
    const first = begin();
    expect(first).toEqual({ code: 0, said: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(readFileSync(join(data, 'ledger.begin'), 'utf8')).toBe(`${first.said}\n`);
    expect(begin()).toEqual(first);
  });

  test('a volume with a ledger says whose it is, also without the file that names it', () => {
    put({ 'ledger.db': 'x', 'ledger.epoch': `${ledger}\n` });
    expect(begin()).toEqual({ code: 0, said: ledger });
    rmSync(data, { recursive: true });
    put({});
    const db = new DatabaseSync(join(data, 'ledger.db'));
    db.exec(`create table epoch (id text primary key); insert into epoch values ('${other}')`);
    db.close();
    expect(begin()).toEqual({ code: 0, said: other });
    expect(readdirSync(data)).toEqual(['ledger.db']);
  });

  test('a volume that has lost its ledger may not begin another', () => {
    put({ 'ledger.epoch': `${ledger}\n` });
    expect(begin()).toEqual({ code: 0, said: ledger });
    expect(readdirSync(data)).toEqual(['ledger.epoch']);
  });

  test('a ledger that is named is waited for, and not begun; another in its place is refused', () => {
    expect(begin(ledger)).toEqual({ code: 0, said: ledger });
    put({ 'ledger.db': 'x', 'ledger.epoch': `${other}\n` });
    expect(begin(ledger)).toEqual({
      code: 1,
      said: expect.stringMatching(/^ovth: ovth:data.ledger: names .* holds b+;/),
    });
    expect(readdirSync(data).sort()).toEqual(['ledger.db', 'ledger.epoch']);
  });
});

describe('the check before an update', () => {
  const functions = readFileSync('infra/scripts/apply/ledger.sh', 'utf8');
  const check = (facts = '') =>
    bash(`set -euo pipefail; fail() { echo "ovth: $1"; exit 1; }
      data=${folder} ledger=${ledger} backup= restore= ${facts}\n${functions}\ncheck_ledger`);

  test('a ledger that is there, or may begin, is let through', () => {
    put({ 'ledger.begin': ledger });
    expect(check()).toEqual({ code: 0, said: '' });
    put({ 'ledger.db': 'x', 'ledger.epoch': ledger });
    expect(check()).toEqual({ code: 0, said: '' });
  });

  test.each([
    ['gone with its folder', {}, '', 'without ovth:backup. Put a copy of it at'],
    ['gone', { 'ledger.epoch': ledger }, 'backup=yes', 'npm run restore'],
    ['empty', { 'ledger.epoch': ledger, 'ledger.db': '' }, 'backup=yes', 'npm run restore'],
    ['to begin as another', { 'ledger.begin': other }, 'backup=yes', "pulumi up --target-replace '**ovth-ledger'"],
    ['of another stack', { 'ledger.db': 'x', 'ledger.epoch': other }, '', `set ovth:data.ledger to ${other}`],
  ])('a ledger that is %s is refused', (_name, files: Record<string, string>, facts, words) => {
    put(files);
    expect(check(facts)).toEqual({ code: 1, said: expect.stringContaining(words) });
    expect(check(`${facts} restore=latest`)).toEqual({ code: 0, said: '' });
  });
});
