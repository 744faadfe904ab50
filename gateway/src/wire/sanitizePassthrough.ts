// Takes out of a body that is passed on in its own format what the provider would refuse: our envelopes, which stand in
// the history of a conversation that another provider took part in and are forged signatures to this one; system messages
// in mid-conversation, which Claude Code sends to every model whose name it does not know, a route's too; images that some
// hosts take in a form that others refuse; and a search of the web for a host that has none.

import type { Target } from '../../../config/target';
import { formatFacts } from './formats';
import { bytesOf, parseToPrint } from './shared/jsonBytes';
import type { Format } from './neutral';

export interface SanitizeTask {
  readonly format: Format;
  /** JSON. */
  readonly body: Uint8Array;
  /** It has envelopes of ours; they are taken out. */
  readonly envelopes: boolean;
  /** System messages in mid-conversation become the user's, marked: the model takes none. */
  readonly plainTurns: boolean;
  /** Images given by their URL alone get the object that belongs around it. */
  readonly plainImages: boolean;
  /** The web search goes: the target has none. */
  readonly noSearch?: boolean;
}

/**
 * Whether a body must be rid of system messages in mid-conversation before it is sent to a target.
 * @returns true also for some bodies without any: only the bytes are searched
 */
export function needsPlainTurns(format: Format, target: Target, body: Buffer): boolean {
  const { systemTurns } = formatFacts[format].passthrough;
  return (
    systemTurns !== undefined && !systemTurns.taken(target) && systemTurns.marks.some((mark) => body.includes(mark))
  );
}

/**
 * Whether a body has images that are given by their URL alone.
 * @returns true also for some bodies without any: only the bytes are searched
 */
export function hasPlainImages(format: Format, body: Buffer): boolean {
  const { plainImages } = formatFacts[format].passthrough;
  if (plainImages === undefined) return false;
  const key = Buffer.from(JSON.stringify(plainImages.key));
  let looks = 0;
  for (let at = body.indexOf(key); at >= 0; at = body.indexOf(key, at + 1))
    if (++looks > mostLooks || isTextNext(body, at + key.length)) return true;
  return false;
}

/** The body printed anew without what its provider would refuse. @throws GatewayError bad_json */
export function sanitizePassthrough(task: SanitizeTask): Uint8Array {
  const facts = formatFacts[task.format].passthrough;
  let body = parseToPrint(task.body);
  if (task.envelopes) body = facts.withoutEnvelopes(body);
  if (task.plainTurns && facts.systemTurns !== undefined) body = facts.systemTurns.asUser(body);
  if (task.plainImages && facts.plainImages !== undefined) body = facts.plainImages.asObjects(body);
  if (task.noSearch === true) body = formatFacts[task.format].request.webSearch.without(body);
  return bytesOf(body);
}

// ---

/** Keys that are looked at: a body with more is taken for one that has such images. */
const mostLooks = 1_000;
/** Bytes after a key in which its value begins; nothing prints more blanks. */
const mostBlanks = 16;

function isTextNext(body: Buffer, at: number): boolean {
  return /^\s*:\s*"/.test(body.toString('latin1', at, at + mostBlanks));
}
