// What a deploy keeps, on real boxes: a protected stack refuses to go, its server can be rebuilt all the same, and a preview
// says beforehand what a change does. One story: each test goes on from where the one before stopped.

import { canGrowMounted } from '../lab/capabilities';
import { describeLab } from '../lab/describeLab';
import { openClient, type Client } from './client';
import { must } from './project';
import { type Scene, startScene } from './scene';

describeLab('a protected stack', () => {
  let scene: Scene;
  let client: Client;
  let key: string;
  const numbers: string[] = [];

  beforeAll(async () => {
    scene = await startScene();
    scene.project.configure((config) => (config['ovth:data'] = { protect: true }));
  }, 900_000);

  afterAll(async () => {
    await scene?.close();
    console.log(`Numbers of this run:\n${numbers.map((line) => `  ${line}`).join('\n')}`);
  }, 120_000);

  const box = () => scene.lab.boxes()[0]!;
  const outputs = async () => ({
    ipv4: await scene.project.output<string>('ipv4'),
    ipv6: await scene.project.output<string>('ipv6'),
  });

  test('comes up, with an IPv6 address of its own', async () => {
    const { project, lab } = scene;
    await must(project.up());
    key = (await project.output<Record<string, string>>('appKeys'))['declared']!;
    client = openClient(await project.output<string>('url'), await lab.issuedRoot());
    expect((await client.chat(key)).status).toBe(200);
    const [server] = (await lab.cloud.state()).servers;
    const { ipv6 } = await outputs();
    expect(`${server!.public_net.ipv6!.ip.replace('/64', '')}1`).toBe(ipv6);
    await must(project.up('--expect-no-changes'));
  });

  test('a preview says in words, and without a secret, which settings change on the box', async () => {
    const { project, simulators } = scene;
    project.configure((config) => {
      config['ovth:routes'] = { auto: { providers: ['anthropic'] } };
      config['ovth:keys'] = { declared: { user: 'operator' }, second: { quota: { daily_tokens: 1_000 } } };
    });
    const run = await must(project.pulumi(['preview', '--diff']));
    expect(run.text).toMatch(/settings that change:\n[^]*keys\.second\.quota\.daily_tokens: 1000/);
    expect(run.text).toMatch(/~ routes.auto.providers: \[ openai \] => \[ anthropic \]/);
    for (const { key: secret } of [simulators.openai, simulators.anthropic]) expect(run.text).not.toContain(secret);
    await must(project.up());
    expect((await client.chat(key)).headers['x-ovth-route']).toContain('anthropic/');
    expect((await must(project.pulumi(['preview']))).text).not.toContain('settings that change');
  });

  test('destroy without a preview deletes nothing', async () => {
    const { project, lab } = scene;
    const before = { things: lab.cloud.inventory(), changes: lab.cloud.changes().length };
    const run = await project.pulumi(['destroy', '--yes', '--skip-preview']);
    expect(run.code).not.toBe(0);
    expect(run.text).toMatch(/ovth-serving" cannot be deleted\s+because it is protected/);
    expect(run.text).not.toMatch(/^ - +\S+ \S+ deleted/m);
    expect(lab.cloud.inventory()).toEqual(before.things);
    expect(lab.cloud.changes()).toHaveLength(before.changes);
    expect((await client.chat(key)).status).toBe(200);
    await must(project.up('--expect-no-changes'));
  });

  test('a file system that does not grow shows', async () => {
    const { project } = scene;
    await box().exec(
      'mv /usr/sbin/resize2fs /usr/sbin/resize2fs.real; printf "#!/bin/sh\\necho injected >&2; exit 1\\n" >/usr/sbin/resize2fs; chmod 755 /usr/sbin/resize2fs',
    );
    project.configure((config) => (config['ovth:log'] = { level: 'debug' }));
    const run = await project.up();
    expect(run.code).not.toBe(0);
    expect(run.text).toMatch(
      /the file system at \/mnt\/data does not grow to the size of its volume \(resize2fs: injected\)/,
    );
    await box().exec('mv /usr/sbin/resize2fs.real /usr/sbin/resize2fs');
    await must(project.up());
  });

  // Skipped, and counted as that, on a machine whose kernel lets nobody grow what is mounted.
  (canGrowMounted() ? test : test.skip)('a volume that is made larger is larger on the server', async () => {
    const { project } = scene;
    const sizeGb = async () =>
      Number.parseInt((await box().exec('df --output=size -BG /mnt/data | tail -n 1')).stdout, 10);
    const before = await sizeGb();
    project.configure((config) => (config['ovth:data'] = { protect: true, size_gb: 20 }));
    await must(project.up());
    expect(await sizeGb()).toBeGreaterThanOrEqual(before + 8);
  });

  test('a rebuild costs what the preview says; both addresses and the keys stay', async () => {
    const { project } = scene;
    const before = await outputs();
    project.configure((config) => (config['ovth:server'] = { type: 'cx11', generation: 2 }));
    expect((await must(project.pulumi(['preview']))).text).toMatch(
      /warning: ovth:server.generation: the server is built anew; the gateway does not answer meanwhile, about \d+ s/,
    );
    const load = client.load(key, 10);
    await must(project.up());
    await load.stop();
    const failed = load.answers.filter(({ status }) => status !== 200);
    const outage =
      failed.length === 0 ? 0 : Math.max(...failed.map(({ at }) => at)) - Math.min(...failed.map(({ at }) => at));
    numbers.push(`a rebuild: ${failed.length} requests failed, in ${(outage / 1_000).toFixed(1)} s`);
    expect(failed.length).toBeGreaterThan(0);
    expect((await client.chat(key)).status).toBe(200);
    expect(await outputs()).toEqual(before);
    await must(project.up('--expect-no-changes'));
  });

  test('and the way back: protect false, up, destroy', async () => {
    const { project, lab } = scene;
    project.configure((config) => {
      config['ovth:data'] = { ...(config['ovth:data'] as object), protect: false };
    });
    await must(project.up());
    await must(project.pulumi(['destroy', '--yes', '--skip-preview']));
    expect(lab.cloud.inventory()).toEqual([]);
  });
});
