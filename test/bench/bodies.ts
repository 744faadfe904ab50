// The requests that are sent: the same bytes in every run.

import { createHash } from 'node:crypto';

/** A model of the catalogue by its own id, so that nothing has to be replaced in the body. */
const model = 'gpt-5.5';

export const bodyNames = [
  '1 KB',
  '100 KB text',
  '100 KB image',
  '1 MB text',
  '1 MB image',
  'first token',
  'stream',
  'translated stream',
  'stamped stream',
  'translated stamped stream',
  'flood',
  '8 MB text',
  '8 MB image',
  '8 MB of short turns',
  '8 MB text, translated',
  '8 MB image, translated',
  '8 MB of short turns, translated',
] as const;
export type BodyName = (typeof bodyNames)[number];

/** Events of the paced streams, and the time between them. The upstream reads both from the body's `user`. */
export const streamShape = { events: 64, gapMs: 20 };
const firstTokenShape = { events: 3, gapMs: 3 };

export function bodyOf(name: BodyName): Buffer {
  switch (name) {
    case '1 KB':
      return json({ messages: conversation(1_000 - 60) });
    case '100 KB text':
      return json({ messages: conversation(100_000) });
    case '1 MB text':
      return json({ messages: conversation(1_000_000) });
    case '100 KB image':
      return json({ messages: image(100_000) });
    case '1 MB image':
      return json({ messages: image(1_000_000) });
    case 'first token':
      return json({ stream: true, user: paceName(firstTokenShape), messages: conversation(800) });
    case 'stream':
      return json({ stream: true, user: paceName(streamShape), messages: conversation(800) });
    case 'translated stream': // as a client of Anthropic's sends it; the upstream speaks chat completions
      return json({
        max_tokens: 1_000,
        stream: true,
        metadata: { user_id: paceName(streamShape) },
        messages: conversation(800).slice(1),
      });
    case 'stamped stream':
      return json({ stream: true, user: `stamped-${paceName(streamShape)}`, messages: conversation(800) });
    case 'translated stamped stream':
      return json({
        max_tokens: 1_000,
        stream: true,
        metadata: { user_id: `stamped-${paceName(streamShape)}` },
        messages: conversation(800).slice(1),
      });
    case 'flood':
      return json({ stream: true, user: floodName, messages: conversation(800) });
    case '8 MB text':
      return json({ messages: conversation(8 * MiB) });
    case '8 MB image':
      return json({ messages: image(8 * MiB) });
    case '8 MB of short turns':
      return json({ messages: shortTurns(8 * MiB) });
    case '8 MB text, translated':
      return json({ max_tokens: 1_000, messages: conversation(8 * MiB).slice(1) });
    case '8 MB image, translated':
      return json({ max_tokens: 1_000, messages: imageOfAnthropic(8 * MiB) });
    case '8 MB of short turns, translated':
      return json({ max_tokens: 1_000, messages: shortTurns(8 * MiB) });
  }
}

/** Stands in a body that is to be answered with a stream as fast as it is read, until it has 64 MB. */
export const floodName = 'flood-64';

/** How a stream is to be paced, as it stands in a body. */
export function paceName(shape: { events: number; gapMs: number }): string {
  return `pace-${shape.events}-${shape.gapMs}`;
}

// ---

const MiB = 1024 * 1024;

const json = (fields: object) => Buffer.from(JSON.stringify({ model, ...fields }));

const sentence =
  'The quick brown fox jumps over the lazy dog, says "thank you", and asks what a gateway would cost per token.\n';

// Many messages of uneven length, as a long conversation has them.
function conversation(bytes: number): object[] {
  const messages: object[] = [{ role: 'system', content: 'You are a careful assistant. Answer briefly.' }];
  let size = 80;
  for (let i = 0; size < bytes; i++) {
    const wanted = Math.min(bytes - size, 120 + ((i * 389) % 1_700));
    const content = sentence.repeat(Math.ceil(wanted / sentence.length)).slice(0, Math.max(1, wanted - 40));
    messages.push({ role: i % 2 === 0 ? 'user' : 'assistant', content });
    size += wanted;
  }
  return messages;
}

// As many values as a body may hold: what costs a scanner and a parser most.
function shortTurns(bytes: number): object[] {
  return Array.from({ length: bytes / 140 }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: sentence.slice(0, 100),
  }));
}

function picture(bytes: number): string {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < bytes * 0.75; i++) parts.push(createHash('sha256').update(String(i)).digest());
  return Buffer.concat(parts).toString('base64');
}

function image(bytes: number): object[] {
  const url = `data:image/png;base64,${picture(bytes)}`;
  return [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is in this picture?' },
        { type: 'image_url', image_url: { url } },
      ],
    },
  ];
}

function imageOfAnthropic(bytes: number): object[] {
  const source = { type: 'base64', media_type: 'image/png', data: picture(bytes) };
  const content = [
    { type: 'text', text: 'What is in this picture?' },
    { type: 'image', source },
  ];
  return [{ role: 'user', content }];
}
