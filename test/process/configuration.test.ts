// What a configuration can do to a gateway that starts or runs: nothing that ends it.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { bundle, node, runChild, useChildScene } from '../support/child';
import { masterKey } from '../support/gateway';

const provider = 'providers: {openai: {base_url: "http://127.0.0.1:9/v1"}}\n';
const scene = useChildScene(() => provider);
const { start } = scene;
const file = (name: string) => join(scene.folder, name);
const statusOf = async (url: string, key: string) =>
  (await fetch(`${url}/admin/keys`, { headers: { authorization: `Bearer ${key}` } })).status;

test.each(['SIGHUP', 'SIGTERM'])('a %s while the program is being loaded waits for the start [L13]', async (signal) => {
  const hook = file('hook.js');
  writeFileSync(
    hook,
    `const Module = require('node:module'), load = Module._load; let sent = false;
     Module._load = function (name) {
       if (!sent && name === 'node:sqlite' && require('node:worker_threads').isMainThread) {
         sent = true;
         process.kill(process.pid, '${signal}');
       }
       return load.apply(this, arguments);
     };`,
  );
  const child = await start({ command: [node, '--require', hook, bundle()] });
  if (signal === 'SIGHUP') {
    expect((await fetch(`${child.url}/livez`)).status).toBe(200);
    child.process.kill('SIGTERM');
  }
  expect(await child.ended).toMatchObject({ code: 0, signal: null });
});

test('/readyz says what deploy.json beside the configuration says at that moment, and nothing that is no deploy', async () => {
  const child = await start();
  const told = async () => {
    const answer = await fetch(`${child.url}/readyz`);
    const { release, repairs } = (await answer.json()) as { release?: string; repairs?: number };
    return [answer.status, release, repairs];
  };
  expect(await told()).toEqual([200, undefined, undefined]);
  writeFileSync(file('deploy.json'), '{"release": "0123456789ab", "repairs": 3}');
  expect(await told()).toEqual([200, '0123456789ab', 3]);
  writeFileSync(file('deploy.json'), '{"release": "<script>", "repairs": 3}');
  expect(await told()).toEqual([200, undefined, undefined]);
  writeFileSync(file('deploy.json'), '{"release": "0123');
  expect(await told()).toEqual([200, undefined, undefined]);
});

test('log.level: warn hides neither where it listens nor what is wrong', async () => {
  writeFileSync(file('config.yaml'), `log: {level: warn}\n${provider}`);
  const child = await start();
  expect(child.output()).toContain('listening on http');
  expect(child.output()).not.toContain('provider openai: present');
});

test.each([
  ['of 5 MB', `${provider}#${'x'.repeat(5_000_000)}\n`, 'may have at most 1,048,576'],
  [
    'of aliases of aliases',
    `${provider}a: &a [x, x, x, x, x, x, x, x, x, x]\n${[...'bcdefgh'].map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[i]}`).join(', ')}]\n`).join('')}`,
    'alias',
  ],
  ['of brackets', `${provider}routes: ${'['.repeat(20_000)}\n`, 'nested more than 64 levels'],
  ['of 100,000 names', `${provider}${Array.from({ length: 100_000 }, (_, i) => `n${i}: 1\n`).join('')}`, 'more than'],
])('a configuration %s is refused by name, and the old one goes on [I5 L13]', async (_name, text, words) => {
  const child = await start();
  writeFileSync(file('config.yaml'), text);
  child.process.kill('SIGHUP');
  await child.says('the old one goes on');
  expect(child.output()).toContain(words);
  expect((await fetch(`${child.url}/readyz`)).status).toBe(200);
  const fresh = await runChild({ folder: scene.folder, env: { OVTH_DATA: file('other') } });
  expect([fresh.code, fresh.output]).toEqual([78, expect.stringContaining(words)]);
});

test('a secrets.env of 5 MB is refused by name, and the old configuration goes on [I3]', async () => {
  const child = await start();
  writeFileSync(file('secrets.env'), `A=${'x'.repeat(5_000_000)}\n`);
  await child.says('the old one goes on');
  expect(child.output()).toContain('secrets.env');
  const fresh = await runChild({ folder: scene.folder, env: { OVTH_DATA: file('other') } });
  expect([fresh.code, fresh.output]).toEqual([78, expect.stringContaining('secrets.env')]);
});

test.each([
  ['damaged', () => writeFileSync(file('data/master.key'), '?')],
  ['missing', () => rmSync(file('data/master.key'))],
])('a master.key that is %s at a reload ends nothing, and the key that was read goes on', async (_name, harm) => {
  const made = `ovth_master_${'k'.repeat(43)}`;
  const first = await start();
  first.process.kill('SIGTERM');
  await first.ended;
  writeFileSync(file('data/master.key'), `${made}\n`);
  const child = await start({ env: { OVTH_MASTER_KEY: '' } });
  expect(await statusOf(child.url, made)).toBe(200);
  harm();
  writeFileSync(file('config.yaml'), `routes: {fresh: {models: [gpt-5.5]}}\n${provider}`);
  child.process.kill('SIGHUP');
  await child.says('the configuration was reloaded');
  expect(await statusOf(child.url, made)).toBe(200);
});

test.each([
  ['damaged', () => writeFileSync(file('data/master.key'), '?'), 'is damaged'],
  ['a folder', () => mkdirSync(file('data/master.key')), 'cannot be read'],
])('a master.key that is %s at the start is told with what to do', async (_name, harm, words) => {
  mkdirSync(file('data'));
  harm();
  const { code, output } = await runChild({ folder: scene.folder, env: { OVTH_MASTER_KEY: '' } });
  expect([code, output]).toEqual([78, expect.stringContaining(words)]);
  for (const word of ['master.key', 'OVTH_MASTER_KEY']) expect(output).toContain(word);
  expect(output).not.toMatch(/\n\s+at /); // no stack trace
});

test('a reload that finds the ledger held says so, and is done when it is free', async () => {
  const child = await start();
  const db = new DatabaseSync(file('data/ledger.db'));
  db.exec('begin immediate');
  writeFileSync(file('config.yaml'), `keys: {laptop: {sha256: ${'a'.repeat(64)}}}\n${provider}`);
  await child.says('the changed configuration is tried again until it can');
  expect(child.output()).not.toContain('the old one goes on');
  db.exec('rollback');
  db.close();
  await child.says('the configuration was reloaded');
  const keys = await fetch(`${child.url}/admin/keys`, { headers: { authorization: `Bearer ${masterKey}` } });
  expect(await keys.text()).toContain('laptop');
  expect(child.output().match(/is tried again/g)).toHaveLength(1);
}, 60_000);
