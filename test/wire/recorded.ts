// The recorded traffic as the codecs get it: its format by file, requests as bodies, responses as frames or as one body.

import { codecs } from '../../gateway/src/wire';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { openFrameReader } from '../../gateway/src/wire/shared/sse';
import type { Format, NeutralRequest, StreamEvent } from '../../gateway/src/wire/neutral';
import { unknownTarget, catalogueTarget, type Target } from '../../config/target';
import { findModel } from '../../config/catalogue';
import { type Recording, recordings } from '../support/shared';

export interface Recorded {
  /** File and line, for messages. */
  readonly name: string;
  readonly format: Format;
  readonly row: Recording;
  readonly body: Json;
  readonly streamed: boolean;
}

const files: readonly [string, Format][] = [
  ['openai-chat', 'chat'],
  ['openrouter-chat', 'chat'],
  ['gemini-chat', 'chat'],
  ['openai-responses', 'responses'],
  ['anthropic-messages', 'messages'],
  ['gemini-generateContent', 'generate'],
  ['gemini-streamGenerateContent', 'generate'],
];

export const formats = ['chat', 'responses', 'messages', 'generate'] as const;

/** All recorded inference requests; undefined where the recordings are not on this machine. */
export function recorded(): Recorded[] | undefined {
  const all = files.map(([file, format]) => ({ file, format, rows: recordings(file) }));
  if (all.some(({ rows }) => rows === undefined)) return undefined;
  return all.flatMap(({ file, format, rows }) =>
    (rows ?? []).map((row, i) => ({
      name: `${file}:${i + 1}`,
      format,
      row,
      body: row.request as Json,
      streamed: row.contentType.includes('event-stream'),
    })),
  );
}

/** One target for each format, of the models that take most. */
export const targets: Readonly<Record<Format, Target>> = {
  chat: knownTarget('gpt-5.5'),
  responses: knownTarget('gpt-5.5'),
  messages: knownTarget('claude-opus-4-7'),
  generate: knownTarget('gemini-3.5-flash'),
};

export const plainTarget: Target = unknownTarget('host', 'some-model');

export function decoded(format: Format, body: Json): NeutralRequest {
  const request = codecs[format].decodeRequest(body);
  return format === 'generate' ? request : { ...request, stream: body['stream'] === true };
}

/** A recorded response as neutral events. @param slice bytes of each chunk of a stream */
export function eventsOf({ format, row, streamed }: Recorded, slice = Infinity): StreamEvent[] {
  const text = typeof row.response === 'string' ? row.response : JSON.stringify(row.response);
  const codec = codecs[format];
  const pieces: unknown = text.startsWith('[') ? JSON.parse(text) : undefined; // Gemini's stream as a JSON list
  if (Array.isArray(pieces))
    return streamEvents(format, pieces.map((piece) => `data: ${JSON.stringify(piece)}\n\n`).join(''), slice);
  if (!streamed) return [...codec.decodeResponse(JSON.parse(text) as Json)];
  return streamEvents(format, text, slice);
}

/** A stream's text as neutral events. @param slice bytes of each chunk */
export function streamEvents(format: Format, text: string, slice = Infinity): StreamEvent[] {
  const bytes = Buffer.from(text);
  const frames = openFrameReader(10_000_000);
  const decoder = codecs[format].openDecoder();
  const out: StreamEvent[] = [];
  for (let at = 0; at < bytes.length; at += slice)
    for (const frame of frames.push(bytes.subarray(at, Math.min(bytes.length, at + slice))))
      out.push(...decoder.push(frame));
  for (const frame of frames.end()) out.push(...decoder.push(frame));
  out.push(...decoder.end());
  return out;
}

// ---

export function knownTarget(name: string): Target {
  const found = findModel(name);
  if (found === undefined) throw new Error(`${name} is not in the catalogue`);
  return catalogueTarget(found.model, found.send);
}
