// Single steps of the apply script, with programs that say what a box's would.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    `site=${site}; host=${host}; address=203.0.113.9; certificate_seconds=0; admin_socket=x; phase() { :; }\n`;
  const wait = (site: string, host: string, log: string) => {
    program('docker', `ovth-front\n${log}`);
    program('curl', '', 35);
    const script = [part('begin'), part('certificate'), facts(site, host), `await_certificate 'Caddy goes on trying'`];
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
    const script = [part('begin'), part('certificate'), facts('name', 'gw.test'), 'await_certificate x'].join('\n');
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
    const script = [
      part('begin'),
      part('certificate'),
      'if site_changed; then echo changed >&3; else echo same >&3; fi',
    ];
    expect(run(script.join('\n'), join(folder, 'stage')).stderr).toBe(`${word}\n`);
  });
});

describe('a look', () => {
  test('finds what was changed or removed since the record was made', () => {
    program('docker', 'runs ovth-front');
    for (const name of ['releases/r/config', 'front/caddy']) mkdirSync(join(folder, 'home', name), { recursive: true });
    const files = [
      'releases/r/compose.yaml',
      'releases/r/config/config.yaml',
      'front/compose.yaml',
      'front/caddy/Caddyfile',
    ];
    for (const name of files) write(`home/${name}`, name);
    write('home/releases/r/config/deploy.json', '{"release":"0123456789ab","repairs":2}');
    const home = join(folder, 'home');
    run(`ln -s releases/r "$1/current"`, home);
    const look = () => readLook(run(lookScript, home).stdout.split('\n'));
    expect(look()).toMatchObject({ applied: false });
    const record = part('record').replace('/root/.ssh/authorized_keys_ovth', `${home}/front/compose.yaml`);
    const recorded = () => run(`set -euo pipefail; home=$1\n${record}\nrecord_applied`, home);
    expect(recorded()).toMatchObject({ status: 0, stderr: '' });
    expect(look()).toEqual({ applied: true, repairs: 2, copied: false, changed: [], running: ['ovth-front'] });
    write('home/front/caddy/Caddyfile', 'by hand');
    rmSync(join(home, 'releases/r/config/config.yaml'));
    expect(look().changed).toEqual(['current/config/config.yaml', 'front/caddy/Caddyfile']);
    write('home/releases/r/config/config.yaml', 'again');
    mkdirSync(join(home, 'backup/config'), { recursive: true });
    write('home/backup/config/litestream.yml', 'bucket');
    expect(recorded()).toMatchObject({ status: 0, stderr: '' });
    expect(look()).toMatchObject({ copied: true, changed: [] });
    write('home/backup/config/litestream.yml', 'another bucket');
    expect(look().changed).toEqual(['backup/config/litestream.yml']);
  });
});
