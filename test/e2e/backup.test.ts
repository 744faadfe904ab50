// A box that is lost with its disk: the next update refuses to begin anew, and one command brings the ledger back.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from '../lab/describeLab';
import { run, until } from '../lab/shell';
import { startS3, type S3Server } from '../support/s3';
import { openClient, type Client } from './client';
import { must } from './project';
import { type Scene, startScene } from './scene';
import { leaks, secretsOf, shownByBox, stateFiles } from './secrets';

describeLab('a box with a backup', () => {
  let scene: Scene;
  let s3: S3Server;
  let client: Client;
  let minted: string;
  let masterKey: string;
  const numbers: string[] = [];
  const bucketKeys = { access_key_id: 'S3RVER', secret_access_key: 'S3RVER' };
  const secret = 'bucket-secret-$HOME-0123456789';

  beforeAll(async () => {
    scene = await startScene({ litestream: true });
    s3 = await startS3(join(scene.lab.folder, 's3'));
    // Boxes reach it where another suite has Google.
    scene.lab.setUpstream(2, s3.port);
    const { project, lab } = scene;
    project.configure((config) => {
      config['ovth:backup'] = { endpoint: lab.upstreams[2], bucket: s3.bucket, prefix: 'me/ledgers' };
    });
    const keys = { ...bucketKeys, secret_access_key: secret };
    for (const [name, value] of Object.entries(keys))
      await must(project.pulumi(['config', 'set', '--secret', '--path', `ovth:backup_keys.${name}`], { input: value }));
  }, 900_000);

  afterAll(async () => {
    await scene?.close();
    await s3?.close();
    if (numbers.length > 0) console.log(`Numbers of this run:\n${numbers.map((line) => `  ${line}`).join('\n')}`);
  }, 120_000);

  const box = () => scene.lab.boxes()[0]!;
  const onBox = async (command: string) => (await box().exec(command, { timeoutMs: 120_000 })).stdout.trim();
  const gateway = `docker exec $(docker ps -q --filter label=ovth.release | head -n 1)`;
  const check = async () =>
    JSON.parse(await onBox(`${gateway} ovth ledger check --json`)) as {
      ledger: string;
      rows: number;
      totals: object;
      problems: string[];
    };
  const copied = () =>
    onBox('docker exec ovth-backup litestream sync -wait -socket /run/litestream/control.sock /data/ledger.db');

  test('the ledger is in the bucket once `up` is through, under its id, and no key of the bucket shows', async () => {
    const { project, lab } = scene;
    await must(project.up());
    client = openClient(await project.output<string>('url'), await lab.issuedRoot());
    masterKey = await project.output<string>('masterKey');
    const mint = await client.send('POST', '/admin/keys', { authorization: `Bearer ${masterKey}` }, { label: 'mine' });
    minted = (JSON.parse(mint.text) as { key: string }).key;
    for (let i = 0; i < 5; i++) expect((await client.chat(minted)).status).toBe(200);
    await copied();
    const ledger = await project.output<string>('ledger');
    expect(ledger).toMatch(/^[0-9a-f]{32}$/);
    expect(await check()).toMatchObject({ ledger, rows: 5, problems: [] });
    const objects = s3.objects();
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.filter((name) => !name.startsWith(`me/ledgers/${ledger}/`))).toEqual([]);
    const resident = await onBox(`docker stats --no-stream --format '{{.MemUsage}}' ovth-backup`);
    numbers.push(`memory of the copy: ${resident}`);

    const secrets = await secretsOf(project, { 'bucket secret': secret });
    expect(leaks(secrets, await shownByBox(box()))).toEqual([]);
    expect(
      leaks(secrets, stateFiles(lab.env['PULUMI_BACKEND_URL']!.replace('file://', '')) + project.printed.join('\n')),
    ).toEqual([]);
    expect(await onBox('stat -c "%a %u" /srv/ovth/backup/config/litestream.yml')).toBe('600 1000');
  }, 300_000);

  test('a copy can be tried beside the gateway, as README says', async () => {
    const drill = /^install -d [^\n]*\/mnt\/data\/drill\n[\s\S]*?(?=```)/m.exec(
      readFileSync('infra/README.md', 'utf8'),
    )![0];
    expect(await onBox(`set -e; ${drill}`)).toContain('It adds up');
    expect((await client.chat(minted)).status).toBe(200);
  });

  test('a bucket that takes nothing any more shows: its container is unhealthy [K2]', async () => {
    const probe = await onBox(`docker inspect -f '{{join (slice .Config.Healthcheck.Test 1) " "}}' ovth-backup`);
    const healthy = async () => (await box().exec(`docker exec ovth-backup ${probe}`, { check: false })).code === 0;
    expect(await healthy()).toBe(true);
    await s3.close(); // connections that are open would go on through the lab's forwarding
    expect((await client.chat(minted)).status).toBe(200);
    const unwell = await healthy().catch(String);
    s3 = await startS3(join(scene.lab.folder, 's3'));
    scene.lab.setUpstream(2, s3.port);
    expect(unwell).toBe(false);
    await copied();
  }, 300_000);

  test('a lost disk: `up` names the command, which brings back all but the last seconds [K1]', async () => {
    const { project, lab } = scene;
    const ledger = await project.output<string>('ledger');
    const load = client.load(minted, 5);
    await until('some more are settled', async () => load.answers.length >= 25, 60_000);
    await box().kill();
    const died = Date.now();
    await load.stop();
    const headers = { authorization: `Bearer ${lab.cloud.token}` };
    const { servers, volumes } = await lab.cloud.state();
    const remove = async (path: string) => {
      const answer = await fetch(`${lab.cloud.endpoint}${path}`, { method: 'DELETE', headers });
      expect(answer.status).toBeLessThan(300);
    };
    for (const { id } of servers) await remove(`/servers/${id}`);
    await until('the server is gone', async () => (await lab.cloud.state()).servers.length === 0, 60_000);
    for (const { id } of volumes) await remove(`/volumes/${id}`);

    await must(project.pulumi(['refresh', '--yes', '--skip-preview']));
    const refused = await project.up();
    expect(refused.code).not.toBe(0);
    expect(refused.text).toContain(`the data volume holds no ledger, and this stack has one (${ledger})`);
    expect(refused.text).toContain('npm run restore');

    const asked = Date.now();
    const restored = await run('npm', ['run', 'restore', '--', '--stack', 'e2e'], {
      cwd: project.folder,
      env: { ...process.env, ...lab.env },
      timeoutMs: 280_000,
      check: false,
    });
    expect(restored.stdout + restored.stderr).toMatch(/It adds up[\s\S]*knows nothing of what happened after/);
    expect(restored.code).toBe(0);
    client = openClient(await project.output<string>('url'), await lab.issuedRoot());
    expect((await client.chat(minted)).status).toBe(200);
    numbers.push(
      `restored and serving: ${((Date.now() - asked) / 1_000).toFixed(1)} s after it was asked for (goal 60 s)`,
    );

    const report = await check();
    expect(report).toMatchObject({ ledger, problems: [] });
    const last = /settled requests, the last at (\S+);/.exec(restored.stdout + restored.stderr)?.[1] ?? '';
    const lost = (died - Date.parse(last)) / 1_000;
    numbers.push(`lost: the rows of the last ${lost.toFixed(1)} s (goal 10 s)`);
    expect(lost).toBeLessThan(10);
    await copied();
    await must(project.up('--expect-no-changes'));
  }, 600_000);

  test('a ledger that is wiped on its box is not begun anew either, and the bucket must answer', async () => {
    const { project } = scene;
    await onBox(
      'docker rm -f $(docker ps -aq --filter label=ovth.release) ovth-backup >/dev/null; rm -rf /mnt/data/gateway/*',
    );
    project.configure((config) => (config['ovth:log'] = { level: 'debug' }));
    const refused = await project.up();
    expect([refused.code === 0, refused.text.includes('npm run restore')]).toEqual([false, true]);
    project.configure((config) => {
      config['ovth:backup'] = { ...(config['ovth:backup'] as object), bucket: 'another-bucket' };
    });
    const wrong = await run('npm', ['run', 'restore'], {
      ...{ cwd: project.folder, env: { ...process.env, ...scene.lab.env }, timeoutMs: 280_000, check: false },
    });
    expect(wrong.stdout + wrong.stderr).toMatch(/ovth:backup: the bucket cannot be read.*NoSuchBucket/);
    expect(leaks({ secret }, wrong.stdout + wrong.stderr)).toEqual([]);
  }, 300_000);
});
