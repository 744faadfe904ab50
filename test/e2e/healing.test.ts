// A box that is broken in every way a plain `pulumi up` can mend, and what is said where it cannot. One story: each test
// goes on from where the one before stopped.

import { describeLab } from '../lab/describeLab';
import { until } from '../lab/shell';
import { openClient, type Client } from './client';
import { must, type Run } from './project';
import { type Scene, startScene } from './scene';

describeLab('a box that is not as it should be', () => {
  let scene: Scene;
  let client: Client;
  let key: string;

  beforeAll(async () => {
    scene = await startScene();
  }, 900_000);

  afterAll(() => scene?.close(), 120_000);

  const box = () => scene.lab.boxes()[0]!;
  const onBox = async (command: string) => (await box().exec(command, { timeoutMs: 60_000 })).stdout.trim();
  const up = (...more: string[]) => scene.project.up(...more);
  // The engine takes no `--preview-only` beside a consent, which the lab gives in the environment.
  const refreshPreview = () =>
    scene.project.pulumi(['refresh', '--preview-only', '--run-program'], {
      environment: { PULUMI_SKIP_CONFIRMATIONS: 'false' },
    });
  const routeOf = async () => (await client.chat(key)).headers['x-ovth-route'];
  const route = (provider: string) =>
    must(scene.project.pulumi(['config', 'set', '--path', 'ovth:routes.auto.providers[0]', provider]));
  const changed = (run: Run) => [
    ...new Set([...run.text.matchAll(/^ ?[+~-]+ +\S+ (\S+) (?:creat|updat|delet|replac)/gm)].map(([, name]) => name)),
  ];
  const repairs = async () => {
    const { text } = await client.send('GET', '/readyz');
    return (JSON.parse(text) as { repairs: number }).repairs;
  };
  const faultIn = (run: Run) => /warning: ovth: the box at \S+ is not as it should be: (.*)\./.exec(run.text)?.[1];

  test('the first update says each phase as it begins, with seconds', async () => {
    const { project, lab } = scene;
    const said: string[] = [];
    const run = await must(
      project.pulumi(['up', '--yes', '--skip-preview'], {
        onLine: (line) => {
          if (/ovth-apply created/.test(line)) said.push('applied');
          const phase = /\d+ s: (\w+): /.exec(line)?.[1];
          if (phase !== undefined && !said.includes(phase)) said.push(phase);
        },
      }),
    );
    expect(faultIn(run)).toBeUndefined();
    expect(said.filter((phase) => phase !== 'certificate')).toEqual([
      'boot',
      'bootstrap',
      'build',
      'start',
      'switch',
      'applied',
    ]);
    client = openClient(await project.output<string>('url'), await lab.issuedRoot());
    key = (await project.output<Record<string, string>>('appKeys'))['declared']!;
    expect((await client.chat(key)).status).toBe(200);
    expect(await repairs()).toBe(0);
  });

  test('a healthy box makes no difference and no noise, at preview, up and refresh', async () => {
    for (const command of [
      ['preview'],
      ['up', '--yes', '--skip-preview'],
      ['refresh', '--yes', '--skip-preview', '--run-program'],
    ]) {
      const run = await must(scene.project.pulumi([...command, '--expect-no-changes']));
      expect(run.text).not.toMatch(/warning: ovth|\d s: \w+: /);
    }
  });

  test.each<[string, string, RegExp]>([
    [
      'the gateway’s container is removed',
      'docker rm -f $(docker ps -q --filter name=ovth-gateway)',
      /^no answer over HTTPS \(.*\); the gateway’s container does not run$/,
    ],
    [
      'Caddy is removed, and its files are edited',
      'docker rm -f $(docker ps -q --filter name=ovth-front); echo "# x" >>/srv/ovth/front/caddy/Caddyfile; echo "# x" >>/srv/ovth/front/compose.yaml',
      /^no answer over HTTPS \(.*\); Caddy does not run; front\/caddy\/Caddyfile is not .*; front\/compose.yaml is not/,
    ],
    [
      'the gateway’s files are edited',
      'cd /srv/ovth/current && sed -i "s/daily_tokens: 50000000/daily_tokens: 1/" config/config.yaml && echo "# x" >>compose.yaml',
      /^current\/compose.yaml is not as the last update left it; current\/config\/config.yaml is not/,
    ],
    [
      'the front’s address is edited',
      'sed -i "s/^ADDRESS=.*/ADDRESS=192.0.2.1/" /srv/ovth/front/.env',
      /^ports 80 and 443 do not lead to Caddy.*; front\/.env is not/,
    ],
    [
      'the rules that lead to Caddy are flushed',
      'iptables -t nat -F OVTH-FRONT',
      /^no answer over HTTPS \(.*\); ports 80 and 443 do not lead to Caddy, or would not after a reboot$/,
    ],
    [
      'nothing leads to the rules, and the door for IPv6 is shut',
      'iptables -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j OVTH-FRONT; systemctl stop ovth-door@443.socket ovth-door@443.service',
      /ports 80 and 443 do not lead to Caddy, or would not after a reboot$/,
    ],
    [
      'the rules would not be set at boot',
      'systemctl disable --quiet ovth-front.service; rm -f /etc/systemd/system/ovth-front.service /srv/ovth/lead',
      /^ports 80 and 443 do not lead to Caddy, or would not after a reboot; lead is not .*; \/etc\/systemd\/system\/ovth-front.service is not/,
    ],
    [
      'the link to the front that serves is removed',
      'rm /srv/ovth/front',
      /^ports 80 and 443 do not lead to Caddy.*; front\/caddy\/Caddyfile is not/,
    ],
  ])('an update mends it when %s', async (_name, damage, fault) => {
    const before = await repairs();
    await onBox(damage);
    const preview = await must(scene.project.pulumi(['preview']));
    expect(faultIn(preview)).toMatch(fault);
    const run = await must(up());
    expect(faultIn(run)).toMatch(fault);
    expect(changed(run)).toEqual(['ovth-apply']);
    expect((await client.chat(key)).status).toBe(200);
    expect(await repairs()).toBe(before + 1);
    await must(up('--expect-no-changes'));
  });

  describe('a reboot', () => {
    const answers = () => client.chat(key).then(({ status }) => status === 200, () => false); // prettier-ignore
    const led = () => onBox('sh /srv/ovth/lead check && echo led || true');

    test('keeps the rules, and only what serves runs', async () => {
      await box().reboot();
      await until('an answer', answers, 60_000);
      expect(await led()).toBe('led');
      expect(await onBox("docker ps --format '{{.Names}}' | sort")).toBe(
        await onBox(
          'echo ovth-front-$(basename $(readlink /srv/ovth/front)); echo ovth-gateway-$(basename $(readlink /srv/ovth/current))',
        ),
      );
      await must(up('--expect-no-changes'));
    });

    test('without the rules is told, and an update sets them', async () => {
      await onBox('systemctl disable --quiet ovth-front.service');
      await box().reboot();
      const running = () => onBox('docker ps -q | wc -l').then((count) => count === '2', () => false); // prettier-ignore
      await until('the containers', running, 60_000);
      expect(await led()).toBe('');
      const refresh = await must(refreshPreview());
      expect(faultIn(refresh)).toMatch(/ports 80 and 443 do not lead to Caddy, or would not after a reboot/);
      await must(up());
      expect([await led(), await answers()]).toEqual(['led', true]);
      await must(up('--expect-no-changes'));
    });
  });

  test('an update that was killed while it applied a change, which is then taken back', async () => {
    await route('anthropic');
    // The script waits for another update's end, and goes on when nobody is left to hear of it.
    await onBox('systemd-run --quiet --unit=ovth-hold flock /run/lock/ovth-apply.lock sleep 600');
    const begun = until(
      'the script, which has all its input by then',
      async () => (await onBox("pgrep -f '^flock --wait' || true")) !== '',
      120_000,
    );
    await scene.project.pulumi(['up', '--yes', '--skip-preview'], { killWhen: begun });
    await onBox('systemctl stop ovth-hold');
    await until('the change that nobody waits for', async () => /anthropic/.test(String(await routeOf())), 60_000);
    await until(
      'its end',
      async () => (await onBox('flock -n /run/lock/ovth-apply.lock echo free || true')) === 'free',
      60_000,
    );
    await must(scene.project.pulumi(['cancel', '--yes']));
    await route('openai');
    await must(up());
    expect(await routeOf()).toContain('openai/');
    await must(up('--expect-no-changes'));
  });

  test('a server that is switched off is switched on; refresh says so before', async () => {
    const { cloud } = scene.lab;
    await box().shutdown();
    const refresh = await must(refreshPreview());
    expect(faultIn(refresh)).toBe('the server is switched off');
    expect(await box().isOn()).toBe(false);
    const run = await must(up());
    expect(faultIn(run)).toBe('the server is switched off');
    expect(cloud.changes().filter((change) => change.endsWith('/actions/poweron'))).toHaveLength(1);
    expect((await client.chat(key)).status).toBe(200);
    await must(up('--expect-no-changes'));
  });

  test('a closed port 22 alone is no difference', async () => {
    await onBox('systemctl stop ssh.socket ssh.service 2>/dev/null; systemctl stop ssh');
    await must(scene.project.pulumi(['preview', '--expect-no-changes']));
    const run = await must(up('--expect-no-changes'));
    expect(run.text).toMatch(/warning: ovth:server: the server at \S+ refuses SSH on port 22/);
    await onBox('systemctl start ssh');
  });

  test('a box that is frozen costs a preview 3 s, and an update names the remedy', async () => {
    const healthy = await must(scene.project.pulumi(['preview', '--expect-no-changes']));
    await box().pause();
    const restore = scene.project.edit('infra/components/standingBox.ts', (text) =>
      text.replace('patienceMs: 60_000', 'patienceMs: 0'),
    );
    const preview = await must(scene.project.pulumi(['preview']));
    const run = await up();
    restore();
    await box().resume();
    process.stderr.write(
      `  preview ${healthy.seconds.toFixed(1)} s, of a dead box ${preview.seconds.toFixed(1)} s (goal: 3 s more)\n`,
    );
    expect(faultIn(preview)).toMatch(/^no answer over HTTPS \(no answer in [\d.]+ s\)$/);
    expect(run.code).not.toBe(0);
    expect(run.text).toMatch(
      /error: ovth:ssh.admin_cidrs: the server at .* does not answer over HTTPS either: .*raise ovth:server.generation by one/,
    );
    expect(run.text).not.toMatch(/\n\s+at \S+ \(/);
    await must(up('--expect-no-changes'));
  });

  test('an update fails where the gateway does not answer from here, with one sentence', async () => {
    const restore = scene.project.edit('infra/preflight/readiness.ts', (text) => text.replace('?? 443', '?? 444'));
    const run = await up();
    restore();
    expect(run.code).not.toBe(0);
    expect(run.text).toMatch(
      /error: ovth: https:\/\/\S+ at \S+ does not answer this machine \(it (refuses connections|ends connections at once)\), although the box says that it serves: see that the firewall/,
    );
    await must(up());
  });

  describe('a certificate that cannot be had', () => {
    const name = 'gw.test';
    const address = () => box().address!;
    /** What everybody sees: the authority, and the box itself. */
    const resolve = async (to: string) => {
      await scene.lab.setName(name, to);
      await onBox(
        `sed '/ ${name}$/d' /etc/hosts >/tmp/hosts; echo '${to} ${name}' >>/tmp/hosts; cat /tmp/hosts >/etc/hosts`,
      );
    };
    const served = () =>
      onBox(
        `curl -sk -o /dev/null -w '%{http_code}' --connect-to ${name}:443:127.0.0.1:443 https://${name}/livez || true`,
      );
    let restore: () => void;
    beforeAll(() => {
      restore = scene.project.edit('infra/render/desiredState.ts', (text) =>
        text.replace('certificate_seconds: 75', 'certificate_seconds: 20'),
      );
    });

    test('a name that resolves elsewhere: to what, and to what it should; what served before goes on', async () => {
      await resolve('127.0.0.99');
      scene.project.configure((config) => (config['ovth:domain'] = name));
      const run = await up();
      expect(run.code).not.toBe(0);
      expect(run.text).toMatch(
        new RegExp(
          `ovth: ovth:domain: there is no certificate for ${name}, so nobody can connect; the name resolves to 127.0.0.99 and should resolve to ${address()}: set its A record. The certificate authority says: .*(refused|connection|urn:ietf).*What ran before goes on; when it is mended, run "pulumi up" again`,
        ),
      );
      expect((await client.chat(key)).status).toBe(200);
    });

    test('once the record is right, the next update ends well', async () => {
      await resolve(address());
      restore();
      await must(up());
      expect(await served()).toBe('200');
      await must(up('--expect-no-changes'));
    });

    test('a certificate that is lost is asked for again', async () => {
      await onBox('docker rm -f $(docker ps -q --filter name=ovth-front); rm -rf /mnt/data/caddy/*');
      const run = await must(up());
      expect(faultIn(run)).toMatch(/Caddy does not run/);
      expect(await served()).toBe('200');
    });
  });
});
