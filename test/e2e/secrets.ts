// Every secret of a deployed stack, and every place where none of them may be readable.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../lab/lab';
import { deriveSshKey } from '../../infra/sshKey';
import type { Project } from './project';

/** Name → value, of all there are. */
export async function secretsOf(
  project: Project,
  more: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const shown = await project.pulumi(['stack', 'export', '--show-secrets']);
  const { deployment } = JSON.parse(shown.text) as {
    deployment: { resources: { urn: string; outputs?: { result?: { plaintext: string } } }[] };
  };
  const generated = deployment.resources.flatMap(({ urn, outputs }) => {
    const text = outputs?.result?.plaintext;
    return text === undefined ? [] : [[urn.split('::').pop() ?? '', JSON.parse(text) as string] as const];
  });
  const seed = Object.fromEntries(generated)['ovth-ssh-seed'] ?? '';
  return {
    ...Object.fromEntries(generated),
    ...more,
    'master key': await project.output<string>('masterKey'),
    'declared key': (await project.output<Record<string, string>>('appKeys'))['declared'] ?? '',
    'deploy key': body(deriveSshKey(seed, 'deploy key').privateKey),
    'host key': body(deriveSshKey(seed, 'host key').privateKey),
  };
}

/** Names of the secrets that a text holds, in any of the spellings a leak would have. */
export function leaks(secrets: Readonly<Record<string, string>>, text: string): string[] {
  return Object.entries(secrets)
    .filter(
      ([, value]) =>
        value === '' || [value, Buffer.from(value).toString('base64').slice(4, -6)].some((form) => text.includes(form)),
    )
    .map(([name]) => name);
}

/** Everything the engine keeps on disk: state, backups, history. */
export function stateFiles(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

/** What the box shows of its containers, images, processes and logs. */
export async function shownByBox(box: Box): Promise<string> {
  const looks = [
    'docker inspect $(docker ps -aq) $(docker image ls -q) $(docker network ls -q)',
    'for c in $(docker ps -aq); do docker logs $c 2>&1; docker exec $c cat /proc/1/environ /proc/1/cmdline; done',
    'for i in $(docker image ls -q); do docker history --no-trunc $i; done',
    'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"',
    'journalctl --no-pager; cat /var/log/cloud-init*.log; cat /srv/ovth/releases/*/compose.yaml /srv/ovth/front/compose.yaml',
    'ls -la /run /tmp /root; cat /root/.bash_history 2>/dev/null; true',
  ];
  const seen = await Promise.all(looks.map((look) => box.exec(look, { check: false, timeoutMs: 60_000 })));
  return seen.map(({ stdout, stderr }) => stdout + stderr).join('\n');
}

// ---

/** A line of a private key file that holds part of its secret half, as it stands in the file. */
function body(file: string): string {
  return file.split('\n')[4] ?? '';
}
