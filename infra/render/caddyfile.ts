// Caddy's configuration: a table of directives, printed in the Caddyfile format.

import { gatewayPort } from '../hostLayout';

/** What the Caddyfile depends on. */
export interface Front {
  /** Host name, or the box's IPv4 address when there is none. */
  readonly site: string;
  /** Whether the site is an address. It then gets a short-lived certificate, also for clients that send no SNI. */
  readonly isAddress: boolean;
  /** Host name of the gateway's release. */
  readonly upstream: string;
  /** Where the certificate authority may write. */
  readonly email?: string | undefined;
  /** URL of another authority's ACME directory. Default: Let's Encrypt. */
  readonly directory?: string | undefined;
  /** Bytes of a request's body and of its headers that the gateway takes; it refuses what is larger in its client's words. */
  readonly bodyBytes: number;
  readonly headerBytes: number;
  /** Milliseconds that a client has to send its headers. */
  readonly headersMs: number;
  /** Whether that authority's API has a private root, which is then in `acmeRootFile`. */
  readonly privateRoot: boolean;
}

/** Path, in Caddy's container, of the PEM root of a private certificate authority's API. */
export const acmeRootFile = '/etc/caddy/acme-root.pem';

/** Folder in Caddy's container, in memory, that Caddy's user may write to. */
export const frontRunFolder = '/run/caddy';

/** Caddy's administration listens on a socket in its container, on no port. */
export const adminSocket = `unix/${frontRunFolder}/admin.sock`;

/** Name of the file in `frontRunFolder` that makes a front tell its clients to go. The apply script puts it there. */
export const leavingFile = 'leaving';

/** The front lets a little more through than the gateway takes, so that it is the gateway that refuses and says why. */
const spareBodyBytes = 1024 * 1024;
const spareHeaderBytes = 16 * 1024;

/**
 * The text of the Caddyfile.
 * @throws Error for a value that the format cannot hold
 */
export function caddyfile(front: Front): string {
  const options: Directive[] = [
    ['admin', adminSocket],
    // No `grace_period`: a front that was told to end ends with its last stream. The box ends it when that takes too long.
    ['persist_config', 'off'],
    ...(front.isAddress ? [['default_sni', front.site] satisfies Directive] : []),
    ...(front.email === undefined ? [] : [['email', front.email] satisfies Directive]),
    ...(front.directory === undefined ? [] : [['acme_ca', front.directory] satisfies Directive]),
    ...(front.privateRoot ? [['acme_ca_root', acmeRootFile] satisfies Directive] : []),
    // Caddy blots out `Authorization` and cookies in what it logs of a request, and no other credential: `x-api-key` and
    // `x-goog-api-key` are headers, `key` stands in the URL.
    [
      'log',
      'default',
      [
        ['output', 'stderr'],
        [
          'format',
          'filter',
          [
            ['request>headers', 'delete'],
            ['request>uri', 'query', [['delete', 'key']]],
            ['resp_headers', 'delete'],
          ],
        ],
      ],
    ],
    // HTTP/3 needs UDP 443, which the firewall does not open. No `read_body`: Go's server ends a stream that is longer.
    [
      'servers',
      [
        ['protocols', 'h1', 'h2'],
        [
          'timeouts',
          [
            ['read_header', `${front.headersMs}ms`],
            ['idle', '2m'],
          ],
        ],
        ['max_header_size', String(front.headerBytes + spareHeaderBytes)],
      ],
    ],
  ];
  // No `encode`, which holds streams back. No `flush_interval`: with -1 Caddy goes on reading from the gateway after the
  // client has disconnected.
  const site: Directive[] = [
    ...leaving,
    ...(front.isAddress ? [['tls', [['issuer', 'acme', [['profile', 'shortlived']]]]] satisfies Directive] : []),
    ['header', [['Strict-Transport-Security', 'max-age=31536000'], ['X-Frame-Options', 'DENY'], ['-Server'], ['-Via']]],
    ['log'],
    ['request_body', [['max_size', String(front.bodyBytes + spareBodyBytes)]]],
    // Requests wait up to 5 s for a gateway that is restarting.
    ['reverse_proxy', `${front.upstream}:${gatewayPort}`, [['lb_try_duration', '5s']]],
  ];
  return `${block([], options)}\n${block([`https://${front.site}`], site)}`;
}

// ---

/** A directive: its name, its arguments, and possibly a block of directives. */
type Directive = readonly [string, ...(string | readonly Directive[])[]];

/**
 * When another front has taken over: an answer that closes its connection cuts no request, as closing an idle one may. HTTP/1
 * gets `connection: close`, HTTP/2 a GOAWAY.
 */
const leaving: readonly Directive[] = [
  [
    '@leaving',
    'file',
    [
      ['root', frontRunFolder],
      ['try_files', leavingFile],
    ],
  ],
  ['header', '@leaving', 'Connection', 'close'],
];

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

/** @throws Error for a value that the format cannot hold; the schema accepts none */
function quote(word: string): string {
  if (/^[\w.:/@=*-]+$/.test(word)) return word;
  // Caddy expands {placeholders}, those of its environment included.
  if (/["\\{}\n\r]/.test(word)) throw new Error(`not a word for the Caddyfile: ${JSON.stringify(word)}`);
  return `"${word}"`;
}
