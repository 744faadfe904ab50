// The work of one request, answer or stream, cut into the pieces that hold the event loop each in one go, as the pipeline
// does it. What is worked on in a thread is none.

import { findModel } from '../../config/catalogue';
import { defaultLimits } from '../../config/limits';
import { catalogueTarget, type Target } from '../../config/target';
import { answerWork, largeBodyBytes, workBytes } from '../../gateway/src/core/bodySize';
import { GatewayError } from '../../gateway/src/core/errors';
import { scanJson } from '../../gateway/src/core/jsonScan';
import { AnswerEncoder } from '../../gateway/src/pipeline/answerEncoder';
import { openSlicedEncoding } from '../../gateway/src/pipeline/slicedEncoding';
import { openUsageTap } from '../../gateway/src/pipeline/usageTap';
import { codecs } from '../../gateway/src/wire';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format, NeutralRequest, StreamEvent } from '../../gateway/src/wire/neutral';
import { openFrameReader } from '../../gateway/src/wire/shared/sse';
import { translateRequest } from '../../gateway/src/wire/translateRequest';
import { translateResponse } from '../../gateway/src/wire/translateResponse';

/** Runs one piece of work; it may be timed. */
export type Piece = <T>(kind: string, run: () => T) => T;

/** Work in pieces, which can be done again; the same pieces come in the same order. */
export interface Work {
  readonly what: string;
  run(piece: Piece): void | Promise<void>;
}

/** As sockets give them. */
const chunkBytes = 65_536;
const formats = ['chat', 'responses', 'messages', 'generate'] as const satisfies Format[];
const wires = { chat: 'openai', responses: 'openai', messages: 'anthropic', generate: 'gemini' } as const;
const models: Readonly<Record<Format, string>> = {
  chat: 'gpt-5.5',
  responses: 'gpt-5.5',
  messages: 'claude-opus-4-7',
  generate: 'gemini-3.5-flash',
};

const targetOf = (format: Format): Target => {
  const found = findModel(models[format]);
  if (found === undefined) throw new Error(`${models[format]} is not in the catalogue`);
  return catalogueTarget(found.model, found.send);
};
const targets = Object.fromEntries(formats.map((format) => [format, targetOf(format)])) as Record<Format, Target>;

const request = codecs.chat.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
const context = { requestId: 'req_1', created: 1, includeUsage: true, request };
const nothingLeft = { get: () => undefined };

// Refusals are results like others.
function unlessRefused<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

// A body as a client of the format sends it; undefined where the format has no way to say it.
function bodyIn(format: Format, chat: Json): Buffer | undefined {
  return unlessRefused(() => {
    const neutral: NeutralRequest = codecs.chat.decodeRequest(chat);
    const body = format === 'chat' ? chat : codecs[format].encodeRequest(neutral, targets[format]).body;
    const madeUp = Object.entries(chat).filter(([name]) => /^x\d+$/.test(name)); // that no format knows, and each may be sent
    return Buffer.from(JSON.stringify({ ...body, ...Object.fromEntries(madeUp) }));
  });
}

/** A request of every format to every other. @param chat as chat completions */
export function* requestWork(name: string, chat: Json): Generator<Work> {
  for (const from of formats) {
    const body = bodyIn(from, chat);
    if (body === undefined || body.length >= largeBodyBytes) continue;
    const what = `${name} of ${body.length} bytes, ${from}`;
    const bounds = { depth: defaultLimits.json_depth, nodes: defaultLimits.json_nodes };
    yield { what, run: (piece) => void piece('scan', () => unlessRefused(() => scanJson(body, bounds))) };
    const scan = unlessRefused(() => scanJson(body, bounds));
    if (scan === undefined || workBytes(body.length, scan.values) >= largeBodyBytes) continue;
    for (const to of formats) {
      if (to === from) continue;
      const task = {
        from, body, stream: true, provider: { wire: wires[to], responses: to === 'responses' }, learnt: { chatOnly: false, chatRefused: false }, target: targets[to],
        withoutOpaqueReasoning: false,
      }; // prettier-ignore
      yield {
        what: `${what} to ${to}`,
        run: (piece) => void piece('request', () => unlessRefused(() => translateRequest(task, nothingLeft))),
      };
    }
  }
}

