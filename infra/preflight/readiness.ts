// What `/readyz` says over HTTPS: the one question that anybody can ask a gateway.

import { request } from 'node:https';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { checkServerIdentity } from 'node:tls';

/** What the gateway has answered. */
export interface Readiness {
  /** Why it is not ready, in its own word (`draining`, `storage_failed`); undefined where it is. */
  readonly unready?: string | undefined;
  /** What is wrong with its certificate. */
  readonly certificate?: string | undefined;
  readonly release?: string | undefined;
  /** Digest of the configuration. */
  readonly config?: string | undefined;
  readonly repairs?: number | undefined;
}

/** Whom to ask. */
export interface Site {
  /** Host name, or the address again where there is none. */
  readonly host: string;
  /** IPv4 address of the box. It is dialled, whatever the name resolves to. */
  readonly address: string;
  /** Default: 443. */
  readonly port?: number;
}

/**
 * Asks once. Nothing secret is sent, so the answer is read whoever has signed the certificate; its names and dates count.
 * @param timeoutMs for the whole answer
 * @returns the answer, or why there is none
 */
export function askReadiness(site: Site, timeoutMs: number): Promise<Readiness | string> {
  return new Promise((resolve) => {
    const named = site.host === site.address ? {} : { servername: site.host };
    const sent = request(
      {
        ...{ host: site.address, port: site.port ?? 443, path: '/readyz', agent: false, headers: { host: site.host } },
        ...{ ...named, rejectUnauthorized: false },
      },
      (response) => {
        const certificate = wrongWith((response.socket as TLSSocket).getPeerCertificate(), site.host);
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
          if (text.length > longestAnswer) sent.destroy(new Error('it answers something else'));
        });
        response.on('error', (error) => end(error.message));
        response.on('end', () => end(read(response.statusCode ?? 0, text, certificate)));
      },
    );
    const timer = setTimeout(() => sent.destroy(new Error(`no answer in ${timeoutMs / 1_000} s`)), timeoutMs);
    const end = (result: Readiness | string) => {
      clearTimeout(timer);
      sent.destroy();
      resolve(result);
    };
    sent.on('error', (error: NodeJS.ErrnoException) => end(inWords(error)));
    sent.end();
  });
}

// ---

const longestAnswer = 64 * 1024;

function read(status: number, text: string, certificate: string | undefined): Readiness | string {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return status === 502 ? 'Caddy answers, and no gateway behind it' : `it answers ${status}, which is no gateway’s`;
  }
  const word = (name: string) => (typeof answer[name] === 'string' ? answer[name] : undefined);
  const repairs = answer['repairs'];
  return {
    unready: status === 200 ? undefined : (word('status') ?? `HTTP ${status}`),
    certificate,
    release: word('release'),
    config: word('config'),
    repairs: Number.isSafeInteger(repairs) ? (repairs as number) : undefined,
  };
}

function wrongWith(certificate: PeerCertificate, host: string): string | undefined {
  if (Date.parse(certificate.valid_to) < Date.now()) return `its certificate ended on ${certificate.valid_to}`;
  return checkServerIdentity(host, certificate) === undefined ? undefined : `its certificate is not for ${host}`;
}

function inWords({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'it refuses connections';
  // Caddy ends a handshake for which it has no certificate with an alert.
  if (code?.startsWith('ERR_SSL') === true || /alert|EPROTO/.test(`${code} ${message}`)) return 'it has no certificate';
  if (code === 'ECONNRESET') return 'it ends connections at once';
  return message === '' ? (code ?? 'no answer') : message;
}
