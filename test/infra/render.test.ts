// The texts that the program makes for a box, read back by what will read them there.

import { spawnSync } from 'node:child_process';
import { createPrivateKey, sign, verify } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { parseSettings } from '../../config/check';
import { loadConfig } from '../../config/load';
import { deployFields } from '../../config/schema';
import type { Bundle } from '../../infra/bundle';
import { clientSettings, sshCommand } from '../../infra/clientInstructions';
import { bootstrapState } from '../../infra/render/bootstrapState';
import { desiredState, expectation } from '../../infra/render/desiredState';
import { backupCompose } from '../../infra/render/backup';
import { caddyfile } from '../../infra/render/caddyfile';
import { cloudInit } from '../../infra/render/cloudInit';
import { frontCompose, gatewayRelease } from '../../infra/render/compose';
import { hostFiles } from '../../infra/render/hostFiles';
import { gatewayConfig, secretsEnv } from '../../infra/render/gatewayConfig';
import {
  applyParts,
  applyScript,
  bootstrapParts,
  bootstrapScript,
  command,
  commandInput,
  lookScript,
} from '../../infra/scripts';
import { deriveBytes, deriveSshKey } from '../../infra/sshKey';
import { findTool } from '../support/tools';

/** `test`, or `test.skip` with a warning where this machine does not have the program. */
const testWith = (program: string) => (findTool(program) === undefined ? test.skip : test);

const bundle: Bundle = {
  hash: '0123456789abcdef',
  path: '/nowhere',
  sha256: 'f'.repeat(64),
  dockerfile: 'FROM x AS runtime\n',
};
const masterKey = 'ovth_master_0123456789abcdefghijklmnopqrstuvwxyz';
const providerKeys = { openai: 'sk-test-0123456789' };
const settings = parseSettings(`
routes: {auto: {providers: [openai]}}
keys: {cursor: {user: me}, own: {sha256: ${'a'.repeat(64)}}}
ssh: {admin_cidrs: [203.0.113.7/32], public_keys: [ssh-ed25519 AAAA me]}
`);
const wanted = {
  settings,
  bundle,
  masterKey,
  providerKeys,
  keyHashes: { cursor: 'b'.repeat(64) },
  address: '203.0.113.9',
  repairs: 3,
  ledger: 'e'.repeat(32),
};

interface State {
  script: string;
  facts: Record<string, string | number>;
  files: { release: Record<string, string>; front: Record<string, string>; backup?: Record<string, string> };
}

const stateOf = (change: Partial<typeof wanted> = {}) => JSON.parse(desiredState({ ...wanted, ...change })) as State;

/* eslint-disable @typescript-eslint/no-explicit-any -- files are read as what they are */
const yaml = (text: string): any => parse(text);

describe('SSH keys', () => {
  const pair = deriveSshKey('a seed of many characters', 'host key');

  test('a seed always gives the same pair, and each purpose its own', () => {
    expect(deriveSshKey('a seed of many characters', 'host key')).toEqual(pair);
    expect(deriveSshKey('a seed of many characters', 'deploy key').publicKey).not.toBe(pair.publicKey);
    expect(deriveBytes('seed', 'one')).not.toEqual(deriveBytes('seed', 'two'));
  });

  testWith('ssh-keygen')('ssh-keygen reads the private key and finds the same public one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ovth-key-'));
    try {
      writeFileSync(join(folder, 'key'), pair.privateKey, { mode: 0o600 });
      const read = spawnSync('ssh-keygen', ['-y', '-f', join(folder, 'key')], { encoding: 'utf8' });
      expect(read.stdout.trim().split(' ').slice(0, 2).join(' ')).toBe(pair.publicKey);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the secret half belongs to the public half', () => {
    const seed = deriveBytes('a seed of many characters', 'host key');
    const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
    const secret = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
    const point = Buffer.from(pair.publicKey.split(' ')[1]!, 'base64').subarray(-32);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), point]);
    const signature = sign(null, Buffer.from('text'), secret);
    expect(verify(null, Buffer.from('text'), { key: spki, format: 'der', type: 'spki' }, signature)).toBe(true);
  });
});

describe('user data', () => {
  const hostKey = deriveSshKey('seed', 'host key');
  const text = cloudInit({ hostKey });
  const data = yaml(text);

  test('is a cloud-config within Hetzner’s 32 KiB, whose one secret is the host key [J7]', () => {
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThan(32_768);
    expect(data.ssh_keys).toEqual({ ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey });
    expect(text.split('PRIVATE KEY').length).toBe(3);
  });

  test('holds what the first connection needs, and nothing else', () => {
    expect(Object.keys(data)).toEqual(['ssh_pwauth', 'ssh_keys']);
    expect(data.ssh_pwauth).toBe(false);
  });
});

