// Single steps of the apply script, with programs that say what a box's would.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookScript } from '../../infra/scripts';
import { readLook } from '../../infra/preflight/boxLook';
import { findTool } from '../support/tools';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovth-step-'));
  for (const name of ['bin', 'stage/release/config', 'stage/front/caddy'])
    mkdirSync(join(folder, name), { recursive: true });
  write('stage/release/config/secrets.env', `OPENAI_API_KEY='hunter2-is-secret'\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
const part = (name: string) => readFileSync(`infra/scripts/apply/${name}.sh`, 'utf8');
/** A program that prints a text and ends with a code. */
const program = (name: string, text: string, code = 0) =>
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\ncat <<'TEXT'\n${text}\nTEXT\nexit ${code}\n`, { mode: 0o755 });
const run = (script: string, ...args: string[]) => {
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
  return spawnSync('bash', ['-c', script, 'bash', ...args], { encoding: 'utf8', env });
};

const here = findTool('python3') === undefined ? describe.skip : describe;

here('the certificate', () => {
  const refused = JSON.stringify({
    ...{ level: 'error', logger: 'tls.obtain', msg: 'will retry', attempt: 1, retrying_in: 60 },
    error: `[gw.test] Obtain: [gw.test] solving challenge: HTTP 400 urn:ietf:params:acme:error:connection -\n 192.0.2.1: refused hunter2-is-secret (ca=https://acme.test/dir)`,
  });
  const facts = (site: string, host: string) =>
    `home=${folder}/home; subnet=192.0.2.0/24; site=${site}; host=${host}; address=203.0.113.9; certificate_seconds=0; admin_socket=x; phase() { :; }\n`;
  const parts = ['begin', 'retire', 'redirect', 'front', 'certificate'].map(part);
  beforeEach(() => {
    mkdirSync(join(folder, 'home/fronts/1'), { recursive: true });
    write('home/fronts/1/compose.yaml', '');
    symlinkSync('fronts/1', join(folder, 'home/front'));
  });
  const wait = (site: string, host: string, log: string) => {
    program('docker', log);
    program('curl', '', 35);
    const script = [...parts, facts(site, host), `await_certificate 'Caddy goes on trying'`];
    return run(script.join('\n'), join(folder, 'stage'));
  };

  test('that cannot be had for a name: to what the name resolves, to what it should, and the refusal in one line', () => {
    program('getent', '192.0.2.1      STREAM gw.test\n192.0.2.1      DGRAM');
    const { status, stderr } = wait('name', 'gw.test', refused);
    expect(status).toBe(1);
    expect(stderr).toBe(
      'ovth: ovth:domain: there is no certificate for gw.test, so nobody can connect; the name resolves to 192.0.2.1 and should resolve to 203.0.113.9: set its A record. The certificate authority says: [gw.test] Obtain: [gw.test] solving challenge: HTTP 400 urn:ietf:params:acme:error:connection - 192.0.2.1: refused [secret]. Caddy goes on trying; when it is mended, run "pulumi up" again\n',
    );
  });

  test('for a name without a record, and for one that is right', () => {
    program('getent', '', 2);
    expect(wait('name', 'gw.test', '').stderr).toContain(
      'the name resolves to nothing and should resolve to 203.0.113.9: set its A record. The certificate authority says: nothing yet.',
    );
    program('getent', '203.0.113.9     STREAM gw.test');
    expect(wait('name', 'gw.test', '').stderr).toContain('the name resolves to 203.0.113.9, as it should.');
  });

  test('for an address names no record', () => {
    expect(wait('address', '203.0.113.9', refused).stderr).toMatch(
      /^ovth: there is no certificate for 203.0.113.9, so nobody can connect. The certificate authority says: \[gw.test\]/,
    );
  });

  test('that is there ends the wait', () => {
    program('curl', '');
    const script = [...parts, facts('name', 'gw.test'), 'await_certificate x'].join('\n');
    expect(run(script, join(folder, 'stage'))).toMatchObject({ status: 0, stderr: '' });
  });

  test.each([
    ['https://a.example', 'https://b.example', 'changed'],
    ['https://a.example', 'https://a.example', 'same'],
    ['"https://203.0.113.9"', 'https://203.0.113.9', 'same'],
    [undefined, 'https://a.example', 'same'],
  ])('after %s, %s is %s', (before, after, word) => {
    if (before !== undefined) {
      mkdirSync(join(folder, 'stage/old-front/caddy'), { recursive: true });
      write('stage/old-front/caddy/Caddyfile', `{\n\tadmin off\n}\n\n${before} {\n\tlog\n}\n`);
    }
    write('stage/front/caddy/Caddyfile', `{\n\tadmin off\n}\n\n${after} {\n\tlog\n}\n`);
    const script = [...parts, 'if site_changed; then echo changed >&3; else echo same >&3; fi'];
    expect(run(script.join('\n'), join(folder, 'stage')).stderr).toBe(`${word}\n`);
  });
});

