// The provider that every contender sends to: a bare socket server that answers a real-shaped chat completion at once,
// or a paced stream of events. It reads of a request what it must, so that it is never what limits a run.

import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { floodName } from './bodies';
import { clockMs, stampOf } from './jobs';

/** Told to whoever started it. */
export type UpstreamNews = { readonly listening: number } | { readonly leftAt: number };

const server = createServer({ noDelay: true }, serve);
server.listen(0, '127.0.0.1', 4_096, () => tell({ listening: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit()); // whoever asked is gone

// ---

function tell(news: UpstreamNews): void {
  process.send?.(news);
}

const headEnd = Buffer.from('\r\n\r\n');
/** Of a body, what is looked at to know how to answer it. */
const lookedAt = 4_096;

function serve(socket: Socket): void {
  let head: Buffer | undefined;
  let left = 0; // bytes of the body still to come
  let seen: Buffer[] = [];
  let seenBytes = 0;
  let streaming: (() => void) | undefined;

  const take = (body: Buffer) => {
    left -= body.length;
    if (seenBytes < lookedAt) {
      seen.push(body);
      seenBytes += body.length;
    }
    if (left > 0) return;
    const text = Buffer.concat(seen).toString('latin1', 0, lookedAt);
    seen = [];
    seenBytes = 0;
    if (text.includes(`"user":"${floodName}"`)) {
      flood(socket);
      return;
    }
    const pace = /"user":"(stamped-)?pace-(\d+)-(\d+)"/.exec(text);
    if (pace === null) {
      socket.write(wholeAnswer);
      return;
    }
    const includeUsage = text.includes('"include_usage":true');
    const made = pace[1] === undefined ? () => event : stampedEvent;
    streaming = stream(socket, made, Number(pace[2]), Number(pace[3]), includeUsage, () => (streaming = undefined));
  };

  socket.on('data', (chunk: Buffer) => {
    if (left > 0) return take(chunk);
    head = head === undefined ? chunk : Buffer.concat([head, chunk]);
    const end = head.indexOf(headEnd);
    if (end < 0) return;
    left = Number(/\r\ncontent-length: *(\d+)/i.exec(head.toString('latin1', 0, end))?.[1] ?? 0);
    const rest = head.subarray(end + 4);
    head = undefined;
    take(rest);
  });
  socket.on('error', () => undefined); // 'close' follows
  socket.on('close', () => {
    if (streaming === undefined) return;
    streaming();
    tell({ leftAt: clockMs() });
  });
}

// The first event goes out with the headers; how many, and how far apart, is the request's to say. Gives a way to stop it.
function stream(
  socket: Socket,
  made: () => Buffer,
  events: number,
  gapMs: number,
  usage: boolean,
  onEnd: () => void,
): () => void {
  socket.write(Buffer.concat([streamHead, made()]));
  let sent = 1;
  const timer = setInterval(() => {
    if (sent++ < events) {
      socket.write(made());
      return;
    }
    clearInterval(timer);
    onEnd();
    socket.write(usage ? lastEventsWithUsage : lastEvents);
  }, gapMs);
  return () => clearInterval(timer);
}

// As fast as it is read, and no faster.
function flood(socket: Socket): void {
  let left = 64 * 1024 * 1024;
  const big = frame({ delta: { content: 'x'.repeat(64 * 1024) }, finish_reason: null });
  const more = () => {
    while (left > 0) {
      left -= big.length;
      if (!socket.write(big)) return;
    }
    socket.off('drain', more);
    socket.write(lastEventsWithUsage);
  };
  socket.write(streamHead);
  socket.on('drain', more);
  more();
}

const commonHeaders = [
  'date: Mon, 23 Nov 2026 12:00:00 GMT',
  'server: cloudflare',
  'openai-version: 2020-10-01',
  'openai-processing-ms: 412',
  'x-request-id: req_0f6c1c2e9a7b4d5f8e3a1b2c3d4e5f60',
  'x-ratelimit-limit-requests: 10000',
  'x-ratelimit-remaining-requests: 9999',
].join('\r\n');

const usageFields = {
  prompt_tokens: 238,
  completion_tokens: 42,
  total_tokens: 280,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};

const answerBody = JSON.stringify({
  id: 'chatcmpl-CZq3XcB1nT0pQw7rYd5KfLmVh8Js2',
  object: 'chat.completion',
  created: 1_795_435_200,
  model: 'gpt-5.5-2026-04-24',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'A gateway adds its own time once per request, not per token.',
        refusal: null,
      },
      finish_reason: 'stop',
    },
  ],
  usage: usageFields,
  system_fingerprint: null,
});

const wholeAnswer = Buffer.from(
  `HTTP/1.1 200 OK\r\n${commonHeaders}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(answerBody)}\r\n\r\n${answerBody}`,
);

const streamHead = Buffer.from(
  `HTTP/1.1 200 OK\r\n${commonHeaders}\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n`,
);

const event = frame({ delta: { content: ' gateway' }, finish_reason: null });
// Says when it was sent, on the clock that all processes of a machine share.
const stampedEvent = () => frame({ delta: { content: ` ${stampOf(clockMs())}` }, finish_reason: null });
const finish = frame({ delta: {}, finish_reason: 'stop' });
const usageEvent = chunk(`data: ${JSON.stringify({ ...eventBase(), choices: [], usage: usageFields })}\n\n`);
const done = Buffer.concat([chunk('data: [DONE]\n\n'), Buffer.from('0\r\n\r\n')]);
const lastEvents = Buffer.concat([finish, done]);
const lastEventsWithUsage = Buffer.concat([finish, usageEvent, done]);

function eventBase() {
  return {
    id: 'chatcmpl-CZq3XcB1nT0pQw7rYd5KfLmVh8Js2',
    object: 'chat.completion.chunk',
    created: 1_795_435_200,
    model: 'gpt-5.5-2026-04-24',
    service_tier: 'default',
    system_fingerprint: null,
  };
}

function frame(choice: object): Buffer {
  return chunk(
    `data: ${JSON.stringify({ ...eventBase(), choices: [{ index: 0, ...choice, logprobs: null }], obfuscation: 'k3Jx9' })}\n\n`,
  );
}

function chunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}