describe('the host', () => {
  const logins = { deploy: 'ssh-ed25519 AAAAnow', retired: 'ssh-ed25519 AAAAbefore' };
  const files = hostFiles('Sun 04:00');
  const state = JSON.parse(bootstrapState(settings, '/dev/disk/by-id/scsi-0HC_Volume_7', logins)) as {
    facts: Record<string, string>;
    files: Record<string, string>;
  };

  test('mounts the volume by its id and lets a box without it boot', () => {
    expect(state.facts).toMatchObject({
      device: '/dev/disk/by-id/scsi-0HC_Volume_7',
      mount: '/mnt/data',
      mount_options: expect.stringMatching(/^nofail,/),
    });
  });

  test('installs Debian’s own Docker, and upgrades by themselves [J8]', () => {
    expect(state.facts['packages']!.split(' ')).toEqual(
      expect.arrayContaining(['docker.io', 'docker-cli', 'docker-compose', 'docker-buildx', 'unattended-upgrades']),
    );
    expect(files['/etc/apt/apt.conf.d/20auto-upgrades']).toContain('Unattended-Upgrade "1"');
    expect(files['/etc/apt/apt.conf.d/52ovth']).toMatch(
      /codename=\$\{distro_codename\}-security,label=Debian-Security/,
    );
    expect(files['/etc/apt/apt.conf.d/52ovth']).toContain('Automatic-Reboot "false"');
  });

  test('closes the metadata address before Docker starts, and starts Docker only on the mounted volume [C5]', () => {
    expect(files['/etc/systemd/system/ovth-metadata.service']).toMatch(
      /Before=docker.service[^]*DOCKER-USER -d 169\.254\.169\.254 -j REJECT/,
    );
    const dropIn = files['/etc/systemd/system/docker.service.d/ovth.conf'];
    expect(dropIn).toContain('RequiresMountsFor=/mnt/data');
    expect(dropIn).toContain('Requires=ovth-metadata.service');
  });

  test('lets nobody in by password, and carries no tunnels [J6]', () => {
    const sshd = files['/etc/ssh/sshd_config.d/10-ovth.conf']!.split('\n');
    expect(sshd).toEqual(
      expect.arrayContaining(['PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'DisableForwarding yes']),
    );
  });

  test('limits what containers log, and keeps them while the daemon restarts', () => {
    expect(JSON.parse(files['/etc/docker/daemon.json']!)).toMatchObject({
      'log-opts': { 'max-size': '10m', 'max-file': '3' },
      'live-restore': true,
    });
  });

  test.each([
    ['Sun 04:00', 'OnCalendar=Sun *-*-* 04:00:00 UTC'],
    ['daily 23:30', 'OnCalendar=*-*-* 23:30:00 UTC'],
  ])('reboots %s, where that is needed', (window, line) => {
    expect(hostFiles(window)['/etc/systemd/system/ovth-reboot.timer']!.split('\n')).toContain(line);
  });

  test('never reboots where that is set', () => {
    const never = parseSettings('server: {reboot_window: never}');
    const { facts, files: kept } = JSON.parse(bootstrapState(never, '/dev/x', logins)) as typeof state;
    expect(facts['reboot_window']).toBe('');
    expect(Object.keys(kept)).not.toContain('/etc/systemd/system/ovth-reboot.timer');
    expect(() => parseSettings('server: {reboot_window: sometimes}')).toThrow(
      /"Sun 04:00" or "daily 04:00", or "never"/,
    );
  });

  test('is told the key that logs in, and the one before, which it is to refuse', () => {
    expect(state.facts).toMatchObject({ deploy_key: 'ssh-ed25519 AAAAnow', retired_key: 'ssh-ed25519 AAAAbefore' });
    const first = JSON.parse(bootstrapState(settings, '/dev/x', { ...logins, retired: undefined })) as typeof state;
    expect(first.facts['retired_key']).toBe('');
  });

  test('no secret is sent', () => {
    expect(JSON.stringify(state)).not.toMatch(/PRIVATE KEY|ovth_master|sk-/);
  });
});

describe('Compose', () => {
  const release = gatewayRelease('0123456789abcdef', 'node:26.13.1-slim');
  const project = yaml(release.compose);
  const front = yaml(frontCompose('caddy:2.11.9'));

  test.each([
    ['the gateway', project.services.gateway, '512m'],
    ['the front', front.services.front, '256m'],
  ])('%s has no rights it does not need [J2]', (_name, service, memory) => {
    expect(service).toMatchObject({
      user: '1000:1000',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: memory,
      pids_limit: 256,
      stop_grace_period: '30s',
      // Also after a reboot that cut an update off while it was replacing the container.
      restart: 'always',
      logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    });
    expect(service.tmpfs).toContain('/tmp');
  });

  test('no container publishes a port, and only the front has the capability to listen below 1024 [J1]', () => {
    expect(project.services.gateway).not.toHaveProperty('ports');
    expect(front.services.front).not.toHaveProperty('ports');
    expect(project.services.gateway).not.toHaveProperty('cap_add');
    expect(front.services.front).toMatchObject({ cap_add: ['NET_BIND_SERVICE'] });
  });

  test('two gateways, two fronts and a backup fit a box of 2 GB, with 384 MB for the system', () => {
    const backup = yaml(backupCompose('litestream/litestream:0.5.18')).services.backup;
    const mb = ({ mem_limit: limit }: { mem_limit: string }) => Number.parseInt(limit);
    const most = 2 * (mb(project.services.gateway) + mb(front.services.front)) + mb(backup);
    expect(most).toBeLessThanOrEqual(2_048 - 384);
  });

  test('a front is named by its slot, so that another can start beside it', () => {
    expect(front.name).toBe('ovth-front-${SLOT}');
    expect(front.services.front).toMatchObject({
      container_name: 'ovth-front-${SLOT}',
      networks: { 'ovth-net': { ipv4_address: '${ADDRESS}' } },
    });
    expect(front.services.front.volumes).toContain('/srv/ovth/fronts/${SLOT}/caddy:/etc/caddy:ro');
  });

  test('no secret is container environment; the configuration is a mounted folder [A5]', () => {
    expect(Object.keys(project.services.gateway.environment)).toEqual(['OVTH_CONFIG', 'OVTH_DATA']);
    expect(project.services.gateway.volumes).toContain(`/srv/ovth/releases/${release.id}/config:/etc/ovth:ro`);
  });

  test('other code or another base image is another release, another configuration is not', () => {
    expect(gatewayRelease('0123456789abcdef', 'node:26.13.1-slim')).toEqual(release);
    expect(gatewayRelease('fedcba9876543210', 'node:26.13.1-slim').id).not.toBe(release.id);
    expect(gatewayRelease('0123456789abcdef', 'node:27').id).not.toBe(release.id);
    expect(stateOf({ masterKey: `${masterKey}x` }).facts['release']).toBe(stateOf().facts['release']);
  });

  test('a release is a project of its own, reached under its own name', () => {
    expect(project.name).toBe(`ovth-${release.id}`);
    expect(project.services.gateway.networks['ovth-net'].aliases).toEqual([release.host]);
  });
});

describe('the Caddyfile', () => {
  const bounds = { bodyBytes: 32 * 1024 * 1024, headerBytes: 32 * 1024, headersMs: 10_000 };
  const address = caddyfile({
    ...bounds,
    site: '203.0.113.9',
    isAddress: true,
    upstream: 'gateway-abc',
    privateRoot: false,
  });
  const named = caddyfile({
    ...bounds,
    ...{ site: 'gateway.example.com', isAddress: false, upstream: 'gateway-abc', privateRoot: true },
    email: 'me@example.com',
    directory: 'https://ca.example/dir?x=1&y=2',
  });

  test('for a name', () => {
    expect(named).toBe(`{
	admin unix//run/caddy/admin.sock
	persist_config off
	email me@example.com
	acme_ca "https://ca.example/dir?x=1&y=2"
	acme_ca_root /etc/caddy/acme-root.pem
	log default {
		output stderr
		format filter {
			"request>headers" delete
			"request>uri" query {
				delete key
			}
			resp_headers delete
		}
	}
	servers {
		protocols h1 h2
		timeouts {
			read_header 10000ms
			idle 2m
		}
		max_header_size 49152
	}
}

https://gateway.example.com {
	@leaving file {
		root /run/caddy
		try_files leaving
	}
	header @leaving Connection close
	header {
		Strict-Transport-Security max-age=31536000
		X-Frame-Options DENY
		-Server
		-Via
	}
	log
	request_body {
		max_size 34603008
	}
	reverse_proxy gateway-abc:8080 {
		lb_try_duration 5s
	}
}
`);
  });

  test('an address gets a short-lived certificate, shown also to clients that name no host', () => {
    expect(address).toContain('\tdefault_sni 203.0.113.9\n');
    expect(address).toMatch(/tls \{\n\t\tissuer acme \{\n\t\t\tprofile shortlived\n/);
    expect(named).not.toMatch(/default_sni|shortlived/);
  });

  test('streams are neither compressed nor detached from their client [E5]', () => {
    expect(address + named).not.toMatch(/encode|flush_interval/);
  });

  test('a value cannot become a placeholder or a directive [J5]', () => {
    const bad = (directory: string) => () =>
      caddyfile({ ...bounds, site: 'x.example', isAddress: false, upstream: 'g', privateRoot: false, directory });
    expect(bad('https://x/{env.SECRET}')).toThrow('not a word');
    expect(bad('https://x\n\tencode gzip')).toThrow('not a word');
  });
});

describe('the gateway’s two files', () => {
  const config = gatewayConfig(settings, { cursor: 'b'.repeat(64) });

  test('config.yaml holds what the gateway reads, and nothing of the deploy', () => {
    const read = yaml(config);
    for (const field of deployFields) expect(read).not.toHaveProperty(field);
    expect(read.keys.cursor).toEqual({ user: 'me', sha256: 'b'.repeat(64), generation: 1, grace_hours: 24 });
    expect(read.keys.own.sha256).toBe('a'.repeat(64));
    expect(parseSettings(config).routes).toEqual(settings.routes);
  });

  test('secrets.env reads back, whatever a key consists of', () => {
    const values = { A: 'plain', B: 'with#hash=and$dollar', C: `it's`, D: 'a"b', E: '\\back\\slash', F: `'"` };
    expect({ ...parseEnv(secretsEnv(values)) }).toEqual(values);
    expect(() => secretsEnv({ A: `'"\`` })).toThrow('A holds characters');
    expect(() => secretsEnv({ A: 'a\nB=c' })).toThrow('the value is not shown');
  });
});

describe('the desired state', () => {
  const state = stateOf();

  test('names the digest that the gateway will show', () => {
    const files = state.files.release;
    const environment = parseEnv(files['config/secrets.env']!) as Record<string, string>;
    expect(environment).toEqual({ OVTH_MASTER_KEY: masterKey, OPENAI_API_KEY: 'sk-test-0123456789' });
    expect(loadConfig(files['config/config.yaml'], environment).digest.slice(0, 16)).toBe(state.facts['digest']);
    expect(expectation(wanted)).toEqual({ config: state.facts['digest'], release: state.facts['release'] });
    expect(JSON.parse(files['config/deploy.json']!)).toEqual({ release: state.facts['release'], repairs: 3 });
  });

  test('keeps secrets in one file', () => {
    const { 'config/secrets.env': _secrets, ...others } = state.files.release;
    const rest = JSON.stringify({ ...state, files: { ...state.files, release: others } });
    expect(rest).not.toContain(masterKey);
    expect(rest).not.toContain(providerKeys.openai);
  });

  test('changes when the volume grows or an operator’s key changes', () => {
    expect(state.facts['authorized_keys']).toBe('ssh-ed25519 AAAA me\n');
    const grown = { ...settings, data: { ...settings.data, size_gb: 20 } };
    expect(desiredState({ ...wanted, settings: grown })).not.toBe(desiredState(wanted));
  });

  test('changes when the box is to be put right, without another release', () => {
    expect(desiredState({ ...wanted, repairs: 4 })).not.toBe(desiredState(wanted));
    expect(stateOf({ repairs: 4 }).facts).toEqual({ ...state.facts, repairs: 4 });
  });
});

describe('scripts', () => {
  test.each([
    ['apply', applyScript],
    ['bootstrap', bootstrapScript],
    ['launch', commandInput('')],
    ['look', lookScript],
  ])('%s is valid bash', (_name, script) => {
    expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
  });

  // After `docker kill`, whatever the signal, Docker takes a container for stopped by hand and does not restart it.
  test.each([
    ['apply', applyScript],
    ['bootstrap', bootstrapScript],
  ])('%s marks no container as stopped by hand [L14]', (_name, script) => {
    const commands = script.replaceAll(/^\s*#.*$/gm, '').replaceAll(/\\\n\s*/g, '');
    expect(commands.match(/\bdocker (container |compose .*)?(kill|stop|restart|pause)\b.*/g)).toBeNull();
  });

  test.each([
    ['apply', applyParts],
    ['bootstrap', bootstrapParts],
  ] as const)('every part of the %s script is joined into it', (name, parts) => {
    expect(readdirSync(`infra/scripts/${name}`).sort()).toEqual([...parts].map((part) => `${part}.sh`).sort());
  });

  testWith('shellcheck')('shellcheck has nothing to say', () => {
    const check = (input: string, ...files: string[]) =>
      spawnSync('shellcheck', ['--shell=bash', ...files, '-'], { encoding: 'utf8', input });
    const ours = ['authorize', 'launch', 'look', 'ovth-reboot'].map((name) => `infra/scripts/${name}.sh`);
    const others = [...ours, 'test/lab/install.sh', 'test/lab/reaper.sh'];
    // Both are joined from parts.
    expect(check(applyScript, ...others)).toMatchObject({ stdout: '', stderr: '', status: 0 });
    expect(check(bootstrapScript)).toMatchObject({ stdout: '', stderr: '', status: 0 });
  });

  testWith('python3')('a step that fails says why in its first line, then ten lines without stacks and secrets', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ovth-fail-'));
    try {
      mkdirSync(join(folder, 'release/config'), { recursive: true });
      writeFileSync(join(folder, 'release/config/secrets.env'), `OPENAI_API_KEY='hunter2-is-secret'\n`);
      const trace = Array.from({ length: 30 }, (_, i) => `    at place (file.js:${i})\n`).join('');
      const many = Array.from({ length: 20 }, (_, i) => `line ${i} of hunter2-is-secret\n`).join('');
      writeFileSync(join(folder, 'log'), `${many}Error: it broke${'!'.repeat(400)}\n${trace}\n`);
      const begin = readFileSync('infra/scripts/apply/begin.sh', 'utf8');
      const run = (rest: string) =>
        spawnSync('bash', ['-c', `${begin}\n${rest}`, 'bash', folder], { encoding: 'utf8' }).stderr.split('\n');
      const said = run(`echo noise; echo noise >&2; fail 'Why. It says:' "$stage/log"`);
      expect(said).toHaveLength(12);
      expect(said[0]).toBe('ovth: Why. It says:');
      expect(said[1]).toBe('    line 11 of [secret]');
      expect(said[10]).toMatch(/^ {4}Error: it broke!{285,}$/);
      expect(run('echo from-the-program; false')).toEqual([
        expect.stringMatching(/^ovth: the update stopped with 1 .* Last lines:$/),
        '    from-the-program',
        '',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  testWith('python3')('the launcher runs the script it is sent with the rest of what it is sent', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ovth-launch-'));
    try {
      const state = JSON.stringify({ script: 'echo "$(wc -c <"$1/state.json") $(stat -c %a "$1")"' });
      const input = commandInput(state).replace('/run/ovth.XXXXXX', `${folder}/x.XXXXXX`);
      const ran = spawnSync('bash', ['-c', command], { input, encoding: 'utf8' });
      expect(ran.stdout).toBe(`${state.length} 700\n`);
      expect(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('clients get lines to paste, without a secret', () => {
  const lines = clientSettings('https://gateway.example.com').split('\n');
  expect(lines).toContain('export OPENAI_BASE_URL=https://gateway.example.com/v1');
  expect(lines).toContain('export ANTHROPIC_BASE_URL=https://gateway.example.com/anthropic');
  expect(lines.filter((line) => line.startsWith('curl '))).toHaveLength(3);
  expect(spawnSync('bash', ['-n'], { input: lines.join('\n'), encoding: 'utf8' }).stderr).toBe('');
  expect(sshCommand('203.0.113.9', 'ssh-ed25519 AAAA', true)).toMatch(
    /^ssh .*StrictHostKeyChecking=yes .*root@203.0.113.9$/,
  );
  const withProgramKey = sshCommand('203.0.113.9', 'ssh-ed25519 AAAA', false);
  expect(withProgramKey).toMatch(/pulumi stack output sshPrivateKey .* root@203\.0\.113\.9/);
  expect(spawnSync('bash', ['-n'], { input: withProgramKey, encoding: 'utf8' }).stderr).toBe('');
});

testWith('bash')('the printed login needs no agent, passes a command on and leaves no key behind', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ovth-login-'));
  const program = (name: string, text: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  program('pulumi', 'echo the key of "$3"');
  program(
    'ssh',
    'while [ "$1" != -i ]; do shift; done; echo "$2"; cat "$2"; stat -c %a "$2"; for last; do :; done; echo "$last"',
  );
  const ran = spawnSync('bash', ['-c', `${sshCommand('203.0.113.9', 'ssh-ed25519 AAAA', false)} hostname`], {
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  const [file = '', ...said] = ran.stdout.trim().split('\n');
  expect(said).toEqual(['the key of sshPrivateKey', '600', 'hostname']);
  expect(existsSync(file)).toBe(false);
});
