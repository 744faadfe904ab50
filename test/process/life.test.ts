// The gateway as a process: refusing bad configuration, reloading, draining, and what survives its sudden death.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { mintKey } from '../../config/appKey';
import { startSimulators, type Simulators } from '../simulators';
import { ask, bundle, mint, node, runChild, useChildScene } from '../support/child';
import { guideConfig, providersAt } from '../support/guide';
import { describeIf } from '../support/shared';

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators();
});
afterAll(() => simulators.close());
beforeEach(() => simulators.reset());
const scene = useChildScene(
  () => `${guideConfig.replace('500000', '500000000')}${providersAt(simulators)}`,
  () => ({ OPENAI_API_KEY: simulators.openai.key }),
);
const { start } = scene;
const ledger = () => new DatabaseSync(join(scene.folder, 'data/ledger.db'));
const count = (db: DatabaseSync, sql: string) => Number((db.prepare(sql).get() as { n: number }).n);

describe('starting', () => {
  test.each([
    ['no provider', { OPENAI_API_KEY: '' }, ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GOOGLE_API_KEY', 'npm run demo']],
    ['a short master key', { OVTH_MASTER_KEY: 'short' }, ['OVTH_MASTER_KEY', '32', 'openssl rand -hex 32']],
    [
      'the guide’s .env line taken literally',
      { OVTH_MASTER_KEY: '$(openssl rand -hex 32)' },
      ['OVTH_MASTER_KEY', '$(', 'openssl rand -hex 32'],
    ],
    ['a port that is none', { OVTH_PORT: 'http' }, ['OVTH_PORT']],
    ['no TLS verification', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, ['NODE_TLS_REJECT_UNAUTHORIZED']],
  ])('%s ends with 78 and says what to do [I4]', async (_name, env, words) => {
    const { code, output } = await runChild({ folder: scene.folder, env });
    expect(code).toBe(78);
    for (const word of words) expect(output).toContain(word);
    expect(output).not.toMatch(/\n\s+at /); // no stack trace
  });

  test('a missing file that was named, and a folder in its place', async () => {
    const missing = await runChild({ folder: scene.folder, env: { OVTH_CONFIG: join(scene.folder, 'nope.yaml') } });
    expect([missing.code, missing.output]).toEqual([78, expect.stringContaining('nope.yaml')]);
    const directory = await runChild({ folder: scene.folder, env: { OVTH_CONFIG: scene.folder } });
    expect([directory.code, directory.output]).toEqual([78, expect.stringContaining('folder')]);
  });

  test('check says that a configuration is good, or what is wrong', async () => {
    expect(await runChild({ folder: scene.folder, command: [node, bundle(), 'check'] })).toMatchObject({
      code: 0,
      output: expect.stringContaining('valid'),
    });
    writeFileSync(join(scene.folder, 'config.yaml'), 'rotues: {}\n');
    expect(await runChild({ folder: scene.folder, command: [node, bundle(), 'check'] })).toMatchObject({
      code: 78,
      output: expect.stringContaining('Did you mean "routes"'),
    });
  });

  test('without OVTH_MASTER_KEY one is made, kept at 0600, and used again [A5]', async () => {
    const first = await start({ env: { OVTH_MASTER_KEY: '' } });
    const path = join(scene.folder, 'data/master.key');
    expect(first.output()).toContain('master.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const made = readFileSync(path, 'utf8').trim();
    expect(first.output()).not.toContain(made);
    expect((await fetch(`${first.url}/admin/keys`, { headers: { authorization: `Bearer ${made}` } })).status).toBe(200);
  });

  test('what is kept in the data folder is for its owner only [A5]', async () => {
    await start();
    const files = readdirSync(join(scene.folder, 'data'), { recursive: true }).map(String);
    expect(files).toContain('ledger.db');
    expect(files.filter((file) => (statSync(join(scene.folder, 'data', file)).mode & 0o077) !== 0)).toEqual([]);
  });

  test('.env in the working folder is read', async () => {
    writeFileSync(join(scene.folder, '.env'), `ANTHROPIC_API_KEY=${simulators.anthropic.key}\n`);
    const child = await start();
    expect(child.output()).toContain('provider anthropic: present');
  });
});

describe('npm start', () => {
  test('SIGTERM lets requests end, takes no new ones, and exits 0 [I1]', async () => {
    const child = await start({ command: ['npm', 'start'], cwd: process.cwd() });
    const key = await mint(child.url);
    const stream = await ask(child.url, key, '[[sim: hold_after=2 hold=term chunks=6]] hi', { stream: true });
    await simulators.openai.waitForStarted(1);
    child.process.kill('SIGTERM');
    await child.says('"draining"');
    await expect(fetch(`${child.url}/livez`)).rejects.toThrow();
    simulators.release('term');
    expect(await stream.text()).toContain('data: [DONE]');
    expect(await child.ended).toMatchObject({ code: 0 });
    const db = ledger();
    expect(count(db, 'select count(*) n from open_requests')).toBe(0);
    expect(count(db, "select count(*) n from requests where outcome = 'ok'")).toBe(1);
    db.close();
  }, 60_000);
});

describe('reloading', () => {
  test('SIGHUP and a changed file bring a new configuration; a broken one keeps the old and says why [I3]', async () => {
    const child = await start();
    const key = await mint(child.url);
    const path = join(scene.folder, 'config.yaml');
    const providers = providersAt(simulators);
    const running = ask(child.url, key, '[[sim: hold=reload]] hi');
    await simulators.openai.waitForStarted(1);

    writeFileSync(path, `routes: {fresh: {models: [gpt-5.5]}}\n${providers}`);
    child.process.kill('SIGHUP');
    await child.says('the configuration was reloaded');
    expect((await ask(child.url, key, 'hi', { model: 'fresh' })).status).toBe(200);

    writeFileSync(`${path}.new`, `routes: {broken: {models: [nothing-like-it]}}\n${providers}`);
    renameSync(`${path}.new`, path);
    await child.says('the old one goes on');
    expect(child.output()).toContain('routes.broken.models[0]');
    expect((await ask(child.url, key, 'hi', { model: 'fresh' })).status).toBe(200);

    simulators.release('reload');
    expect((await running).status).toBe(200);
  });

  test('secrets.env beside the configuration is read again too', async () => {
    writeFileSync(join(scene.folder, 'secrets.env'), `OPENAI_API_KEY=wrong\n`);
    const child = await start();
    const key = await mint(child.url);
    expect((await ask(child.url, key, 'hi')).status).toBe(401);
    writeFileSync(join(scene.folder, 'secrets.env'), `OPENAI_API_KEY=${simulators.openai.key}\n`);
    await child.says('the configuration was reloaded');
    expect((await ask(child.url, key, 'hi')).status).toBe(200);
  });

  test('keys kept in the configuration come and go with it', async () => {
    const key = mintKey();
    const sha256 = spawnSync(node, ['-e', `process.stdout.write(crypto.hash('sha256', process.env.K))`], {
      env: { K: key },
    }).stdout.toString();
    writeFileSync(
      join(scene.folder, 'config.yaml'),
      `keys: {laptop: {sha256: "${sha256}", quota: {daily_tokens: 100000}}}\n${providersAt(simulators)}`,
    );
    const child = await start();
    expect((await ask(child.url, key, 'hi')).status).toBe(200);
    writeFileSync(join(scene.folder, 'config.yaml'), providersAt(simulators));
    child.process.kill('SIGHUP');
    await child.says('the configuration was reloaded');
    expect((await ask(child.url, key, 'hi')).status).toBe(401);
  });
});

describe('sudden death', () => {
  test('kill -9 at random points under load, 20 times: no acknowledged spend is lost, nothing stays open [G6]', async () => {
    let acknowledged = 0;
    let key = '';
    for (let round = 0; round < 20; round++) {
      const child = await start();
      key ||= await mint(child.url);
      let stop = false;
      const worker = async () => {
        while (!stop) {
          const answer = await ask(
            child.url,
            key,
            `[[sim: usage=${10 + round}/5]] hi`,
            Math.random() < 0.5 ? { stream: true } : {},
          ).catch(() => undefined);
          const text = await answer?.text().catch(() => undefined);
          if (answer?.status === 200 && text !== undefined) acknowledged += 15 + round;
        }
      };
      const workers = Array.from({ length: 8 }, worker);
      await simulators.openai.waitForCalls(1 + Math.floor(Math.random() * 200), 20_000);
      child.process.kill('SIGKILL');
      stop = true;
      await child.ended;
      await Promise.all(workers);
      simulators.reset();
    }
    const last = await start();
    expect(last.output()).toMatch(/settled \d+ requests|listening/);
    const db = ledger();
    expect((db.prepare('pragma integrity_check').get() as { integrity_check: string }).integrity_check).toBe('ok');
    expect(count(db, 'select count(*) n from open_requests')).toBe(0);
    expect(count(db, 'select sum(reserved_tokens) n from budgets')).toBe(0);
    expect(count(db, 'select sum(spent_tokens) n from budgets')).toBe(count(db, 'select sum(counted) n from requests'));
    expect(count(db, 'select sum(counted) n from requests')).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(0);
    db.close();
  }, 120_000);

  test('two processes on one ledger: the dead one’s open rows are settled, the living one’s stay [G6]', async () => {
    const first = await start();
    const second = await start();
    const key = await mint(first.url);
    const lost = ask(first.url, key, '[[sim: hold=dead]] hi').catch(() => undefined);
    const kept = ask(second.url, key, '[[sim: hold=alive]] hi');
    await simulators.openai.waitForStarted(2);
    const db = ledger();
    expect(count(db, 'select count(*) n from open_requests')).toBe(2);
    first.process.kill('SIGKILL');
    await first.ended;
    const third = await start();
    await third.says('settled 1 requests');
    expect(count(db, 'select count(*) n from open_requests')).toBe(1);
    expect(db.prepare("select outcome, estimated from requests where outcome = 'crashed'").all()).toEqual([
      { outcome: 'crashed', estimated: 1 },
    ]);
    simulators.release('alive');
    expect((await kept).status).toBe(200);
    await (await kept).text();
    await lost;
    second.process.kill('SIGTERM');
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(count(db, "select count(*) n from requests where outcome = 'ok'")).toBe(1);
    expect(count(db, 'select sum(reserved_tokens) n from budgets')).toBe(0);
    db.close();
    expect(readdirSync(join(scene.folder, 'data/instances'))).toHaveLength(1); // the third's
  });
});

const strace = spawnSync('strace', ['-V']).status === 0;
if (!strace) console.warn('SKIPPED: strace is not on this machine, so the order of disk and network cannot be shown.');

describeIf(strace)('durability', () => {
  test('the reservation is synced to disk before the upstream is called [H1]', async () => {
    const trace = join(scene.folder, 'trace');
    const child = await start({
      command: [
        'strace',
        '-D', // the tracer is the grandchild: signals reach the gateway
        '-f',
        '-qq',
        '-y',
        '-e',
        'trace=fsync,fdatasync,write,writev,sendto,sendmsg',
        '-s',
        '64',
        '-o',
        trace,
        node,
        bundle(),
      ],
    });
    const key = await mint(child.url);
    simulators.openai.reset();
    const before = readFileSync(trace, 'utf8').length;
    expect((await ask(child.url, key, 'hi')).status).toBe(200);
    const calls = readFileSync(trace, 'utf8').slice(before).split('\n');
    const sync = calls.findIndex((line) => /f(data)?sync\(\d+<[^>]*ledger\.db-wal>/.test(line));
    const upstream = calls.findIndex((line) => line.includes('POST /v1/chat/completions'));
    expect(sync).toBeGreaterThanOrEqual(0);
    expect(upstream).toBeGreaterThan(sync);
    child.process.kill('SIGTERM');
    await child.ended;
  }, 60_000);
});
