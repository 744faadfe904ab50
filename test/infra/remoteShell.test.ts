// A shell on the box, with the machine's own ssh-agent and an ssh that logs in nowhere.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRemoteShell } from '../../infra/remoteShell';
import { deriveSshKey } from '../../infra/sshKey';
import { findTool } from '../support/tools';

const key = deriveSshKey('a seed for tests, which is no secret', 'deploy key');
const login = { address: '203.0.113.9', hostKey: 'ssh-ed25519 AAAA', privateKey: key.privateKey };
const { PATH } = process.env;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ovth-ssh-'))));
afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(folder, { recursive: true });
});

/** An `ssh` that notes how it is called, and does as the shell text says. */
function fakeSsh(text: string): void {
  const note = `{ printf '%s\\n' "$@"; env; } >${folder}/called; ssh-add -L >${folder}/keys\n`;
  writeFileSync(join(folder, 'ssh'), `#!/bin/bash\n${note}${text}\n`, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${PATH}`;
}

async function run(text: string): Promise<{ code: number | undefined; lines: string[] }> {
  const lines: string[] = [];
  const code = await openRemoteShell(login, { text, args: ['/srv/ovth'] }, (line) => lines.push(line)).ended;
  return { code, lines };
}

const here = findTool('ssh-agent') === undefined ? describe.skip : describe;

here('a remote shell', () => {
  test('gives the script to bash, and the key to an agent: it is on no command line and in no variable', async () => {
    fakeSsh('eval "exec ${@: -1}"');
    expect(await run('echo "one $1"; echo two; exit 3\n')).toEqual({ code: 3, lines: ['one /srv/ovth', 'two'] });
    const called = readFileSync(join(folder, 'called'), 'utf8');
    expect(called).toContain('StrictHostKeyChecking=yes');
    expect(called).toContain(`KnownHostsCommand=/bin/echo ${login.address} ${login.hostKey}`);
    expect(called).toContain(`root@${login.address}`);
    expect(called).not.toContain(key.privateKey.split('\n')[4]);
    expect(readFileSync(join(folder, 'keys'), 'utf8')).toContain(key.publicKey);
  });

  test('can be ended from here', async () => {
    fakeSsh('echo began; exec sleep 600');
    const shell = openRemoteShell(login, { text: '', args: [] }, () => shell.end());
    expect(await shell.ended).toBe(255);
  });
});

test('a machine without ssh is no error', async () => {
  process.env['PATH'] = folder;
  expect(await run('echo one\n')).toEqual({ code: undefined, lines: [] });
});
