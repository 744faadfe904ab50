// Three ways in which clients connect: a connection for each request, connections that are kept, and one of HTTP/2.

import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { Agent, request } from 'node:https';
import type { LookupFunction } from 'node:net';

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Sends a request and hears its answer piece by piece.
 * @throws Error when the connection fails, or the answer does not come to its end
 */
export type Exchange = (sent: Sent, hear: (piece: string) => void) => Promise<Received>;

export const connectionKinds = ['fresh', 'kept', 'h2'] as const;
export type ConnectionKind = (typeof connectionKinds)[number];

export interface Connections extends Record<ConnectionKind, Exchange> {
  /** Closes what is kept. */
  close(): void;
}

/**
 * One client of each kind.
 * @param ca PEM of the root that must have signed the certificate
 * @param address where the URL's name is found; default: where the system finds it
 */
export function openConnections(url: string, ca: string, address?: string): Connections {
  const trust: Trust = { ca, ...(address === undefined ? {} : { lookup: alwaysAt(address) }) };
  const agent = new Agent({ ...trust, keepAlive: true });
  const h2 = overHttp2(url, trust);
  return {
    fresh: overHttp1(url, new Agent({ ...trust, keepAlive: false })),
    kept: overHttp1(url, agent),
    h2: h2.exchange,
    close: () => {
      agent.destroy();
      h2.close();
    },
  };
}

// ---

/** Whom to believe, and where the name is found. */
interface Trust {
  readonly ca: string;
  readonly lookup?: LookupFunction;
}

function alwaysAt(address: string): LookupFunction {
  return (_name, { all }, found) => (all === true ? found(null, [{ address, family: 4 }]) : found(null, address, 4));
}

/** A stream that is held back says nothing until it is let go. */
const patienceMs = 280_000;

function overHttp1(url: string, agent: Agent): Exchange {
  return ({ method, path, headers, body }, hear) =>
    new Promise((resolve, reject) => {
      const sent = request(url + path, { method, headers, agent, timeout: patienceMs }, (response) => {
        response.setEncoding('utf8').on('data', hear).on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
      });
      sent.on('timeout', () => sent.destroy(new Error(`silent for ${patienceMs} ms`)));
      sent.on('error', reject);
      sent.end(body);
    });
}

/** A session is used until the server says that it goes; streams that are open on it then go on. */
function overHttp2(url: string, trust: Trust): { exchange: Exchange; close(): void } {
  let session: ClientHttp2Session | undefined;
  const open = () => {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const opened = connect(url, { ...trust });
    const leave = () => {
      if (session === opened) session = undefined;
    };
    opened.on('goaway', leave).on('close', leave).on('error', leave);
    // A test that fails must not be kept from ending by an idle connection.
    opened.unref();
    session = opened;
    return opened;
  };
  const once = ({ method, path, headers, body }: Sent, hear: (piece: string) => void) =>
    new Promise<Received>((resolve, reject) => {
      const used = open();
      used.ref();
      const stream = used.request({ ':method': method, ':path': path, ...headers });
      let received: Received | undefined;
      stream.on('response', (fields) => {
        received = { status: Number(fields[':status']), headers: fields };
      });
      stream.setEncoding('utf8').on('data', hear);
      stream.setTimeout(patienceMs, () => stream.destroy(new Error(`silent for ${patienceMs} ms`)));
      stream.on('error', (error) => reject(Object.assign(error, { refused: stream.rstCode === refusedStream })));
      stream.on('close', () => {
        if (received === undefined || stream.rstCode !== 0) reject(new Error(`reset with ${stream.rstCode}`));
        else resolve(received);
      });
      stream.end(body);
    });
  const exchange: Exchange = (sent, hear) =>
    once(sent, hear).catch((error: unknown) => {
      // The server had said that it goes when the request was on its way, and has not looked at it: what every client of
      // HTTP/2 sends again (RFC 9113, 8.7).
      if (error instanceof Error && 'refused' in error && error.refused === true) return once(sent, hear);
      throw error;
    });
  return { exchange, close: () => session?.close() };
}

const refusedStream = constants.NGHTTP2_REFUSED_STREAM;
