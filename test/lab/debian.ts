// Where this machine gets its Debian packages, so that a box gets them from there too.
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** The Debian release of the boxes. */
export const suite = 'trixie';

/** The mirrors of the main archive and of security updates. */
export interface Mirrors {
  main: string;
  security: string | undefined;
}

/** The mirrors apt uses on this machine, or undefined where it is not a Debian. `LAB_DEBIAN_MIRROR` names another. */
export function debianMirrors(): Mirrors | undefined {
  const own = process.env['LAB_DEBIAN_MIRROR'];
  if (own !== undefined) return { main: own, security: undefined };
  const uris = sourceUris();
  const main = uris.find((uri) => /\/debian\/?$/.test(uri));
  return main === undefined ? undefined : { main, security: uris.find((uri) => /\/debian-security\/?$/.test(uri)) };
}

/** The apt sources of a box. */
export function debianSources(mirrors: Mirrors): string {
  const stanza = (uri: string, suites: string) =>
    ['Types: deb', `URIs: ${uri}`, `Suites: ${suites}`, 'Components: main', signedBy, ''].join('\n');
  const main = stanza(mirrors.main, `${suite} ${suite}-updates`);
  return mirrors.security === undefined ? main : `${main}\n${stanza(mirrors.security, `${suite}-security`)}`;
}

// ---

const signedBy = 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg';

function sourceUris(): string[] {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [];
  return ['/etc/apt/sources.list', ...files]
    .filter((file) => /\.(list|sources)$/.test(file) && existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .map((line) => /^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(\S+)/.exec(line)?.[1])
    .filter((uri) => uri !== undefined);
}
