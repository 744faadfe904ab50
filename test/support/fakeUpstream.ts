// A provider that answers exactly the bytes it is told to, cut as it is told to, and keeps what it was sent.

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closingOnce } from './opened';

export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Resolves when the peer has closed the connection, or the answer is complete. */
  readonly closed: Promise<'complete' | 'gone'>;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** Bytes a write; everything at once when absent. */
  readonly slice?: number;
}

export type Script = FakeAnswer | ((call: FakeCall, response: ServerResponse) => void | Promise<void>);

export interface FakeUpstream {
  readonly url: string;
  readonly calls: FakeCall[];
  /** What the next calls get; a function answers by itself. */
  answer: Script;
  /** Resolves when that many calls have arrived. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startFakeUpstream(): Promise<FakeUpstream> {
  const calls: FakeCall[] = [];
  let waiting: { count: number; wake: () => void }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const closed = new Promise<'complete' | 'gone'>((resolve) =>
        response.once('close', () => resolve(response.writableFinished ? 'complete' : 'gone')),
      );
      const call: FakeCall = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(parts),
        closed,
      };
      calls.push(call);
      waiting = waiting.filter(({ count, wake }) => calls.length < count || wake());
      void play(fake.answer, call, response);
    });
  });
  const fake: FakeUpstream = {
    url: '',
    calls,
    answer: { body: '{}' },
    arrived: (count) =>
      new Promise((wake) => {
        if (calls.length >= count) wake();
        else waiting.push({ count, wake });
      }),
    close: closingOnce(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    ),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

// ---

async function play(script: Script, call: FakeCall, response: ServerResponse): Promise<void> {
  if (typeof script === 'function') return script(call, response);
  const body = Buffer.from(script.body as string);
  response.writeHead(script.status ?? 200, { 'content-type': 'application/json', ...script.headers });
  if (script.slice === undefined) return void response.end(body);
  for (let from = 0; from < body.length; from += script.slice) {
    response.write(body.subarray(from, from + script.slice));
    await new Promise((resolve) => setImmediate(resolve)); // its own packet, as far as loopback allows
  }
  response.end();
}