here('what reaches the operator', () => {
  const facts = () =>
    `home=${folder}/home; data=${folder}/data; user=${process.getuid!()}; backup=yes; restore=latest; ledger=0123; image=i; litestream_image=l; phase() { :; }`;
  const restore = () => {
    mkdirSync(join(folder, 'data/gateway'), { recursive: true });
    const script = [...['begin', 'ledger', 'backup'].map(part), facts(), 'restore_ledger; undo=()'];
    return run(script.join('\n'), join(folder, 'stage'));
  };

  test('of a ledger that was put back is what the gateway says of it, on the output that the program reads', () => {
    program('docker', 'It adds up.\nIt knows nothing of what happened after.');
    expect(restore()).toMatchObject({
      status: 0,
      stdout: 'ovth restore: It adds up.\novth restore: It knows nothing of what happened after.\n',
      stderr: '',
    });
  });

  test('of one that cannot be fetched is what Litestream says, without a secret', () => {
    program('docker', 'no such bucket, hunter2-is-secret', 1);
    expect(restore().stderr).toBe(
      'ovth: the backup of the ledger 0123 could not be fetched; what was there is there again. Litestream says:\n    no such bucket, [secret]\n',
    );
  });
});

describe('what retires', () => {
  /** A `docker` that notes what it is asked, and prints these names of containers. */
  const docker = (...names: string[]) =>
    writeFileSync(
      join(folder, 'bin/docker'),
      `#!/bin/sh\necho "$*" >>${folder}/asked\n[ "$1" != ps ] || printf '%s\\n' ${names.join(' ')}\n`,
      { mode: 0o755 },
    );
  const asked = () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
  const releases = (...names: string[]) => {
    for (const name of names) mkdirSync(join(folder, 'home/releases', name), { recursive: true });
    for (const name of names) write(`home/releases/${name}/compose.yaml`, '');
  };
  const step = (name: string, call: string) => {
    const ran = run(`set -euo pipefail; stage=${folder}/stage; home=${folder}/home\n${part(name)}\n${call}`);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    return asked();
  };

  test('has the ledger closed before it is put back, and is not started again after that', () => {
    docker();
    releases('new', 'old');
    write('home/releases/old/retiring', '');
    const file = (name: string) => `compose --file ${folder}/home/releases/${name}/compose.yaml`;
    expect(step('ledger', 'compose_all down; compose_all up --detach')).toEqual([
      `${file('new')} down`,
      `${file('old')} down`,
      `${file('new')} up --detach`,
    ]);
  });

  test('is removed where its folder is gone', () => {
    docker('ovth-front-1', 'ovth-front-2', 'ovth-gateway-new', 'ovth-gateway-gone');
    releases('new');
    mkdirSync(join(folder, 'home/fronts/2'), { recursive: true });
    expect(step('retire', 'remove_strays').slice(1)).toEqual(['rm -f ovth-front-1', 'rm -f ovth-gateway-gone']);
  });
});

