// The operator's commands: what they find in a stack, how they log in, what they show and what they never show.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { problemsOf, type StatusReport, statusText } from '../../infra/operate/boxStatus';
import { logIn } from '../../infra/operate/login';
import { logCommand } from '../../infra/operate/logs';
import { redacted } from '../../infra/operate/redacted';
import { siteReport } from '../../infra/operate/siteReport';
import { boxAccess } from '../../infra/operate/stackOutputs';
import { statusScript } from '../../infra/scripts';
import { selfSigned } from '../support/selfSigned';

const access = {
  url: 'https://203.0.113.9',
  ipv4: '203.0.113.9',
  sshHostKey: 'ssh-ed25519 AAAAhost',
  sshPrivateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nthe-secret-half\n-----END OPENSSH PRIVATE KEY-----\n',
};

let folder: string;
const path = process.env['PATH'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovth-operate-'));
  mkdirSync(join(folder, 'bin'));
  process.env['PATH'] = `${join(folder, 'bin')}:${path}`;
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true });
});

/** A program in place of the real one. */
function pretend(name: string, body: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${body}\n`);
  chmodSync(join(folder, 'bin', name), 0o755);
}
const seen = (name: string) => readFileSync(join(folder, name), 'utf8');

describe('the stack', () => {
  const shown = { url: access.url, ipv4: access.ipv4, sshHostKey: access.sshHostKey, masterKey: '[secret]' };

  test('is asked for its outputs, and of its secrets for the key alone', async () => {
    pretend(
      'pulumi',
      `echo "$*" >>'${folder}/asked'\n[[ "$*" != *--json* ]] || echo '${JSON.stringify(shown)}'\n[[ "$*" != *sshPrivateKey* ]] || echo '${access.sshPrivateKey.trim()}'`,
    );
    expect(await boxAccess({ cwd: '/some/where', stack: 'prod' })).toEqual(access);
    expect(seen('asked').trim().split('\n').sort()).toEqual([
      'stack output --json --non-interactive --cwd /some/where --stack prod',
      'stack output sshPrivateKey --show-secrets --non-interactive --cwd /some/where --stack prod',
    ]);
  });

  test.each([
    ['that was never deployed', 'echo {}', /run "pulumi up" first/],
    ['that is not there', 'echo "error: no stack selected" >&2; exit 255', /: no stack selected$/],
  ])('%s is said in one sentence', async (_what, body, said) => {
    pretend('pulumi', body);
    await expect(boxAccess({})).rejects.toThrow(said);
  });
});

describe('a login', () => {
  test('has the key in a file that only its owner reads, while it runs; it is pinned to the server', async () => {
    pretend(
      'ssh',
      `echo "$*" >'${folder}/line'; while [ "$1" != -i ]; do shift; done
       stat -c '%a' "$2" >'${folder}/mode'; cat "$2" >'${folder}/key'; echo "$2" >'${folder}/place'; cat; exit 7`,
    );
    const ran = await logIn(access, 'uptime', { input: 'a script', capture: true });
    expect(ran).toEqual({ code: 7, stdout: 'a script' });
    expect(seen('mode').trim()).toBe('600');
    expect(seen('key')).toBe(access.sshPrivateKey);
    expect(existsSync(seen('place').trim())).toBe(false);
    expect(seen('line')).not.toContain('secret-half');
    expect(seen('line')).toMatch(
      /StrictHostKeyChecking=yes .*KnownHostsCommand=\/bin\/echo 203\.0\.113\.9 ssh-ed25519 AAAAhost/,
    );
    expect(seen('line').trim()).toMatch(/ root@203\.0\.113\.9 uptime$/);
  });

  test('that is ended by a signal leaves no key behind', async () => {
    pretend(
      'ssh',
      `while [ "$1" != -i ]; do shift; done; echo "$2" >'${folder}/place'; kill -TERM $PPID; exec sleep 60`,
    );
    // In a process of its own: the signal must not end the test's.
    const program = join(folder, 'login.js');
    buildSync({ entryPoints: ['infra/operate/login.ts'], outfile: program, bundle: true, platform: 'node' });
    const script = `require('${program}').logIn(${JSON.stringify(access)}, 'uptime', { input: '' }).then(console.log)`;
    const ran = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: process.env });
    expect(ran).toMatchObject({ status: 0, stdout: "{ code: 130, stdout: '' }\n" });
    expect(existsSync(seen('place').trim())).toBe(false);
  });
});

describe('logs', () => {
  test.each([
    ['gateway', {}, 'docker logs --tail 200 "ovth-gateway-$(basename "$(readlink /srv/ovth/current)")" 2>&1'],
    [
      'front',
      { since: '2h', follow: true },
      /^docker logs --tail 200 --since 2h --follow "ovth-front-.*\/srv\/ovth\/front/,
    ],
    ['backup', {}, 'docker logs --tail 200 ovth-backup 2>&1'],
    ['host', { since: '30m' }, 'journalctl --no-pager --lines 200 --since -30m'],
  ])('of the %s', (source, more, command) => {
    expect(logCommand(source, { lines: '200', ...more })).toEqual(
      typeof command === 'string' ? command : expect.stringMatching(command),
    );
  });

  test.each([
    ['gatway', { lines: '1' }, /there is no log "gatway"; there are gateway, front, backup, host/],
    ['gateway', { lines: '1; reboot' }, /--lines takes a number/],
    ['gateway', { lines: '1', since: '$(reboot)' }, /--since takes a time such as/],
  ])('%s with %j is refused', (source, choice, said) => {
    expect(() => logCommand(source, choice)).toThrow(said);
  });
});

describe('status', () => {
  const now = Date.parse('2026-11-27T12:00:00Z');
  const seconds = now / 1_000;
  const container = {
    image: 'x',
    state: 'running',
    health: 'healthy',
    retires: false,
    since: '2026-11-27T10:00:00Z',
    restarts: 0,
    release: '',
  };
  const healthy: StatusReport = {
    site: {
      url: 'https://gateway.example.com',
      ready: 200,
      certificate: { issuer: "Let's Encrypt E7", ends: '2027-01-10T12:00:00Z', trusted: true },
    },
    box: {
      server: {
        ...{ name: 'ovth-server-1', booted: seconds - 864_000, now: seconds, clock: true },
        ...{ reboot_required: false, reboot_window: 'Sun *-*-* 04:00:00 UTC', upgraded: seconds - 7_200 },
      },
      memory: { total: 4e9, free: 3e9, swap_total: 0, swap_free: 0 },
      disks: [{ path: '/mnt/data', total: 10e9, free: 9e9 }],
      deploy: { ended: seconds - 3_600, repairs: 2, changed: [] },
      containers: [
        { ...container, name: 'ovth-backup', image: 'litestream:0.5.18', copied: '2026-11-27T11:59:00Z' },
        { ...container, name: 'ovth-front-2', image: 'caddy:2.11.9', health: '' },
        { ...container, name: 'ovth-gateway-0123456789ab', release: '0123456789ab', restarts: 2 },
      ],
      errors: [{ at: seconds - 60, from: 'ovth-front', text: 'something failed' }],
    },
  };

  test('is one screen: what runs where and since when, the certificate, memory, disk, the last errors', () => {
    expect(statusText(healthy, now).split('\n')).toEqual([
      'url          https://gateway.example.com  serves',
      "certificate  by Let's Encrypt E7, until 2027-01-10 12:00 UTC (44 days)",
      'server       ovth-server-1, booted since 2026-11-17 12:00 UTC (10 days), clock synchronised',
      'upgrades     security upgrades looked for since 2026-11-27 10:00 UTC (2 h); may reboot at Sun *-*-* 04:00:00 UTC',
      'deploy       last update ended 2026-11-27 11:00 UTC (60 min ago), put right 2 times',
      'backup       ovth-backup, litestream:0.5.18  healthy since 2026-11-27 10:00 UTC (2 h), ledger copied whole 2026-11-27 11:59 UTC (1 min ago)',
      'front        ovth-front-2, caddy:2.11.9  running since 2026-11-27 10:00 UTC (2 h)',
      'gateway      release 0123456789ab  healthy since 2026-11-27 10:00 UTC (2 h), started again 2 times after a crash',
      'memory       1.0 GB of 4.0 GB used, no swap',
      'disk         /mnt/data  1.0 GB of 10.0 GB used (10 %)',
      'errors       the last 1:',
      '  2026-11-27 11:59 UTC ovth-front: something failed',
      '',
    ]);
    expect(problemsOf(healthy, now)).toEqual([]);
  });

  test('says what is not as it should be', () => {
    const box = {
      ...healthy.box!,
      disks: [{ path: '/', total: 10e9, free: 1e9 }],
      deploy: { ended: null, repairs: null, changed: ['current/config/config.yaml'] },
      containers: [
        { ...container, name: 'ovth-front', state: 'restarting', health: '' },
        { ...container, name: 'ovth-gateway-1', release: '1', retires: true },
        { ...container, name: 'ovth-backup', health: 'unhealthy', copied: null },
      ],
    };
    const site = {
      ...healthy.site,
      ready: 503,
      certificate: { ...healthy.site.certificate!, ends: '2026-11-27T15:00:00Z' },
    };
    expect(problemsOf({ site, box }, now)).toEqual([
      'https://gateway.example.com does not serve: /readyz answers 503',
      'the certificate ends in 3 hours',
      'no gateway runs; "pulumi up" starts it',
      'ovth-front is restarting; look with "npm run logs -- front"',
      'ovth-backup is unhealthy; look with "npm run logs -- backup"',
      'current/config/config.yaml is not as the last update left it; "pulumi up" puts it right',
      '/ is 90 % full',
    ]);
    expect(statusText({ site, box }, now)).toMatch(/^gateway +release 1, retires {2}healthy since/m);
    expect(statusText({ site, box }, now)).toMatch(/^deploy +no update has ended yet$/m);
    expect(statusText({ site, box }, now)).toMatch(/^backup +.* unhealthy since .*, last copy unknown$/m);
    expect(
      problemsOf({ site: { url: 'https://x', ready: 0, problem: 'ECONNREFUSED' }, problem: 'no login' }, now),
    ).toEqual(['https://x does not serve: ECONNREFUSED', 'no login']);
  });

  test('the box’s report can be made on any Linux, and names what it found', () => {
    pretend('docker', 'exit 1');
    const ran = spawnSync('python3', ['-', join(folder, 'home')], {
      input: statusScript,
      encoding: 'utf8',
      env: process.env,
    });
    expect(ran.stderr).toBe('');
    const report = JSON.parse(ran.stdout) as NonNullable<StatusReport['box']>;
    expect(Object.keys(report)).toEqual(Object.keys(healthy.box!));
    expect(Object.keys(report.server)).toEqual(Object.keys(healthy.box!.server));
    expect(report.memory.total).toBeGreaterThan(report.memory.free);
    expect(Math.abs(report.server.now - Date.now() / 1_000)).toBeLessThan(600);
  });

  test('of the last update, what it has counted and what has changed since; of the backup, when all was copied', () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, 'current/config'), { recursive: true });
    writeFileSync(join(home, 'current/config/deploy.json'), '{"release":"0123456789ab","repairs":3}');
    for (const name of ['kept', 'changed', 'gone']) writeFileSync(join(home, name), name);
    const sums = spawnSync('sha256sum', ['kept', 'changed', 'gone'], { cwd: home, encoding: 'utf8' });
    writeFileSync(join(home, 'applied.sha256'), sums.stdout);
    writeFileSync(join(home, 'changed'), 'by hand');
    rmSync(join(home, 'gone'));
    const check = (ExitCode: number, End: string) => ({ ExitCode, End, Output: 'not shown' });
    const Log = [check(0, '2026-11-27T11:57:00Z'), check(0, '2026-11-27T11:58:00Z'), check(1, '2026-11-27T11:59:00Z')];
    const backup = {
      ...{ Name: '/ovth-backup', Config: { Image: 'litestream', Labels: {} }, RestartCount: 0 },
      State: { Status: 'running', StartedAt: '2026-11-27T10:00:00Z', Health: { Status: 'healthy', Log } },
    };
    mkdirSync(join(home, 'releases/old'), { recursive: true });
    writeFileSync(join(home, 'releases/old/retiring'), '');
    const gateways = ['new', 'old'].map((id) => ({ ...backup, Name: `/ovth-gateway-${id}` }));
    writeFileSync(join(folder, 'inspect'), JSON.stringify([backup, ...gateways]));
    pretend('docker', `case "$*" in ps*) echo a;; inspect*) cat '${folder}/inspect';; esac`);
    const ran = spawnSync('python3', ['-', home], { input: statusScript, encoding: 'utf8', env: process.env });
    const { deploy, containers } = JSON.parse(ran.stdout) as NonNullable<StatusReport['box']>;
    expect(deploy).toEqual({ ended: expect.closeTo(Date.now() / 1_000, -3), repairs: 3, changed: ['changed', 'gone'] });
    expect(containers).toMatchObject([
      { name: 'ovth-backup', health: 'healthy', copied: '2026-11-27T11:58:00Z', retires: false },
      { name: 'ovth-gateway-new', retires: false },
      { name: 'ovth-gateway-old', retires: true },
    ]);
    expect(ran.stdout).not.toContain('not shown');
  });

  test('the errors are the last ten of both logs, in order of time', () => {
    const gateway = Array.from({ length: 12 }, (_, i) =>
      JSON.stringify({ level: 'error', time: 1_795_000_000_000 + i * 2_000, msg: `g${i}` }),
    );
    const front = JSON.stringify({ level: 'error', ts: 1_795_000_021.5, msg: 'f', error: 'why' });
    const inspected = ['ovth-front', 'ovth-gateway-1'].map((name) => ({
      ...{ Name: `/${name}`, Config: { Image: 'x', Labels: {} }, RestartCount: 0 },
      State: { Status: 'running', StartedAt: '2026-11-27T10:00:00Z' },
    }));
    writeFileSync(join(folder, 'gateway.log'), ['no JSON', '{"level":"info"}', ...gateway].join('\n'));
    writeFileSync(join(folder, 'front.log'), front);
    writeFileSync(join(folder, 'inspect'), JSON.stringify(inspected));
    pretend(
      'docker',
      `case "$*" in ps*) echo a b;; inspect*) cat '${folder}/inspect';; *front) cat '${folder}/front.log';; *) cat '${folder}/gateway.log';; esac`,
    );
    const ran = spawnSync('python3', ['-', join(folder, 'home')], {
      input: statusScript,
      encoding: 'utf8',
      env: process.env,
    });
    const { errors } = JSON.parse(ran.stdout) as NonNullable<StatusReport['box']>;
    expect(errors.map(({ text }) => text)).toEqual(['g3', 'g4', 'g5', 'g6', 'g7', 'g8', 'g9', 'g10', 'f: why', 'g11']);
  });

  test('the certificate is looked at although it is not trusted', async () => {
    const { key, cert } = selfSigned;
    const server = createServer({ key, cert }, (_request, response) => response.writeHead(503).end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const report = await siteReport(`https://127.0.0.1:${port}`, '127.0.0.1');
    await new Promise((resolve) => server.close(resolve));
    expect(report).toMatchObject({
      ready: 503,
      certificate: { trusted: false, ends: expect.stringMatching(/^2\d{3}-/) },
    });
    expect((await siteReport(`https://127.0.0.1:${port}`, '127.0.0.1')).problem).toContain('ECONNREFUSED');
  });
});

test('what looks like a key is blotted out', () => {
  expect(redacted('a sk-ant-0123456789 b ovth_live_0123456789 c ovth_master_0123456789 d ovth-server')).toBe(
    'a [secret] b [secret] c [secret] d ovth-server',
  );
});
