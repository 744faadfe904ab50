// One keep-alive connection of the load generator: a request's bytes out, and of the answer only what counting needs.
// Written on the bare socket, so that the generator costs a fraction of what it measures.

import { connect, type Socket } from 'node:net';
import type { Target } from './jobs';

export interface Answer {
  readonly ok: boolean;
  /** Server-sent events in it. */
  readonly events: number;
}

export interface Connection {
  /** Sends the request; one at a time. @throws Error when the connection ends before its answer does */
  send(request: Buffer, onAnswer: (answer: Answer) => void, onFirstEvent?: () => void): void;
  destroy(): void;
}

/** The whole request as it goes onto the wire. */
export function requestBytes(target: Target, body: Buffer): Buffer {
  const headers = Object.entries({
    host: `127.0.0.1:${target.port}`,
    'content-type': 'application/json',
    accept: '*/*',
    'user-agent': 'bench',
    ...target.headers,
    'content-length': String(body.length),
  });
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`POST ${target.path} HTTP/1.1\r\n${head}\r\n`), body]);
}

/** @param onData sees the bytes of answers as they come */
export function openConnection(port: number, onData?: (chunk: Buffer) => void): Connection {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let onAnswer: ((answer: Answer) => void) | undefined;
  let onFirstEvent: (() => void) | undefined;
  let reader = newReader();

  const finish = (ok: boolean) => {
    const tell = onAnswer;
    const { events } = reader;
    onAnswer = undefined;
    onFirstEvent = undefined;
    reader = newReader();
    tell?.({ ok, events });
  };
  socket.on('data', (chunk: Buffer) => {
    if (onAnswer === undefined) return;
    onData?.(chunk);
    const state = reader.feed(chunk);
    if (onFirstEvent !== undefined && reader.events > 0) {
      const tell = onFirstEvent;
      onFirstEvent = undefined;
      tell();
    }
    if (state !== 'more') finish(state === 'ok');
  });
  socket.on('error', () => undefined); // 'close' follows
  socket.on('close', () => finish(false));

  return {
    send(request, answered, firstEvent) {
      onAnswer = answered;
      onFirstEvent = firstEvent;
      if (socket.destroyed) setImmediate(finish, false);
      else socket.write(request);
    },
    destroy: () => socket.destroy(),
  };
}

// ---

const headEnd = Buffer.from('\r\n\r\n');
const eventEnd = Buffer.from('\n\n');
const lastChunk = '0\r\n\r\n';

// Good enough for what is measured here: no trailers, no pipelining, and no answer whose text ends like a last chunk.
function newReader() {
  let head: Buffer | undefined;
  let inBody = false;
  let left = -1; // bytes to come; -1: chunked
  let good = false;
  let tail = '';
  const reader = {
    events: 0,
    feed(data: Buffer): 'more' | 'ok' | 'failed' {
      let body = data;
      if (!inBody) {
        head = head === undefined ? data : Buffer.concat([head, data]);
        const end = head.indexOf(headEnd);
        if (end < 0) return 'more';
        inBody = true;
        const text = head.toString('latin1', 0, end);
        good = text.startsWith('HTTP/1.1 200');
        const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
        if (length !== undefined) left = Number(length);
        body = head.subarray(end + 4);
        head = undefined;
      }
      if (left >= 0) {
        left -= body.length;
        return left > 0 ? 'more' : good ? 'ok' : 'failed';
      }
      if (tail.endsWith('\n') && body[0] === 0x0a) reader.events++;
      for (let at = body.indexOf(eventEnd); at >= 0; at = body.indexOf(eventEnd, at + 2)) reader.events++;
      tail = (tail + body.toString('latin1', Math.max(0, body.length - lastChunk.length))).slice(-lastChunk.length);
      return tail === lastChunk ? (good ? 'ok' : 'failed') : 'more';
    },
  };
  return reader;
}