/** A whole answer of every format to every other, also as a stream. @param chat as chat completions */
export function* answerWorks(name: string, chat: Json): Generator<Work> {
  const original = Buffer.from(JSON.stringify(chat));
  for (const spoken of formats) {
    const bytes =
      spoken === 'chat'
        ? original
        : Buffer.from(
            translateResponse({
              context,
              bytes: original,
              spoken: 'chat',
              fixups: undefined,
              to: spoken,
              stream: false,
            }).body,
          );
    yield* answerWorksOf(name, spoken, bytes);
  }
}

/** The same for an answer in Gemini's own words. */
export function* geminiAnswerWorks(name: string, answer: Json): Generator<Work> {
  yield* answerWorksOf(name, 'generate', Buffer.from(JSON.stringify(answer)));
}

function* answerWorksOf(name: string, spoken: Format, bytes: Buffer): Generator<Work> {
  if (answerWork(bytes) >= largeBodyBytes) return;
  for (const to of formats)
    for (const stream of [false, true]) {
      const task = { context, bytes, spoken, fixups: undefined, to, stream };
      yield {
        what: `${name} of ${bytes.length} bytes, ${spoken} to ${to}${stream ? ', as a stream' : ''}`,
        run: (piece) => void piece('answer', () => unlessRefused(() => translateResponse(task))),
      };
    }
}

function eventsOf(frames: string): StreamEvent[] {
  const reader = openFrameReader(defaultLimits.event_bytes);
  const decoder = codecs.chat.openDecoder();
  const list = [...reader.push(Buffer.from(frames)), ...reader.end()];
  return [...list.flatMap((frame) => decoder.push(frame)), ...decoder.end()];
}

/** A stream of every format to itself and to every other. @param chat as chat completions */
export function* streamWork(name: string, chat: string): Generator<Work> {
  const neutral = eventsOf(chat);
  for (const spoken of formats) {
    const encoder = codecs[spoken].openEncoder(context);
    const bytes = Buffer.from(spoken === 'chat' ? chat : neutral.map((event) => encoder.push(event)).join(''));
    const what = `${name} of ${bytes.length} bytes, ${spoken}`;
    yield { what, run: (piece) => passed(bytes, spoken, piece) };
    for (const to of formats) yield { what: `${what} to ${to}`, run: (piece) => translated(bytes, spoken, to, piece) };
  }
}

// ---

function passed(bytes: Buffer, spoken: Format, piece: Piece): void {
  const codec = codecs[spoken];
  const tap = openUsageTap({ codec, answers: 1, hideUsage: true, eventLimit: defaultLimits.event_bytes });
  for (let at = 0; at < bytes.length; at += chunkBytes)
    piece('stream, same wire', () => tap.feed(bytes.subarray(at, at + chunkBytes)));
}

async function translated(bytes: Buffer, spoken: Format, to: Format, piece: Piece): Promise<void> {
  const reader = openFrameReader(defaultLimits.event_bytes);
  const translation = {
    fixups: undefined, request, hasOpaqueReasoning: false, words: { withoutOpaqueReasoning: false, chatRefused: false },
  }; // prettier-ignore
  const ownKeys = { text: (text: string) => text };
  const encoder = new AnswerEncoder({ translation }, { ...context, format: to, remember: () => undefined, ownKeys }, { usage: undefined, complete: false, lost: [] });
  let isPushed = false; // what is encoded meanwhile is part of the same piece
  const encoding = openSlicedEncoding({
    decoder: codecs[spoken].openDecoder(),
    encode: (events) => (isPushed ? encoder.encode(events) : piece('stream, translated', () => encoder.encode(events))),
    gather: () => undefined,
    write: () => undefined,
  });
  const push = (chunk: Buffer): { waiting: Promise<void> | undefined } => {
    const frames = reader.push(chunk);
    encoder.came(chunk.length, frames);
    return { waiting: encoding.push(frames) };
  };
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const pushed = piece('stream, translated', () => {
      isPushed = true;
      const wait = unlessRefused(() => push(bytes.subarray(at, at + chunkBytes)));
      isPushed = false;
      return wait;
    });
    if (pushed === undefined || !(await isTaken(pushed.waiting))) return; // what grows too much ends the stream
  }
} // prettier-ignore

async function isTaken(waiting: Promise<void> | undefined): Promise<boolean> {
  try {
    await waiting;
    return true;
  } catch (error) {
    if (error instanceof GatewayError) return false;
    throw error;
  }
}
