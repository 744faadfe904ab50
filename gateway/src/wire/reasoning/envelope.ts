// Opaque reasoning on its way through a client of another format. What one provider signed or encrypted is put into an
// envelope of ours: marked base64 text, no cryptography, which fits the field for such values in any format. The client
// sends it back with its history, and it is unwrapped for the provider that made it. The mark tells an envelope from a
// provider's own signature.

import { standsAt } from '../../core/standsAt';
import type { Json } from '../jsonObject';
import type { Format, Opaque } from '../neutral';
import { isObject, textOr } from '../shared/json';

/**
 * Begins envelopes, and stands behind the prefix of ids that we have given: base64 of `ovth1:`, whose six bytes fill two whole
 * groups, so that it is the same whatever follows.
 */
export const envelopeMark = 'b3Z0aDE6';

/** Where the mark may stand in a string: at its beginning, or behind a search's prefix (ourSearchId in shared/webSearch.ts). */
const placesOfMark = [0, 'ws_'.length, 'srvtoolu_'.length];

/** Whether a string of a request's body is an envelope of ours, or an id that we have given. @param start of its characters */
export function beginsEnvelope(body: Buffer, start: number, end: number): boolean {
  for (const place of placesOfMark) {
    const at = start + place;
    if (at + envelopeMark.length <= end && standsAt(body, at, envelopeMark)) return true;
  }
  return false;
}

const formats = new Set<string>(['chat', 'responses', 'messages', 'generate'] satisfies Format[]);

/**
 * An envelope of an opaque value, or an empty one: some formats demand a signature where another had none.
 * @param text the reasoning's text, for streams whose clients may not keep its pieces together
 */
export function wrapEnvelope(opaque: Opaque | undefined, text?: string): string {
  const content = opaque === undefined ? '{}' : JSON.stringify({ ...opaque, text });
  return envelopeMark + Buffer.from(content).toString('base64');
}

/** Whether a value is an envelope of ours. */
export function isEnvelope(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(envelopeMark);
}

/** The opaque value in an envelope; undefined for an empty or damaged one. */
export function unwrapEnvelope(envelope: string): Opaque | undefined {
  const content = contentOf(envelope);
  if (content === undefined || !formats.has(textOr(content['format']))) return undefined;
  const model = content['model'];
  return {
    format: content['format'] as Format,
    value: content['value'],
    ...(typeof model === 'string' ? { model } : {}),
  };
}

/** The reasoning's text in an envelope; undefined where it holds none, or the value is no envelope. */
export function envelopeText(value: unknown): string | undefined {
  if (!isEnvelope(value)) return undefined;
  const text = contentOf(value)?.['text'];
  return typeof text === 'string' ? text : undefined;
}

/**
 * The opaque value in a field that may hold a provider's signature or an envelope of ours.
 * @param decodeNative how the format reads its own signature
 */
export function decodeOpaque(value: unknown, decodeNative: (text: string) => Opaque): Opaque | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return isEnvelope(value) ? unwrapEnvelope(value) : decodeNative(value);
}

/**
 * The opaque values in a field of a client that joins reasoning which follows on reasoning: it writes their envelopes one
 * behind the other. The first belongs to the text, each other one to reasoning without text. Source:
 * https://github.com/QwenLM/qwen-code (0.24.4).
 */
export function decodeJoined(
  value: unknown,
  decodeNative: (text: string) => Opaque,
): readonly [Opaque | undefined, ...(Opaque | undefined)[]] {
  const second = isEnvelope(value) ? value.indexOf(envelopeMark, envelopeMark.length) : -1;
  if (!isEnvelope(value) || second < 0) return [decodeOpaque(value, decodeNative)];
  const [first = '', ...others] = value.split(envelopeMark).slice(1);
  return [unwrapEnvelope(envelopeMark + first), ...others.map((other) => unwrapEnvelope(envelopeMark + other))];
}

// ---

function contentOf(envelope: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(envelope.slice(envelopeMark.length), 'base64').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
