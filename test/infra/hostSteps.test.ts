// Steps of the bootstrap script on a pretended host: a folder in place of its root, and programs that write down how they
// were called.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rebootScript } from '../../infra/scripts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ovth-host-'));
  mkdirSync(join(root, 'bin'));
  write('fstab', 'UUID=1 / ext4 defaults 0 1\n');
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** A program that writes its name and arguments to `calls`, and then does what is given. */
function pretend(name: string, body = ''): void {
  writeFileSync(join(root, 'bin', name), `#!/bin/bash\necho "${name} $*" >>'${root}/calls'\n${body}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
}
const calls = () => (existsSync(join(root, 'calls')) ? read('calls').trim().split('\n') : []);

/** Runs parts of the script with one call at the end. */
function run(parts: readonly string[], call: string, env: Record<string, string> = {}) {
  const texts = parts.map((part) => readFileSync(`infra/scripts/bootstrap/${part}.sh`, 'utf8'));
  const ran = spawnSync('bash', ['-s', '--', root], {
    input: [...texts, call].join('\n'),
    encoding: 'utf8',
    env: { PATH: `${join(root, 'bin')}:${process.env['PATH']}`, ...env },
  });
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

describe('swap', () => {
  const host = (kilobytes: number) => {
    write('meminfo', `MemTotal:        ${kilobytes} kB\nMemFree: 1 kB\n`);
    for (const name of ['fallocate', 'mkswap', 'chmod']) pretend(name);
    return { MEMINFO: join(root, 'meminfo'), FSTAB: join(root, 'fstab') };
  };
  const add = (env: Record<string, string>) => run(['begin', 'swap'], 'add_swap', env);

  test('is added on a box of 2 GB, and listed for the next boot', () => {
    pretend('swapon');
    expect(add(host(1_990_000))).toEqual({
      code: 0,
      stdout: 'ovth: changed on the server: 1 GB of swap\n',
      stderr: '',
    });
    expect(calls()).toContain('swapon /swapfile');
    expect(read('fstab')).toBe('UUID=1 / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n');
  });

  test('is not added twice', () => {
    pretend('swapon', 'echo /swapfile file 1G 0B -2');
    expect(add(host(1_990_000)).stdout).toBe('');
    expect(calls()).toEqual(['swapon --show --noheadings']);
  });

  test('is not added on a larger box', () => {
    pretend('swapon');
    expect(add(host(3_900_000)).stdout).toBe('');
    expect(calls()).toEqual([]);
  });

  test('that the kernel refuses is a warning, and no update fails for it', () => {
    pretend('swapon', '[ "$1" = --show ]');
    pretend('rm');
    const ran = add(host(1_990_000));
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ovth: warning: no swap could be added/) });
    expect(read('fstab')).not.toContain('swapfile');
  });
});

describe('packages', () => {
  const install = () => run(['begin', 'docker'], 'packages="curl docker.io"; install_packages');

  test('that are missing are installed, also while another apt runs, and those alone', () => {
    pretend('dpkg-query', '[[ "$*" != *curl ]] || echo -n installed');
    pretend('sleep', `touch '${root}/free'`);
    pretend('apt-get', `[[ "$1" != update ]] || [ -e '${root}/free' ] || { echo 'E: Could not get lock'; exit 100; }`);
    expect(install()).toEqual({
      code: 0,
      stdout: 'ovth: changed on the server: packages installed: docker.io\n',
      stderr: '',
    });
    expect(calls().filter((call) => call === 'apt-get update')).toHaveLength(2);
    expect(calls().pop()).toMatch(/^apt-get .*install -y --no-install-recommends docker\.io$/);
  });

  test('that cannot be had are one sentence and the last lines', () => {
    pretend('dpkg-query');
    pretend('apt-get', 'echo "E: no mirror"; exit 100');
    const ran = install();
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /^ovth: Debian packages could not be installed; is the Debian mirror reachable.*\n( {4}E: no mirror\n)+$/,
    );
  });
});

describe('the clock', () => {
  const check = () => run(['begin', 'clock'], 'packages=curl; want_clock; echo "$packages" >&4; check_clock');

  test('is followed by what the box has, and nothing is installed beside it', () => {
    pretend('systemctl', '[[ "$*" != "is-enabled"* || "$*" == *chrony ]]');
    pretend('systemd-detect-virt', 'exit 1');
    pretend('timedatectl', 'echo yes');
    expect(check()).toEqual({ code: 0, stdout: 'curl\n', stderr: '' });
  });

  test('of a box without a time service gets one', () => {
    pretend('systemctl', '[[ "$*" != "is-enabled"* ]]');
    pretend('systemd-detect-virt', 'exit 1');
    pretend('timedatectl', 'echo yes');
    expect(check().stdout).toBe('curl systemd-timesyncd\novth: changed on the server: systemd-timesyncd enabled\n');
  });

  test('that is not synchronised is said', () => {
    pretend('systemctl');
    pretend('systemd-detect-virt', 'exit 1');
    pretend('timedatectl', 'echo no');
    pretend('sleep');
    expect(check()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("ovth: warning: the server's clock is not"),
    });
  });
});

describe('the reboot window', () => {
  const reboot = () =>
    spawnSync('sh', ['-c', rebootScript.replaceAll('/run/', `${root}/run/`)], {
      encoding: 'utf8',
      env: { PATH: `${join(root, 'bin')}:${process.env['PATH']}` },
    });
  const docker = () =>
    pretend('docker', '[[ "$*" != "ps"*label* ]] || echo gateway; [[ "$*" != "ps"*name* ]] || echo front');

  test('does nothing where no upgrade has asked for a reboot', () => {
    docker();
    pretend('systemctl');
    expect(reboot().status).toBe(0);
    expect(calls()).toEqual([]);
  });

  test('lets the gateway end, then Caddy, then reboots', () => {
    write('run/reboot-required', '');
    write('run/reboot-required.pkgs', 'linux-image-amd64\n');
    write('run/lock/x', '');
    docker();
    pretend('systemctl');
    expect(reboot()).toMatchObject({ status: 0, stdout: 'ovth: rebooting for: linux-image-amd64 \n' });
    expect(calls().filter((call) => !call.startsWith('docker ps'))).toEqual([
      'docker stop --time 900 gateway',
      'docker stop --time 60 front',
      'systemctl reboot',
    ]);
  });

  test('starts both again where the reboot fails', () => {
    write('run/reboot-required', '');
    write('run/lock/x', '');
    docker();
    pretend('systemctl', 'exit 1');
    expect(reboot().status).toBe(1);
    expect(calls().pop()).toBe('docker start gateway front');
  });
});
