// Changes that cut nothing, on a box of 2 GB with a backup: other code and another front under load, with streams open across
// each change. One story: each test goes on from where the one before stopped.

import { join } from 'node:path';
import { describeLab } from '../lab/describeLab';
import { until } from '../lab/shell';
import { startS3, type S3Server } from '../support/s3';
import { applyOn, lastSent } from './applied';
import { openClient, type Client, type Load } from './client';
import { must } from './project';
import { type Scene, startScene } from './scene';

/** A stream of 60 events that says something for 15 s, and ends when it is let go. */
const lasting = (name: string) => `chunks=60 gap_ms=250 hold=${name} hold_after=58`;
const boxMemoryMb = 2_048;
const perSecond = 30;

describeLab('changes that cut nothing', () => {
  let scene: Scene;
  let s3: S3Server;
  let client: Client;
  let key: string;
  let masterKey: string;
  const numbers: string[] = [];

  beforeAll(async () => {
    scene = await startScene({ boxMemoryMb, litestream: true });
    s3 = await startS3(join(scene.lab.folder, 's3'));
    // Boxes reach it where other suites have Google.
    scene.lab.setUpstream(2, s3.port);
    scene.project.configure((config) => {
      config['ovth:backup'] = { endpoint: scene.lab.upstreams[2], bucket: s3.bucket };
    });
    for (const [name, input] of Object.entries(s3.keys))
      await must(scene.project.pulumi(['config', 'set', '--secret', '--path', `ovth:backup_keys.${name}`], { input }));
    await must(scene.project.up());
    client = openClient(await scene.project.output<string>('url'), await scene.lab.issuedRoot());
    key = (await scene.project.output<Record<string, string>>('appKeys'))['declared']!;
    masterKey = await scene.project.output<string>('masterKey');
    await until('the first answer', async () => (await client.chat(key)).status === 200, 60_000);
  }, 900_000);

  afterAll(async () => {
    await scene?.close();
    await s3?.close();
    console.log(`Numbers of this run:\n${numbers.map((line) => `  ${line}`).join('\n')}`);
  }, 120_000);

  const box = () => scene.lab.boxes()[0]!;
  const onBox = async (command: string) => (await box().exec(command, { timeoutMs: 60_000 })).stdout.trim();
  const running = async () => (await onBox("docker ps --format '{{.Names}}' | grep -v ovth-backup | sort")).split('\n');
  const release = () => onBox('basename $(readlink /srv/ovth/current)');
  const front = async () => `ovth-front-${await onBox('basename $(readlink /srv/ovth/front)')}`;
  const serving = async () => [await front(), `ovth-gateway-${await release()}`];
  const onlyServing = () =>
    until('what retired is gone', async () => String(await running()) === String(await serving()), 90_000);
  const admin = (method: string, path: string, body?: object) =>
    client.send(method, path, { authorization: `Bearer ${masterKey}` }, body);

  /** How many phases the box has told of, and which have come since. */
  const phaseLines = async () => Number(await onBox('wc -l </run/ovth-phases'));
  const phasesSince = async (line: number) =>
    (await onBox(`tail -n +${line + 1} /run/ovth-phases`)).split('\n').map((told) => told.split(' ')[1]);

  const otherCode = (mark: string) =>
    scene.project.edit('gateway/src/main.ts', (text) => `${text}\nconsole.log('${mark}');\n`);
  /** Memory of the box's processes and of each container, without the page cache. */
  const noteMemory = async (when: string) => {
    const seen = await onBox("docker stats --no-stream --format '{{.Name}} {{.MemUsage}}'");
    const total = await scene.lab.docker.run(['stats', '--no-stream', '--format', '{{.MemUsage}}', box().container]);
    const parts = seen
      .split('\n')
      .map((line) => line.replace(/^ovth-([a-z]+)\S* (\S+) .*$/, '$1 $2'))
      .sort();
    numbers.push(
      `memory ${when}: the box ${total.stdout.trim().split(' ')[0]} of ${boxMemoryMb} MB; ${parts.join(', ')}`,
    );
  };
  /** Runs a change under load, and expects that no request fails. */
  const underLoad = async (what: string, change: () => Promise<{ seconds: number; text: string }>) => {
    const load: Load = client.load(key, perSecond);
    const run = await change();
    // What keeps its connection meets the new front only now.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await load.stop();
    const kinds = ['fresh', 'kept', 'h2'].map((kind) => load.answers.filter((answer) => answer.kind === kind).length);
    numbers.push(
      `${what}: ${run.seconds.toFixed(1)} s; requests over fresh, kept and h2 connections: ${kinds.join(', ')}, failed: ${load.failed().length}`,
    );
    expect(load.failed()).toEqual([]);
    expect(Math.min(...kinds)).toBeGreaterThan(0);
  };

  test('the gateway is told the address of the client, and not that of the box', async () => {
    expect((await client.chat('wrong')).status).toBe(401);
    // The lab's clients come from where the box's default route leads.
    const from = await onBox("ip route show default | sed 's/.*via \\([^ ]*\\).*/\\1/'");
    const refused = async () =>
      onBox(`docker logs ovth-gateway-${await release()} 2>&1 | grep '"refused"' | tail -n 1`);
    await until('the line of the log', async () => (await refused()) !== '', 10_000);
    expect(JSON.parse(await refused())).toMatchObject({ address: from });
  });

  test('ports 80 and 443 also answer on the box itself, as they do for IPv6', async () => {
    const code = (url: string) => onBox(`curl -sk -o /dev/null -w '%{http_code}' ${url}`);
    expect(await code('https://127.0.0.1/livez')).toBe('200');
    expect(await code('http://127.0.0.1/livez')).toBe('308');
  });

  test('streams that began on the old code end on it, while the new one serves', async () => {
    const before = await serving();
    const minted = JSON.parse((await admin('POST', '/admin/keys', { label: 'leaked' })).text) as Record<string, string>;
    const streams = [client.stream(key, lasting('code')), client.stream(key, lasting('code'), 'h2')];
    const leaked = client.stream(minted['key']!, lasting('never'), 'kept');
    for (const { begun } of [...streams, leaked]) await begun;
    otherCode('green');
    await underLoad('other code', () => must(scene.project.up()));
    const after = await serving();
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    // The update has not waited, and what retires goes on beside what serves.
    expect(await running()).toEqual([...before, ...after].sort());
    await noteMemory('of two gateways and two fronts');
    const policy = "docker inspect -f '{{.HostConfig.RestartPolicy.Name}}'";
    expect(await onBox(`${policy} ${before.join(' ')} ${after.join(' ')}`)).toBe('no\nno\nalways\nalways');

    // What retires shares the ledger: a revoked key's stream ends there too.
    expect((await admin('DELETE', `/admin/keys/${minted['id']}`)).status).toBe(200);
    expect(await leaked.ended).toMatch(/revoked/);

    scene.simulators.release('code');
    expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(['whole', 'whole']);
    await onlyServing();
    expect(await onBox('ls /srv/ovth/releases | wc -l; ls /srv/ovth/fronts | wc -l')).toBe('1\n1');
  });

  test('another image of Caddy takes over, and no request fails', async () => {
    const [, gateway] = await serving();
    const stream = client.stream(key, lasting('front'));
    const kept = client.stream(key, lasting('front'), 'h2');
    for (const { begun } of [stream, kept]) await begun;
    // Other bytes under another name: the new front is another container from another image.
    await onBox("printf 'FROM caddy:2.11.9\\nLABEL other=yes\\n' | docker build --quiet --tag caddy:other -");
    scene.project.configure((config) => (config['ovth:images'] = { caddy: 'caddy:other' }));
    await underLoad('another image of Caddy', () => must(scene.project.up()));
    expect(await onBox(`docker inspect -f '{{.Config.Image}}' ${await front()}`)).toBe('caddy:other');
    expect((await serving())[1]).toBe(gateway);
    scene.simulators.release('front');
    expect(await Promise.all([stream.ended, kept.ended])).toEqual(['whole', 'whole']);
    await onlyServing();
  });

  test('a second change ends what was retiring; going back to that cuts no newer stream and builds nothing', async () => {
    const first = await serving();
    const old = client.stream(key, lasting('never'));
    await old.begun;
    const restore = otherCode('blue');
    await must(scene.project.up());
    const newer = client.stream(key, lasting('newer'));
    await newer.begun;
    const started = await onBox(`docker inspect -f '{{.State.StartedAt}}' ${first[1]}`);
    restore();
    const began = await phaseLines();
    await underLoad('back to the code of before', () => must(scene.project.up()));
    expect(await phasesSince(began)).toEqual(expect.arrayContaining(['hurry', 'retire']));
    expect(await old.ended).not.toBe('whole');
    expect((await serving())[1]).toBe(first[1]);
    expect(await onBox(`docker inspect -f '{{.State.StartedAt}} {{.HostConfig.RestartPolicy.Name}}' ${first[1]}`)).toBe(
      `${started} always`,
    );
    scene.simulators.release('newer');
    expect(await newer.ended).toBe('whole');
    await onlyServing();
  });

  test('what is still open when the time to retire is over ends with an error of the gateway’s own', async () => {
    const stream = client.stream(key, lasting('never'));
    await stream.begun;
    scene.project.configure((config) => (config['ovth:release'] = { retire_after: 0 }));
    otherCode('at once');
    await must(scene.project.up());
    expect(await stream.ended).toMatch(/shutting down/);
    scene.project.configure((config) => delete config['ovth:release']);
    await onlyServing();
  });

  test('what retires does not come back after a power cut, and the next update sweeps it', async () => {
    const stream = client.stream(key, lasting('never'));
    await stream.begun;
    otherCode('after the power cut');
    await must(scene.project.up());
    expect(await running()).toHaveLength(4);
    await box().kill();
    await box().start();
    await until('an answer after the power cut', () => client.chat(key).then(({ status }) => status === 200, () => false), 60_000); // prettier-ignore
    expect(await running()).toEqual(await serving());
    expect(await stream.ended).not.toBe('whole');
    expect((await applyOn(box(), await lastSent(scene.project))).code).toBe(0);
    expect(await onBox("docker ps -a --format '{{.Names}}' | sort")).toBe(
      ['ovth-backup', ...(await serving())].join('\n'),
    );
    expect(await onBox('ls /srv/ovth/releases | wc -l; ls /srv/ovth/fronts | wc -l')).toBe('1\n1');
  });

  test('of images, bundles and the build cache there is what going back by one change needs', async () => {
    const kept = await onBox("docker image ls --format '{{.Repository}}' | sort | uniq -c | sed 's/^ *//'");
    expect(kept.split('\n')).toEqual(expect.arrayContaining(['2 ovth-gateway']));
    expect(kept).not.toMatch(/<none>/);
    expect(await onBox("docker image ls caddy --format '{{.Tag}}'")).toBe('other');
    expect(await onBox('ls /srv/ovth/bundles | wc -l')).toBe('1');
    expect(await onBox("docker system df --format '{{.Type}} {{.Size}}' | grep Cache")).toBe('Build Cache 0B');
    numbers.push(`images: ${await onBox("docker system df --format '{{.Type}} {{.Size}}' | grep Images")}`);
  });

  test('a disk that fills up is said, and nothing is built when it has too little room', async () => {
    const restoreBound = scene.project.edit('infra/preflight/boxState.ts', (text) =>
      text.replace('fullPercent = 80', 'fullPercent = -1'),
    );
    const preview = await must(scene.project.pulumi(['preview', '--expect-no-changes']));
    restoreBound();
    expect(preview.text).toMatch(/warning: ovth:server.type: the server's own disk is \d+ % full/);
    expect(preview.text).toMatch(/warning: ovth:data.size_gb: the data volume is \d+ % full; raise the size/);
    const sent = await lastSent(scene.project);
    const refused = await applyOn(box(), {
      ...sent,
      facts: { ...sent.facts, image: 'ovth-gateway:other', build_mb: 1_000_000_000 },
    });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /ovth: the server's disk has \d+ MB free, and building an image needs 1000000000 MB; make room .*; what ran before goes on\n$/,
    );
    expect((await client.chat(key)).status).toBe(200);
  });
});
