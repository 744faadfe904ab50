// The migration guide followed by hand, with only the image name changed: build the image from a clean clone, its
// compose file, .env and config.yaml in an empty folder, mint a key, make the container anew, and the key still works.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describeLab } from '../lab/describeLab';
import { type Lab, startLab } from '../lab/lab';
import { run } from '../lab/shell';
import { toolFile } from '../lab/tools';
import { composeFile, guideConfig } from '../support/guide';

const url = 'http://127.0.0.1:8080';

describeLab('the guide by hand', () => {
  let lab: Lab;
  let folder: string;
  let compose: (...args: string[]) => Promise<string>;
  const masterKey = randomBytes(32).toString('hex');

  beforeAll(async () => {
    lab = await startLab();
    folder = mkdtempSync(join(lab.folder, 'guide-'));
    const clone = join(folder, 'clone');
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', process.cwd(), clone]);
    await lab.docker.run([
      'build',
      '-f',
      join(clone, 'gateway/Dockerfile'),
      '-t',
      'ovth-gateway',
      '--build-arg',
      `NODE_IMAGE=${lab.images.node}`,
      clone,
    ]);
    const box = join(folder, 'srv');
    mkdirSync(box);
    writeFileSync(join(box, 'docker-compose.yml'), composeFile);
    writeFileSync(join(box, 'config.yaml'), guideConfig);
    // Beside the guide's file, so that the lab's guard knows what is this run's, should the run be killed.
    const labels = { lab: basename(lab.folder) };
    const marks = join(folder, 'labels.yml');
    writeFileSync(marks, JSON.stringify({ services: { gateway: { labels } }, networks: { default: { labels } } }));
    const program = await toolFile('docker-compose');
    compose = async (...args) => {
      const { stdout, stderr } = await run(program, args, {
        cwd: box,
        env: { ...process.env, DOCKER_HOST: lab.docker.host, COMPOSE_FILE: `docker-compose.yml:${marks}` },
        check: false,
      });
      return stdout + stderr;
    };
  }, 900_000);
  afterAll(async () => {
    await compose('down', '--timeout', '5');
    await lab.docker.run(['image', 'rm', '--force', 'ovth-gateway'], { check: false });
    await lab.stop();
  }, 120_000);

  const env = (key: string) =>
    writeFileSync(
      join(folder, 'srv/.env'),
      `ANTHROPIC_API_KEY=sk-ant-...\nOPENAI_API_KEY=sk-...\nGOOGLE_API_KEY=...\nOVTH_MASTER_KEY=${key}\n`,
    );

  const ready = async () => {
    for (let i = 0; i < 200; i++) {
      const answer = await fetch(`${url}/readyz`).catch(() => undefined);
      if (answer?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the gateway did not become ready: ${await compose('logs')}`);
  };

  test('the guide’s .env line, which Compose takes literally, is refused with the command to run', async () => {
    env('$(openssl rand -hex 32)');
    await compose('up', '-d');
    for (let i = 0; i < 100; i++) {
      if ((await compose('logs')).includes('openssl rand -hex 32')) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await compose('logs')).toContain('OVTH_MASTER_KEY: holds "$("');
    await compose('down', '--timeout', '1');
  });

  test('models are listed, a key is minted, the container is made anew, and the key still works', async () => {
    env(masterKey);
    await compose('up', '-d');
    await ready();
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: unknown[] };
    expect(data.length).toBeGreaterThanOrEqual(28);
    const minted = await fetch(`${url}/admin/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: '{"label":"cursor","quota":{"daily_tokens":100000}}',
    });
    const { key } = (await minted.json()) as { key: string };
    expect(key).toMatch(/^ovth_live_/);
    await compose('up', '-d', '--force-recreate');
    await ready();
    expect((await fetch(`${url}/v1/models`, { headers: { 'x-api-key': key } })).status).toBe(200);
    expect((await fetch(`${url}/v1/models`, { headers: { 'x-api-key': `${key}x` } })).status).toBe(401);
  });

  test('it runs as uid 1000, in a data folder that Docker made for root', async () => {
    expect(await compose('exec', '-T', 'gateway', 'grep', '^Uid', '/proc/1/status')).toMatch(/Uid:\s+1000\s+1000/);
    expect(await compose('exec', '-T', 'gateway', 'stat', '-c', '%u %a', '/data/ledger.db')).toContain('1000 600');
    expect(await compose('exec', '-T', 'gateway', 'ovth', 'check')).toContain('the configuration is valid');
  });

  test('no key is in the image', async () => {
    const history = await lab.docker.run(['history', '--no-trunc', 'ovth-gateway']);
    expect(JSON.stringify(history)).not.toContain(masterKey);
  });
});
