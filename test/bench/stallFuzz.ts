// How long one piece of work holds the event loop, over made-up requests, answers and streams, every format to every other.
// Bodies from 256 KiB on, and those of 4,096 values and more, are worked on in a thread; the bodies here are below, and events
// have up to 1 MB.
//
//   node test/build.mjs test/bench/stallFuzz.ts && node dist/tools/stallFuzz.js [SEED] [SECONDS]
//
// It is CPU time of the thread, not the clock's. Prints the longest of each kind of work, and ends with 1 above the target.

import { catalogueTarget, type Target } from '../../config/target';
import { findModel } from '../../config/catalogue';
import { defaultLimits } from '../../config/limits';
import { largeBodyBytes, workBytes } from '../../gateway/src/core/bodySize';
import { GatewayError } from '../../gateway/src/core/errors';
import { scanJson } from '../../gateway/src/core/jsonScan';
import { openUsageTap } from '../../gateway/src/pipeline/usageTap';
import { codecs } from '../../gateway/src/wire';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format, NeutralRequest, StreamEvent } from '../../gateway/src/wire/neutral';
import { openFrameReader } from '../../gateway/src/wire/shared/sse';
import { translateRequest } from '../../gateway/src/wire/translateRequest';
import { translateResponse } from '../../gateway/src/wire/translateResponse';
import { answers, requests, streams } from './stallShapes';

const targetMs = 20;
const chunkBytes = 65_536;
const formats = ['chat', 'responses', 'messages', 'generate'] as const satisfies Format[];
const wires = { chat: 'openai', responses: 'openai', messages: 'anthropic', generate: 'gemini' } as const;
const models: Readonly<Record<Format, string>> = {
  chat: 'gpt-5.5',
  responses: 'gpt-5.5',
  messages: 'claude-opus-4-7',
  generate: 'gemini-3.5-flash',
};

const seed = Number(process.argv[2] ?? Date.now() % 2 ** 31);
const seconds = Number(process.argv[3] ?? 60);

/** Kind of work → the longest, and what it was. */
const longest = new Map<string, { ms: number; what: string }>();
let counting = false;
let pieces = 0;

function timed<T>(kind: string, what: string, work: () => T): T | undefined {
  const before = process.threadCpuUsage();
  try {
    return work();
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  } finally {
    const { user, system } = process.threadCpuUsage(before);
    const ms = (user + system) / 1_000;
    pieces++;
    if (counting && ms > (longest.get(kind)?.ms ?? 0)) longest.set(kind, { ms, what });
  }
}

/** The same numbers for the same seed. */
function openRandom(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const targetOf = (format: Format): Target => {
  const found = findModel(models[format]);
  if (found === undefined) throw new Error(`${models[format]} is not in the catalogue`);
  return catalogueTarget(found.model, found.send);
};
const targets = Object.fromEntries(formats.map((format) => [format, targetOf(format)])) as Record<Format, Target>;

const request = codecs.chat.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
const context = { requestId: 'req_1', created: 1, includeUsage: true, request };

// A body as a client of the format sends it; undefined where the format has no way to say it.
function bodyIn(format: Format, chat: Json): Buffer | undefined {
  try {
    const neutral: NeutralRequest = codecs.chat.decodeRequest(chat);
    const body = format === 'chat' ? chat : codecs[format].encodeRequest(neutral, targets[format]).body;
    return Buffer.from(JSON.stringify(body));
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

function tryRequest(name: string, chat: Json): void {
  for (const from of formats) {
    const body = bodyIn(from, chat);
    if (body === undefined || body.length >= largeBodyBytes) continue;
    const bounds = { depth: defaultLimits.json_depth, nodes: defaultLimits.json_nodes };
    timed('scan', `${name}, ${from}`, () => scanJson(body, bounds));
    if (workBytes(body.length, scanJson(body, bounds).values) >= largeBodyBytes) continue;
    for (const to of formats) {
      if (to === from) continue;
      const task = {
        from, body, stream: true, provider: { wire: wires[to], responses: to === 'responses' }, learnt: { chatOnly: false, chatRefused: false }, target: targets[to],
        withoutOpaqueReasoning: false,
      }; // prettier-ignore
      timed('request', `${name} of ${body.length} bytes, ${from} to ${to}`, () => translateRequest(task, { get: () => undefined }));
    }
  }
} // prettier-ignore

function tryAnswer(name: string, chat: Json): void {
  for (const spoken of formats) {
    const made = translateResponse({ context, bytes: Buffer.from(JSON.stringify(chat)), spoken: 'chat', fixups: undefined, to: spoken, stream: false });
    const bytes = spoken === 'chat' ? Buffer.from(JSON.stringify(chat)) : Buffer.from(made.body);
    if (bytes.length >= largeBodyBytes) continue;
    for (const to of formats)
      for (const stream of [false, true])
        timed('answer', `${name} of ${bytes.length} bytes, ${spoken} to ${to}${stream ? ', as a stream' : ''}`, () =>
          translateResponse({ context, bytes, spoken, fixups: undefined, to, stream }),
        );
  }
} // prettier-ignore

function eventsOf(frames: string): StreamEvent[] {
  const reader = openFrameReader(defaultLimits.event_bytes);
  const decoder = codecs.chat.openDecoder();
  const list = [...reader.push(Buffer.from(frames)), ...reader.end()];
  return [...list.flatMap((frame) => decoder.push(frame)), ...decoder.end()];
}

function tryStream(name: string, chat: string): void {
  const neutral = eventsOf(chat);
  for (const spoken of formats) {
    const encoder = codecs[spoken].openEncoder(context);
    const bytes = Buffer.from(spoken === 'chat' ? chat : neutral.map((event) => encoder.push(event)).join(''));
    const what = `${name} of ${bytes.length} bytes, ${spoken}`;
    const tap = openUsageTap({
      codec: codecs[spoken],
      answers: 1,
      hideUsage: true,
      eventLimit: defaultLimits.event_bytes,
    });
    for (let at = 0; at < bytes.length; at += chunkBytes)
      timed('stream, same wire', what, () => tap.feed(bytes.subarray(at, at + chunkBytes)));
    for (const to of formats) {
      const reader = openFrameReader(defaultLimits.event_bytes);
      const decoder = codecs[spoken].openDecoder();
      const writer = codecs[to].openEncoder(context);
      for (let at = 0; at < bytes.length; at += chunkBytes)
        timed('stream, translated', `${what} to ${to}`, () => {
          for (const frame of reader.push(bytes.subarray(at, at + chunkBytes)))
            for (const event of decoder.push(frame)) writer.push(event);
        });
    }
  }
}

const random = openRandom(seed);
const end = Date.now() + seconds * 1_000;
for (let round = 0; Date.now() < end; round++) {
  counting = round > 0; // the first round compiles
  const size = 40_000 + Math.floor(random() * (round % 3 === 0 ? 200_000 : 120_000));
  for (const [name, make] of Object.entries(requests)) tryRequest(name, make(size, random));
  for (const [name, make] of Object.entries(answers)) tryAnswer(name, make(size, random));
  for (const [name, make] of Object.entries(streams)) tryStream(name, make(size * 4, random));
}
console.info(`seed ${seed}, ${pieces} pieces of work`);
for (const [kind, { ms, what }] of longest) console.info(`${ms.toFixed(1).padStart(8)} ms  ${kind}: ${what}`);
process.exitCode = [...longest.values()].some(({ ms }) => ms > targetMs) ? 1 : 0;
