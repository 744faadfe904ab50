// The npm package in a program of another's own: an hcloud provider of its own, Outputs among the settings, from nothing to
// nothing.

import { readFileSync } from 'node:fs';
import { describeLab } from '../lab/describeLab';
import { type Lab, startLab } from '../lab/lab';
import { run, until } from '../lab/shell';
import { toolPath } from '../lab/tools';
import type { StatusReport } from '../../infra/operate/boxStatus';
import { startSimulators, type Simulators } from '../simulators';
import { openClient, type Client } from './client';
import { openOwnProgram } from './ownProgram';
import { must, type Project } from './project';

describeLab('the npm package in another program', () => {
  let lab: Lab;
  let simulators: Simulators;
  let project: Project;
  let client: Client;
  let key: string;

  beforeAll(async () => {
    simulators = await startSimulators();
    lab = await startLab({ upstreamPorts: [Number(new URL(simulators.openai.baseUrl).port)] });
    const settings = {
      ...{ acme: lab.acmeDirectory, acmeRoot: lab.acmeRoot },
      ...{ openai: lab.upstreams[0]!, openaiKey: simulators.openai.key },
    };
    // Its types are checked in packagePreview.test.ts.
    project = await openOwnProgram(lab.folder, lab.env, settings, false);
  }, 900_000);

  afterAll(async () => {
    await lab?.stop();
    await simulators?.close();
  }, 120_000);

  test('up: from nothing to an answered request', async () => {
    const first = await must(project.up());
    console.log(`the package's first up: ${first.seconds.toFixed(1)} s`);
    client = openClient(await project.output<string>('url'), await lab.issuedRoot());
    key = (await project.output<Record<string, string>>('appKeys'))['site']!;
    expect((await client.chat(key)).status).toBe(200);
    expect(first.text).toContain('ovth: changed on the server: packages installed: docker.io ');
    expect(lab.cloud.inventory().map((thing) => thing.replace(/-[0-9a-f]{7}$/, ''))).toEqual(
      expect.arrayContaining(['firewall/beside', 'firewall/llm-firewall', 'server/llm-server', 'volume/llm-data']),
    );
    expect((await lab.cloud.state()).servers[0]?.labels).toEqual({
      'managed-by': 'ovth',
      stack: 'own-program-e2e-llm',
      'stack-id': expect.stringMatching(/^[0-9a-f]{10}$/),
      // Generations of the keys of its first boot: what a program of another's own always has.
      'first-key': '1',
      'host-key': '1',
    });
  });

  test('a second up changes nothing', async () => {
    await must(project.up('--expect-no-changes'));
  });

  describe('the operator’s commands', () => {
    test('status says what runs where, and the same for programs', async () => {
      const shown = await operate('status');
      expect(shown.text).toMatch(/^url +https:\/\/127\.0\.0\.\d+ {2}serves$/m);
      expect(shown.text).toMatch(/^certificate +by Pebble Intermediate CA \w+, until 20\d\d-/m);
      expect(shown.text).toMatch(/^server +llm-server-[0-9a-f]{7}, booted since /m);
      expect(shown.text).toMatch(/^gateway +release [0-9a-f]{12} {2}healthy since /m);
      expect(shown.text).toMatch(/^front +ovth-front.*, caddy:\S+ {2}running since /m);
      expect(shown.text).toMatch(/^deploy +last update ended 20\d\d-.* UTC \(\d+ min ago\), put right 0 times$/m);
      expect(shown.text).toMatch(/^disk +\/mnt\/data /m);
      expect(shown.text).toMatch(/may reboot at /);
      expect(shown.text).not.toMatch(/^! /m);
      expect(shown.code).toBe(0);
      const report = JSON.parse((await operate('status', '--json')).text) as StatusReport;
      expect(report.site).toMatchObject({ ready: 200, certificate: { trusted: false } });
      expect(report.box?.containers.filter(({ state }) => state === 'running').length).toBeGreaterThanOrEqual(2);
    });

    test('logs shows the gateway’s, and ssh runs a command and ends with its code', async () => {
      expect((await operate('logs', '--lines', '5000')).text).toMatch(/"msg":"listening on http/);
      expect((await operate('logs', 'front')).text).toContain('certificate obtained successfully');
      expect(await operate('ssh', 'hostname; exit 7')).toMatchObject({
        code: 7,
        text: expect.stringMatching(/^llm-server/),
      });
    });

    test('none of them shows a secret', async () => {
      const all = [
        await operate('status'),
        await operate('status', '--json'),
        await operate('logs'),
        await operate('logs', 'host'),
      ];
      const secrets = [simulators.openai.key, await project.output<string>('masterKey'), key];
      expect(all.flatMap(({ text }) => secrets.filter((secret) => text.includes(secret)))).toEqual([]);
    });
  });

  describe('the host', () => {
    const onBox = async (command: string) => (await lab.boxes()[0]!.exec(command, { timeoutMs: 60_000 })).stdout.trim();

    test('gets security upgrades, and knows when it may reboot [J8]', async () => {
      const periodic =
        'apt-config dump APT::Periodic::Unattended-Upgrade; apt-config dump Unattended-Upgrade::Origins-Pattern';
      expect((await onBox(periodic)).split('\n')).toEqual([
        'APT::Periodic::Unattended-Upgrade "1";',
        'Unattended-Upgrade::Origins-Pattern "";',
        'Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=${distro_codename}-security,label=Debian-Security";',
      ]);
      expect(await onBox('systemctl is-enabled apt-daily-upgrade.timer ovth-reboot.timer')).toBe('enabled\nenabled');
      expect(await onBox('systemctl show --property TimersCalendar --value ovth-reboot.timer')).toContain(
        'Sun *-*-* 04:00:00 UTC',
      );
    });

    test('lets containers outlive the Docker daemon', async () => {
      expect(await onBox("docker info --format '{{.LiveRestoreEnabled}}'")).toBe('true');
      const before = await onBox("docker inspect --format '{{.State.Pid}}' $(docker ps --quiet) | sort");
      await onBox('systemctl restart docker && docker ps >/dev/null');
      expect(await onBox("docker inspect --format '{{.State.Pid}}' $(docker ps --quiet) | sort")).toBe(before);
      expect((await client.chat(key)).status).toBe(200);
    });

    test('takes no passwords and carries no tunnels, and a time service is enabled', async () => {
      const sshd = (await onBox('sshd -T')).split('\n');
      expect(sshd).toEqual(
        expect.arrayContaining(['passwordauthentication no', 'disableforwarding yes', 'permittunnel no']),
      );
      expect(await onBox('systemctl is-enabled systemd-timesyncd')).toBe('enabled');
    });

    test('is brought back to what it should be, and what changed is said', async () => {
      await onBox(
        'rm /etc/systemd/system/ovth-reboot.timer; echo "PasswordAuthentication yes" >/etc/ssh/sshd_config.d/10-ovth.conf',
      );
      const again = await must(
        project.pulumi(['up', '--yes', '--skip-preview', '--target-replace', '**llm-bootstrap']),
      );
      expect(again.text).toContain('ovth: changed on the server: /etc/ssh/sshd_config.d/10-ovth.conf');
      expect(again.text).toContain('ovth: changed on the server: /etc/systemd/system/ovth-reboot.timer');
      expect(await onBox('systemctl is-active ovth-reboot.timer; sshd -T | grep ^passwordauth')).toBe(
        'active\npasswordauthentication no',
      );
      await must(project.up('--expect-no-changes'));
    });

    test('reboots in its window after the open requests have ended, and serves again', async () => {
      // In place of the real reboot, which a container cannot do by itself: what calls it is what is tried.
      await onBox(
        'mkdir -p /opt/pretended && printf \'#!/bin/sh\\necho "$*" >>/opt/pretended/calls\\n\' >/opt/pretended/systemctl && chmod 755 /opt/pretended/systemctl',
      );
      const window = 'PATH=/opt/pretended:$PATH /usr/local/sbin/ovth-reboot';
      await onBox(window);
      expect((await client.chat(key)).status).toBe(200); // no upgrade has asked for it
      const open = client.send(
        'POST',
        '/v1/chat/completions',
        { authorization: `Bearer ${key}` },
        { model: 'auto', stream: true, messages: [{ role: 'user', content: '[[sim: gap_ms=400 chunks=20]] hi' }] },
      );
      await simulators.openai.waitForStarted(simulators.openai.counts.started + 1);
      await onBox(`touch /run/reboot-required; ${window}`);
      expect((await open).text).toContain('data: [DONE]');
      expect(await onBox('cat /opt/pretended/calls; docker ps --quiet')).toBe('reboot');
      await lab.boxes()[0]!.reboot();
      await until(
        'the gateway after the reboot',
        async () => (await client.chat(key).catch(() => undefined))?.status === 200,
        120_000,
      );
    });
  });

  test('destroy leaves nothing', async () => {
    await must(project.pulumi(['destroy', '--yes', '--skip-preview']));
    expect(lab.cloud.inventory()).toEqual([]);
  });

  // ---

  /** An operator's command on this program's stack, as `npm run` in a clone runs it. */
  async function operate(command: string, ...args: string[]): Promise<{ code: number; text: string }> {
    const scripts = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts;
    const [program = '', ...words] = scripts[command]!.split(' ');
    const ran = await run(program, [...words, '--cwd', project.folder, '--stack', 'e2e', ...args], {
      env: { ...process.env, ...lab.env, PATH: toolPath() },
      ...{ check: false, timeoutMs: 60_000 },
    });
    return { code: ran.code, text: ran.stdout };
  }
});