describe('Caddy’s image', () => {
  const parts = ['begin', 'disk', 'image'].map(part);
  const facts = () =>
    `image=gateway:1; front_image=caddy:1; node_image=node:1; bundle=${folder}/bundle.js; bundle_sha256=$(sha256sum <${folder}/bundle.js | cut -c 1-64); bundle_in_build=gateway.js; build_mb=0; phase() { :; }`;
  /** Builds with a Docker that has no image, and that does this. */
  const build = (pull: string, buildx: string) => {
    write('bundle.js', 'the gateway');
    const docker = `#!/bin/sh\ncd ${folder}\ncase $1 in\nimage) exit 1 ;;\npull) ${pull} ;;\nbuildx) ${buildx} ;;\nesac\n`;
    writeFileSync(join(folder, 'bin/docker'), docker, { mode: 0o755 });
    program('df', '100');
    const script = [...parts, facts(), 'build_image', 'await_fetched', 'cat pulled >&4'].join('\n');
    const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
    const args = ['-c', script, 'bash', join(folder, 'stage')];
    return spawnSync('bash', args, { encoding: 'utf8', env, cwd: folder, timeout: 30_000 });
  };
  /** Until a file is there; not for ever. */
  const wait = (file: string) => `for i in $(seq 200); do [ ! -e ${file} ] || exit 0; sleep 0.05; done; exit 1`;

  test('is fetched while the gateway’s is built', () => {
    expect(build('echo "$@" >pulled.new; mv pulled.new pulled', wait('pulled'))).toMatchObject({
      ...{ status: 0, stderr: '', stdout: 'pull --quiet caddy:1\n' },
    });
  });

  test('is waited for where it takes longer', () => {
    const run = build(
      `${wait('built').replace('exit 0', 'break').replace('; exit 1', '')}; echo fetched >pulled`,
      'touch built',
    );
    expect(run).toMatchObject({ status: 0, stdout: 'fetched\n' });
  });

  test('keeps nobody waiting where the gateway’s cannot be built', () => {
    const run = build('touch begun; exec sleep 300', `${wait('begun').replace('exit 0', 'exit 3')}`);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^ovth: the gateway's image could not be built from node:1/);
  });
});

test('of images, those of now and of the change before stay; what others have put there is left alone', () => {
  const asked = join(folder, 'asked');
  writeFileSync(
    join(folder, 'bin/docker'),
    `#!/bin/sh\ncase "$1 $2" in 'image ls') echo ovth-gateway:a ;; 'image rm') echo "$3" >>${asked} ;; esac\n`,
    { mode: 0o755 },
  );
  mkdirSync(join(folder, 'home/bundles'), { recursive: true });
  for (const name of ['old', 'new']) write(`home/bundles/${name}.js`, '');
  const change = (gateway: string, front: string) => {
    const facts = `home=${folder}/home; bundle=$home/bundles/new.js; image=ovth-gateway:${gateway}; front_image=caddy:${front}; node_image=node; backup=yes; litestream_image=l`;
    writeFileSync(asked, '');
    const ran = run(`set -euo pipefail; ${facts}\n${part('keep')}\nrecord_images; prune`);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    return readFileSync(asked, 'utf8').trim().split('\n');
  };
  expect(change('a', '1')).toEqual(['']);
  expect(change('b', '1')).toEqual(['']);
  expect(change('b', '1')).toEqual(['']);
  expect(change('c', '2')).toEqual(['ovth-gateway:a']);
  expect(change('b', '2')).toEqual(['caddy:1', 'ovth-gateway:a']);
  expect(readdirSync(join(folder, 'home/bundles'))).toEqual(['new.js']);
});

describe('the rules that lead to a front', () => {
  /** Programs that keep each chain's rules in a file. */
  const iptables = `#!/bin/sh
[ "$1 $2" = '--wait -t' ] || exit 2
file=FOLDER/rules/$3-$5; operation=$4; shift 5
case $operation in
  -C) [ -f "$file" ] && grep -qxF -e "$*" "$file" ;;
  -I) echo "$*" >>"$file" ;;
  -S) echo '-N'; cat "$file" ;;
esac
`;
  const restore = `#!/bin/sh\nsed -n 's/^-A OVTH-FRONT //p' >FOLDER/rules/nat-OVTH-FRONT\n`;
  const lead = (...args: string[]) => run('"$@"', 'sh', join(folder, 'home/lead'), ...args).status;
  const rules = (chain: string) => readFileSync(join(folder, 'rules', chain), 'utf8');

  beforeEach(() => {
    for (const name of ['rules', 'home/fronts/3', 'home/fronts/4']) mkdirSync(join(folder, name), { recursive: true });
    for (const [name, text] of [['iptables', iptables] as const, ['iptables-restore', restore] as const])
      writeFileSync(join(folder, 'bin', name), text.replace('FOLDER', folder), { mode: 0o755 });
    const script = `set -eu; home=${folder}/home; subnet=192.0.2.0/24\n${part('redirect')}\n${part('front')}\n`;
    const written = `write_lead; write_address 3 ${folder}/home/fronts/3; write_address 4 ${folder}/home/fronts/4`;
    expect(run(script + written)).toMatchObject({ status: 0, stderr: '' });
    symlinkSync('fronts/3', join(folder, 'home/front'));
  });

  test('are set once, follow the front, and a check changes nothing', () => {
    expect(lead('check')).not.toBe(0);
    expect([lead(), lead(), lead('check')]).toEqual([0, 0, 0]);
    expect(rules('nat-OVTH-FRONT')).toBe(
      '-p tcp --dport 80 -j DNAT --to-destination 192.0.2.13\n-p tcp --dport 443 -j DNAT --to-destination 192.0.2.13\n',
    );
    expect(rules('nat-PREROUTING').split('\n')).toHaveLength(2);
    rmSync(join(folder, 'home/front'));
    symlinkSync('fronts/4', join(folder, 'home/front'));
    expect(lead('check')).not.toBe(0);
    expect(rules('nat-OVTH-FRONT')).toContain('192.0.2.13');
    expect([lead(), lead('check')]).toEqual([0, 0]);
    expect(rules('nat-OVTH-FRONT')).toContain('192.0.2.14');
  });

  test.each(['nat-PREROUTING', 'nat-OUTPUT', 'nat-OVTH-FRONT', 'filter-DOCKER-USER'])(
    'are found wanting where %s was flushed, and set again',
    (chain) => {
      expect(lead()).toBe(0);
      write(`rules/${chain}`, '');
      expect(lead('check')).not.toBe(0);
      expect([lead(), lead('check')]).toEqual([0, 0]);
    },
  );

  test('are found wanting where one was added', () => {
    expect(lead()).toBe(0);
    write('rules/nat-OVTH-FRONT', `${rules('nat-OVTH-FRONT')}-j ACCEPT\n`);
    expect(lead('check')).not.toBe(0);
  });
});

