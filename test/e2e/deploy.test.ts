// A deploy from nothing to nothing, with the real engine, real provider, real boxes and real certificates. One story: each
// test goes on from where the one before stopped.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from '../lab/describeLab';
import { run as runProgram, until } from '../lab/shell';
import { applyOn, lastSent } from './applied';
import { openClient, type Client } from './client';
import { must, type Run } from './project';
import { type Scene, startScene } from './scene';
import { leaks, secretsOf, shownByBox, stateFiles } from './secrets';

describeLab('pulumi up', () => {
  let scene: Scene;
  let client: Client;
  let key: string;
  let minted: string;
  let secrets: Record<string, string>;
  const numbers: string[] = [];
  const note = (what: string, seconds: number, goal: number) =>
    tell(`${what.padEnd(58)} ${seconds.toFixed(1).padStart(6)} s   (goal ${goal} s)`);
  /** Told at once, and again with all the others at the end. */
  const tell = (line: string) => {
    numbers.push(line);
    process.stderr.write(`  ${line}\n`);
  };

  beforeAll(async () => {
    scene = await startScene();
  }, 900_000);

  afterAll(async () => {
    await scene?.close();
    console.log(`Numbers of this run (${scene?.lab.mode} boxes):\n${numbers.map((line) => `  ${line}`).join('\n')}`);
  }, 120_000);

  const box = () => scene.lab.boxes()[0]!;
  const onBox = async (command: string) => (await box().exec(command, { timeoutMs: 60_000 })).stdout.trim();
  const containers = () => onBox("docker ps --format '{{.ID}} {{.Names}} {{.RunningFor}}' | cut -d' ' -f1,2 | sort");
  const routeOf = async () => (await client.chat(key)).headers['x-ovth-route'];
  const changed = (run: Run) =>
    [
      ...new Set(
        [...run.text.matchAll(/^ ?[+~-]+ +(\S+) (\S+) (?:creat|updat|delet|replac)/gm)].map(([, , name]) => name),
      ),
    ].sort();

  const route = (provider: string) =>
    must(scene.project.pulumi(['config', 'set', '--path', 'ovth:routes.auto.providers[0]', provider]));

  test('from nothing to an answered request', async () => {
    const { project, lab, simulators } = scene;
    const run = await must(project.up());
    const url = await project.output<string>('url');
    client = openClient(url, await lab.issuedRoot());
    key = (await project.output<Record<string, string>>('appKeys'))['declared']!;
    const answer = await client.chat(key);
    note('first up, to an answered request', run.seconds, 60);
    expect(answer.status).toBe(200);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(answer.headers['x-frame-options']).toBe('DENY');
    expect(simulators.openai.counts).toMatchObject({ started: 1, ended: 1 });
    expect(url).toBe(`https://${await project.output<string>('ipv4')}`);

    const masterKey = await project.output<string>('masterKey');
    const mint = await client.send(
      'POST',
      '/admin/keys',
      { authorization: `Bearer ${masterKey}` },
      { label: 'cursor' },
    );
    minted = (JSON.parse(mint.text) as { key: string }).key;
    expect((await client.chat(minted)).status).toBe(200);
    expect((await client.chat(minted.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))).status).toBe(401);
    expect((await client.chat('nonsense')).status).toBe(401);
    expect((await client.send('GET', '/v1/models')).status).toBe(200);
  });

  test('what it prints for clients works as it is pasted', async () => {
    const lines = (await scene.project.pulumi(['stack', 'output', 'clients'])).text.split('\n');
    const [mint, openai, anthropic] = lines.filter((line) => line.startsWith('curl '));
    const root = join(scene.lab.folder, 'issued.pem');
    writeFileSync(root, await scene.lab.issuedRoot());
    const pasted = (line: string) =>
      sh(line, '', {
        ...scene.lab.env,
        CURL_CA_BUNDLE: root,
        OPENAI_API_KEY: minted,
        ANTHROPIC_AUTH_TOKEN: minted,
      });
    expect(await pasted(mint!)).toMatch(/"key": ?"ovth_live_/);
    expect(await pasted(openai!)).toMatch(/"object": ?"chat.completion"/);
    expect(await pasted(anthropic!)).toMatch(/"type": ?"message"/);
  });

  test('makes exactly what it should', async () => {
    const { lab } = scene;
    expect(lab.cloud.inventory().map((thing) => thing.replace(/-[0-9a-f]{7}$/, ''))).toEqual([
      'firewall/ovth-firewall',
      expect.stringMatching(/^primary_ip\//),
      expect.stringMatching(/^primary_ip\//),
      'server/ovth-server',
      'ssh_key/ovth-ssh-key',
      'volume/ovth-data',
    ]);
    const state = await lab.cloud.state();
    expect(state.servers[0]?.server_type?.name).toBe('cx23');
    const rules = state.firewalls[0]?.rules as { port: string | null; protocol: string; source_ips: string[] }[];
    expect(rules.map(({ port, protocol, source_ips: from }) => [port ?? protocol, from.join()]).sort()).toEqual([
      ['22', '127.0.0.0/8'],
      ['443', '0.0.0.0/0,::/0'],
      ['80', '0.0.0.0/0,::/0'],
      ['icmp', '0.0.0.0/0,::/0'],
    ]);
    expect(await box().cloudInit()).toEqual({ status: 'done', extendedStatus: 'done', errors: [] });
  });

  test('containers run without rights, and cannot reach the metadata [C5 J2]', async () => {
    const facts = await onBox(
      `docker inspect --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' $(docker ps --format '{{.Names}}' | sort)`,
    );
    expect(facts.split('\n')).toEqual(
      [268_435_456, 536_870_912].map((bytes) => `1000:1000 true [ALL] [no-new-privileges:true] ${bytes} 256`),
    );
    // NET_BIND_SERVICE: without it, Caddy's image does not start.
    const held = await onBox(
      "for name in $(docker ps --format '{{.Names}}' | sort); do docker exec $name grep ^CapBnd /proc/1/status; done",
    );
    expect(held.split('\n')).toEqual(['CapBnd:\t0000000000000400', 'CapBnd:\t0000000000000000']);
    const metadata = 'http://169.254.169.254/hetzner/v1/userdata';
    expect(await onBox(`curl -s --max-time 3 ${metadata} | head -c 13`)).toBe('#cloud-config');
    const inside = `fetch('${metadata}').then(() => 'open', () => 'closed').then(console.log)`;
    expect(await onBox(`docker exec $(docker ps -qf name=ovth-gateway) node -e "${inside}"`)).toBe('closed');
  });

  test('the box keeps what the tags of its images stood for', async () => {
    expect((await onBox('cat /srv/ovth/digests')).split('\n')).toEqual([
      expect.stringMatching(/^node node:26\S*-slim@sha256:[0-9a-f]{64}$/),
      expect.stringMatching(/^front caddy@sha256:[0-9a-f]{64}$/),
    ]);
  });

  test('the front names no program, and logs no credential [J5]', async () => {
    const address = await scene.project.output<string>('ipv4');
    const head = await onBox(
      `curl -sk -D - -o /dev/null -H 'x-api-key: canary-in-a-header' -H 'x-goog-api-key: canary-in-a-header' 'https://${address}/v1/nothing?key=canary-in-a-query'`,
    );
    expect(head).not.toMatch(/^(server|via):/im);
    const said = await onBox('docker logs $(docker ps -qf name=ovth-front) 2>&1');
    expect(said).toContain('/v1/nothing');
    expect(said).not.toContain('canary');
  });

  test('a second up changes nothing', async () => {
    const run = await must(scene.project.up('--expect-no-changes'));
    note('second up', run.seconds, 5);
    await must(scene.project.pulumi(['refresh', '--yes', '--skip-preview', '--expect-no-changes']));
  });

  test('the apply script runs again without a change, with the command in infra/README.md', async () => {
    const before = await containers();
    const command = /pulumi (up --target-replace) '(\S+ovth-apply)'/.exec(readFileSync('infra/README.md', 'utf8'))!;
    const run = await must(scene.project.pulumi([...command[1]!.split(' '), command[2]!, '--yes', '--skip-preview']));
    expect(run.text).toMatch(/ovth-apply replaced/);
    expect(changed(run)).toEqual(['ovth-apply']);
    expect(await containers()).toBe(before);
    await must(scene.project.up('--expect-no-changes'));
  });

  test('a changed route is live on the running box, and no request fails meanwhile [I2]', async () => {
    const before = await containers();
    expect(await routeOf()).toContain('openai/');
    const load = client.load(key, 20);
    let began = 0;
    await route('anthropic');
    const run = await must(
      scene.project.pulumi(['up', '--yes', '--skip-preview'], {
        onLine: (line, at) => {
          if (began === 0 && /ovth-apply updating/.test(line)) began = at;
        },
      }),
    );
    await load.stop();
    const live = load.answers.find((answer) => answer.route.includes('anthropic/'))!;
    note('route change', run.seconds, 8);
    note('  of it live after apply began', (live.at - began) / 1_000, 3);
    tell(`  requests at 20/s meanwhile: ${load.answers.length}, failed: ${load.failed().length}`);
    expect(load.failed()).toEqual([]);
    expect(changed(run)).toEqual(['ovth-apply', 'ovth-serving']);
    expect(await containers()).toBe(before);
    expect(await routeOf()).toContain('anthropic/');
  });

  describe('after a changed setting', () => {
    const mainProcess = (container: string) => onBox(`docker inspect -f '{{.State.Pid}}' ${container}`);
    const serves = () =>
      until(
        'the changed route',
        async () => (await routeOf().catch(() => undefined))?.includes('anthropic/') === true,
        120_000,
      );

    test.each([
      ['the gateway', '$(docker ps -qf name=ovth-gateway)'],
      ['Caddy', '$(docker ps -qf name=ovth-front)'],
    ])('%s comes back when its process is killed [L14]', async (_name, container) => {
      const before = await mainProcess(container);
      await onBox(`kill -9 ${before}`);
      await serves();
      const after = await mainProcess(container);
      expect(Number(after)).toBeGreaterThan(1);
      expect(after).not.toBe(before);
    });

    test.each([
      ['a reboot', () => box().reboot()],
      [
        'a power cut',
        () =>
          box()
            .kill()
            .then(() => box().start()),
      ],
    ])('the box serves again after %s, with the containers it had', async (_name, happen) => {
      const before = await containers();
      await happen();
      await serves();
      expect(await containers()).toBe(before);
    });
  });

  test('an operator logs in with the printed command, and nowhere else [J6]', async () => {
    const command = await scene.project.output<string>('sshCommand');
    const run = (line: string) => sh(`${line} hostname`, '', scene.lab.env);
    expect(await run(command)).toMatch(/^ovth-server-[0-9a-f]{7}\n$/);
    expect(
      await run(
        command.replace(/AAAA\S{20}/, (text) => [...text.slice(0, 10), ...[...text.slice(10)].reverse()].join('')),
      ),
    ).not.toContain('ovth-server');
  });

  describe('what goes wrong on the way', () => {
    test('a setting that is wrong stops the update, and the gateway goes on', async () => {
      const setting = ['--path', 'ovth:routes.auto.models[0]'];
      await must(scene.project.pulumi(['config', 'set', ...setting, 'claude-opsu-4.7']));
      const run = await scene.project.up();
      await must(scene.project.pulumi(['config', 'rm', '--path', 'ovth:routes.auto.models']));
      expect(run.code).not.toBe(0);
      expect(run.text).toMatch(
        /error: ovth:routes.auto.models\[0\]: "claude-opsu-4.7" is not a known model. Nearest: /,
      );
      expect(await routeOf()).toContain('anthropic/');
    });

    test('a configuration that the gateway on the box refuses is not switched to', async () => {
      const before = await onBox('sha256sum /srv/ovth/current/config/*');
      // The program would not let it through: sent past it, with the very text the engine sends.
      const sent = await lastSent(scene.project);
      sent.files.release['config/config.yaml'] = 'routes: {auto: {providers: [nobody]}}\n';
      const ran = await applyOn(box(), sent);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(
        /^ovth: the gateway refuses the new configuration; what ran before goes on. It says:\n +The configuration cannot be used:\n +- routes.auto.providers\[0\]: "nobody" is not a known provider/,
      );
      expect(await onBox('sha256sum /srv/ovth/current/config/*')).toBe(before);
      expect(await routeOf()).toContain('anthropic/');
    });

    test('a TLS configuration that Caddy refuses is not switched to', async () => {
      const before = await onBox('sha256sum /srv/ovth/front/caddy/*');
      const sent = await lastSent(scene.project);
      sent.files.front['caddy/Caddyfile'] += 'nonsense {\n';
      const ran = await applyOn(box(), sent);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/^ovth: Caddy refuses the new TLS configuration; what ran before goes on. It says:\n/);
      expect(await onBox('sha256sum /srv/ovth/front/caddy/*')).toBe(before);
      expect((await client.chat(key)).status).toBe(200);
    });

    test('an update that was cut off after the switch goes on without restarting what serves', async () => {
      const before = await containers();
      const current = await onBox('readlink /srv/ovth/current');
      await onBox('ln -sfn releases/cut-off /srv/ovth/current');
      expect((await applyOn(box(), await lastSent(scene.project))).code).toBe(0);
      expect(await containers()).toBe(before);
      expect(await onBox('readlink /srv/ovth/current')).toBe(current);
    });

    test('a gateway that never gets healthy fails the update and does not replace the old one', async () => {
      const before = await containers();
      const load = client.load(key, 20);
      const restore = scene.project.edit('gateway/src/main.ts', (text) => {
        const broken = text.replace(
          'await command(args);',
          "if (name === 'serve') throw new Error(`injected: ${process.env['HOME']} is no home`);\n    await command(args);",
        );
        expect(broken).not.toBe(text);
        return broken;
      });
      await route('google');
      const run = await scene.project.up();
      await load.stop();
      restore();
      tell(`  requests while a broken gateway was tried: ${load.answers.length}, failed: ${load.failed().length}`);
      expect(run.code).not.toBe(0);
      expect(run.text).toContain('injected: ');
      expect(run.text).toMatch(
        /error: .*running "bash":\n\s*ovth: the new gateway did not become healthy; what ran before goes on. Its last lines:\n/,
      );
      expect(run.text).not.toMatch(/\n\s+at \S+ \(/);
      expect(load.failed()).toEqual([]);
      expect(await containers()).toBe(before);
      expect(await routeOf()).toContain('anthropic/');
    });

    test('the next update heals', async () => {
      await must(scene.project.up());
      expect(await routeOf()).toContain('google/');
      await must(scene.project.up('--expect-no-changes'));
    });

    test('other code is started beside, and takes over [I2]', async () => {
      const before = await containers();
      const load = client.load(key, 20);
      scene.project.edit('gateway/src/main.ts', (text) => `${text}\nconsole.log('other code');\n`);
      const run = await must(scene.project.up());
      await load.stop();
      note('code change', run.seconds, 45);
      tell(`  requests while other code took over: ${load.answers.length}, failed: ${load.failed().length}`);
      expect(changed(run)).toEqual(['ovth-apply', 'ovth-bundle']);
      expect(await containers()).not.toBe(before);
      const left = () => onBox('docker ps -aq | wc -l; ls /srv/ovth/releases /srv/ovth/fronts | wc -l');
      await until('what retired is gone', async () => (await left()) === '2\n5', 120_000);
      expect((await client.chat(minted)).status).toBe(200);
    });
  });

  test('no secret is readable anywhere, but the host key in user data [A5]', async () => {
    const { project, lab, simulators } = scene;
    secrets = await secretsOf(project, {
      openai: simulators.openai.key,
      anthropic: simulators.anthropic.key,
      google: simulators.google.key,
      minted,
    });
    expect(Object.keys(secrets).length).toBeGreaterThanOrEqual(11);
    expect(leaks(secrets, engineTraces())).toEqual([]);
    expect(leaks(secrets, await shownByBox(box()))).toEqual([]);
    const asked = lab.cloud.calls.map((call) =>
      JSON.stringify({ ...call, body: { ...(call.body as object), user_data: '' } }),
    );
    expect(leaks(secrets, asked.join('\n'))).toEqual([]);
    const [server] = (await lab.cloud.state()).servers;
    expect(leaks(secrets, server!.user_data)).toEqual(['host key']);
    // The search itself finds what is there.
    expect(leaks(secrets, await onBox('cat /srv/ovth/current/config/secrets.env'))).toEqual(
      expect.arrayContaining(['ovth-master-key', 'master key', 'openai', 'anthropic', 'google']),
    );
  });

  describe('a server that is built anew', () => {
    test('an update that cannot log in says what to look at', async () => {
      const { project, lab } = scene;
      const before = (await lab.cloud.state()).servers[0]!;
      project.configure((config) => (config['ovth:server'] = { type: 'cx11', generation: 2 }));
      // Where nothing listens, and without the minutes of patience that a real boot gets.
      const restore = [
        project.edit('infra/preflight/sshReachable.ts', (text) =>
          text.replace('port = 22', 'port = 2').replace('180_000', '0'),
        ),
        project.edit('infra/components/release.ts', (text) =>
          text.replace(/dialErrorLimit: \d+/, 'port: 2, dialErrorLimit: 1'),
        ),
      ];
      const run = await project.up();
      for (const undo of restore) undo();
      expect(run.code).not.toBe(0);
      expect(run.text).toMatch(
        /ovth:server: the server at 127\.0\.0\.\d+ refuses SSH on port 2 .*ovth:server.generation.* goes on from here/,
      );
      const changes = lab.cloud.changes();
      expect(changes.lastIndexOf('POST /servers')).toBeGreaterThan(changes.indexOf(`DELETE /servers/${before.id}`));
    });

    test('the next update goes on; address, keys and ledger are those of before [K3]', async () => {
      const { project, lab } = scene;
      const orders = () => lab.cloud.changes().filter((change) => change === 'POST /servers').length;
      const [ordered, address] = [orders(), await project.output<string>('ipv4')];
      const run = await must(project.up());
      note('a rebuilt server, to an answered request', run.seconds, 90);
      expect((await client.chat(minted)).status).toBe(200);
      expect(orders()).toBe(ordered);
      expect(await project.output<string>('ipv4')).toBe(address);
      await must(project.up('--expect-no-changes'));
    });
  });

  test('destroy leaves an empty cloud', async () => {
    const run = await must(scene.project.pulumi(['destroy', '--yes', '--skip-preview']));
    note('destroy', run.seconds, 20);
    expect(scene.lab.cloud.inventory()).toEqual([]);
    expect(scene.lab.boxes()).toEqual([]);
    expect(leaks(secrets, engineTraces())).toEqual([]);
  });

  // ---

  /** Everything the engine has printed and keeps on disk. */
  function engineTraces(): string {
    const { project, lab } = scene;
    return project.printed.join('\n') + stateFiles(lab.env['PULUMI_BACKEND_URL']!.replace('file://', ''));
  }

  async function sh(command: string, input: string, env: Record<string, string> = {}): Promise<string> {
    const ran = await runProgram('bash', ['-c', command], {
      ...{ input, env: { ...process.env, ...env }, cwd: scene.project.folder },
      ...{ check: false, timeoutMs: 30_000 },
    });
    return ran.stdout + (ran.code === 0 ? '' : ran.stderr);
  }
});
