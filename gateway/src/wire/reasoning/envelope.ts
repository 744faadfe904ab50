// Sealed reasoning on its way through a client of another format. What one provider signed or encrypted is wrapped in
// an envelope of ours that fits any format's field for such things; the client sends it back with its history, and it is
// unwrapped for the provider that made it. An envelope is never taken for a provider's own signature: it is marked.

import type { Json } from '../codec';
import { isObject, textOr } from '../shared/json';
import type { Format, Opaque } from '../neutral';

// Base64 of `ovth1:`: six bytes, so that the mark stays the same whatever follows.
const mark = 'b3Z0aDE6';

/** What the mark looks like in the bytes of a body. */
export const envelopeMark = Buffer.from(mark);

const formats = new Set<string>(['chat', 'responses', 'messages', 'generate'] satisfies Format[]);

/**
 * An envelope of something opaque, or of nothing: some formats want a signature where another had none.
 * @param text what it seals, for streams whose clients may not keep the pieces together
 */
export function wrapEnvelope(opaque: Opaque | undefined, text?: string): string {
  const inside = opaque === undefined ? '{}' : JSON.stringify({ ...opaque, text });
  return mark + Buffer.from(inside).toString('base64');
}

/** Whether a signature is an envelope of ours. */
export function isEnvelope(text: unknown): text is string {
  return typeof text === 'string' && text.startsWith(mark);
}

/** What an envelope holds; undefined for an empty or damaged one. */
export function unwrapEnvelope(text: string): Opaque | undefined {
  const value = contents(text);
  if (value === undefined || !formats.has(textOr(value['format']))) return undefined;
  const model = value['model'];
  return {
    format: value['format'] as Format,
    value: value['value'],
    ...(typeof model === 'string' ? { model } : {}),
  };
}

/** The text that an envelope brings along. */
export function envelopeText(text: unknown): string | undefined {
  if (!isEnvelope(text)) return undefined;
  const words = contents(text)?.['text'];
  return typeof words === 'string' ? words : undefined;
}

/**
 * A field of one format that may hold its own signature or our envelope.
 * @param own how the format itself reads what is not ours
 */
export function decodeOpaque(text: unknown, own: (text: string) => Opaque): Opaque | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  return isEnvelope(text) ? unwrapEnvelope(text) : own(text);
}

// ---

function contents(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text.slice(mark.length), 'base64').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