describe('a look', () => {
  test('finds what was changed or removed since the record was made', () => {
    program('docker', 'ovth-front-1\novth-front-2\novth-gateway-r\novth-gateway-old\novth-backup');
    program('systemctl', '');
    program('df', 'Use%\n 63%');
    for (const name of ['releases/r/config', 'releases/old', 'fronts/1/caddy', 'fronts/2', 'units'])
      mkdirSync(join(folder, 'home', name), { recursive: true });
    const files = [
      'releases/r/compose.yaml',
      'releases/r/config/config.yaml',
      'fronts/1/compose.yaml',
      'fronts/1/caddy/Caddyfile',
      'fronts/1/.env',
      'lead',
      'units/ovth-front.service',
      'units/ovth-door@.socket',
      'units/ovth-door@.service',
      // What retires.
      'fronts/2/retiring',
      'releases/old/retiring',
    ];
    for (const name of files) write(`home/${name}`, name);
    write('home/releases/r/config/deploy.json', '{"release":"0123456789ab","repairs":2}');
    const home = join(folder, 'home');
    symlinkSync('releases/r', join(home, 'current'));
    symlinkSync('fronts/1', join(home, 'front'));
    write('home/lead', '[ "$1" = check ]');
    const look = () => readLook(run(lookScript, home, join(home, 'data')).stdout.split('\n'));
    expect(look()).toMatchObject({ applied: false });
    const record = part('record').replace('/root/.ssh/authorized_keys_ovth', `${home}/front/compose.yaml`);
    const recorded = () => run(`set -euo pipefail; home=$1; units=$1/units\n${record}\nrecord_applied`, home);
    expect(recorded()).toMatchObject({ status: 0, stderr: '' });
    const used = { server: 63, data: 63 };
    const running = ['ovth-front-1', 'ovth-gateway-r', 'ovth-backup'];
    expect(look()).toEqual({ applied: true, repairs: 2, copied: false, changed: [], led: true, used, running });
    write('home/front/caddy/Caddyfile', 'by hand');
    rmSync(join(home, 'releases/r/config/config.yaml'));
    write('home/front/.env', 'SLOT=2');
    write('home/units/ovth-front.service', '');
    expect(look().changed).toEqual([
      ...['current/config/config.yaml', 'front/.env', 'front/caddy/Caddyfile'],
      `${home}/units/ovth-front.service`,
    ]);
    write('home/releases/r/config/config.yaml', 'again');
    mkdirSync(join(home, 'backup/config'), { recursive: true });
    write('home/backup/config/litestream.yml', 'bucket');
    expect(recorded()).toMatchObject({ status: 0, stderr: '' });
    expect(look()).toMatchObject({ copied: true, changed: [] });
    write('home/backup/config/litestream.yml', 'another bucket');
    expect(look().changed).toEqual(['backup/config/litestream.yml']);
    write('home/lead', 'exit 1');
    expect(look()).toMatchObject({ led: false, changed: ['backup/config/litestream.yml', 'lead'] });
    write('home/lead', '[ "$1" = check ]');
    program('systemctl', '', 1);
    expect(look()).toMatchObject({ led: false });
  });
});
