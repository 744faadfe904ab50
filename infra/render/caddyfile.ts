// The TLS front's configuration, in Caddy's own text format built from data.

import { gatewayPort } from '../hostLayout';

export interface Front {
  /** Host name, or the box's address when there is none. */
  readonly site: string;
  /** The site is an address: it gets a short-lived certificate, and is served to clients that name no host. */
  readonly isAddress: boolean;
  /** Host name of the gateway's release. */
  readonly upstream: string;
  readonly email?: string | undefined;
  /** Another authority's ACME directory. */
  readonly directory?: string | undefined;
  /** PEM root of that authority's API is in `acmeRootFile`. */
  readonly privateRoot: boolean;
}

/** Path, in the front's container, of the root of a private certificate authority's API. */
export const acmeRootFile = '/etc/caddy/acme-root.pem';

/** Where the front listens for its own administration: no port, only a socket in its container. */
export const adminSocket = 'unix//run/caddy/admin.sock';

/** Streams keep running on an old configuration for this long after a switch. */
const graceMinutes = 10;

export function caddyfile(front: Front): string {
  const options: Directive[] = [
    ['admin', adminSocket],
    ['persist_config', 'off'],
    ['grace_period', `${graceMinutes}m`],
    ...(front.isAddress ? [['default_sni', front.site] satisfies Directive] : []),
    ...(front.email === undefined ? [] : [['email', front.email] satisfies Directive]),
    ...(front.directory === undefined ? [] : [['acme_ca', front.directory] satisfies Directive]),
    ...(front.privateRoot ? [['acme_ca_root', acmeRootFile] satisfies Directive] : []),
    // HTTP/3 would need UDP 443, which the firewall keeps closed.
    ['servers', [['protocols', 'h1', 'h2']]],
  ];
  // No `encode` and no `flush_interval`: the one holds streams back, the other keeps paying after a client has left.
  const site: Directive[] = [
    ...(front.isAddress ? [['tls', [['issuer', 'acme', [['profile', 'shortlived']]]]] satisfies Directive] : []),
    [
      'header',
      [
        ['Strict-Transport-Security', 'max-age=31536000'],
        ['X-Frame-Options', 'DENY'],
      ],
    ],
    // While a gateway restarts after a crash, requests wait for it instead of failing.
    ['reverse_proxy', `${front.upstream}:${gatewayPort}`, [['lb_try_duration', '5s']]],
  ];
  return `${block([], options)}\n${block([`https://${front.site}`], site)}`;
}

// ---

/** A word, its arguments, and possibly a block. */
type Directive = readonly [string, ...(string | readonly Directive[])[]];

function block(words: readonly string[], directives: readonly Directive[], indent = ''): string {
  const head = [...words.map(quote), '{'].join(' ');
  const lines = directives.map((directive) => line(directive, `${indent}\t`));
  return `${indent}${head}\n${lines.join('')}${indent}}\n`;
}

function line(directive: Directive, indent: string): string {
  const words = directive.filter((part) => typeof part === 'string');
  const inner = directive.find((part) => typeof part !== 'string');
  return inner === undefined ? `${indent}${words.map(quote).join(' ')}\n` : block(words, inner, indent);
}

/** @throws Error for what cannot be said in a Caddyfile; the schema lets no such value through */
function quote(word: string): string {
  if (/^[\w.:/@=*-]+$/.test(word)) return word;
  // Caddy would replace {placeholders} with what they stand for, its environment included.
  if (/["\\{}\n\r]/.test(word)) throw new Error(`not a word for the Caddyfile: ${JSON.stringify(word)}`);
  return `"${word}"`;
}
