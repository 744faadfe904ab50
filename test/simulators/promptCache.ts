// The prompt caches of the three providers: what has been read before, by a fingerprint of everything up to a point.
import { createHash } from 'node:crypto';
import { tokens, type Conversation, type Segment } from './answer';
import type { Fault } from './fault';
import type { Bounded, Memory } from './memory';
import type { Usage } from './wire';

/** No prompt shorter than this is cached, by any of them. */
const SHORTEST = 1_024;

/**
 * OpenAI's and Google's kind: nobody asks for it, and a prompt that begins like an earlier one is cheaper as far as they
 * agree, from 1,024 tokens on in steps of 128. Writes into `usage`; `space` keeps prompts apart that share nothing.
 */
export function accountForPrefix(
  usage: Usage,
  conversation: Conversation,
  space: string,
  { prompts }: Memory,
  fault: Fault,
): void {
  const known = usage.input < SHORTEST ? 0 : knownPrefix(conversation, space, prompts);
  const cached = Math.min(fault.cached ?? known, usage.input);
  if (cached > 0) usage.cached = cached;
  if (fault.cacheWrite !== undefined) usage.written = Math.min(fault.cacheWrite, usage.input - cached);
}

/**
 * Anthropic's kind: written at the breakpoints that the request sets, read at the last of them that is known. A prompt
 * is known for five minutes or for an hour after it was last used. Writes into `usage`.
 */
export function accountForBreakpoints(
  usage: Usage,
  { model, segments }: Conversation,
  { prompts }: Memory,
  fault: Fault,
): void {
  const last = segments.findLastIndex((segment) => segment.ttl);
  const points = breakpoints(model, segments.slice(0, last + 1));
  const now = Date.now();
  const found = points.findLastIndex((point) => (prompts.get(point.key) ?? 0) > now);
  let done = points[found]?.tokens ?? 0;
  if (done > 0) usage.cached = done;
  for (const point of points) {
    if (!point.ttl || point.tokens < SHORTEST) continue;
    // What is read lives on.
    prompts.set(point.key, now + (point.ttl === '1h' ? 3_600_000 : 300_000));
    if (point.tokens <= done) continue;
    const name = point.ttl === '1h' ? 'writtenForAnHour' : 'written';
    usage[name] = (usage[name] ?? 0) + point.tokens - done;
    done = point.tokens;
  }
  if (fault.cached !== undefined) usage.cached = Math.min(fault.cached, usage.input);
  if (fault.cacheWrite !== undefined) usage.written = Math.min(fault.cacheWrite, usage.input - (usage.cached ?? 0));
}

// ---

interface Point {
  key: string;
  tokens: number;
  ttl?: '5m' | '1h' | undefined;
}

/** The end of every segment, with a fingerprint of all that leads there. */
function breakpoints(model: string, segments: readonly Segment[]): Point[] {
  let key = model;
  let bytes = 0;
  return segments.map((segment) => {
    key = fingerprint(key, segment.text);
    bytes += segment.bytes;
    return { key, tokens: tokens(bytes), ttl: segment.ttl };
  });
}

/** Tokens of a step, and the bytes they are. */
const STEP = 128;
const STEP_BYTES = STEP * 4;

function knownPrefix({ model, segments }: Conversation, space: string, prompts: Bounded<number>): number {
  let key = `${model}\n${space}`;
  let bytes = 0;
  let known = 0;
  let unbroken = true;
  for (const segment of segments) {
    for (const [text, size] of stepsOf(segment)) {
      key = fingerprint(key, text);
      bytes += size;
      if (unbroken && prompts.get(key) !== undefined) known = bytes;
      else unbroken = false;
      prompts.set(key, Infinity);
    }
  }
  const steps = Math.floor(Math.floor(known / 4) / STEP) * STEP;
  return steps >= SHORTEST ? steps : 0;
}

/** A text in steps; a picture is known as a whole or not at all. */
function stepsOf(segment: Segment): [text: string, size: number][] {
  if (segment.modality || segment.bytes <= STEP_BYTES) return [[segment.text, segment.bytes]];
  const whole = Buffer.from(segment.text);
  return Array.from({ length: Math.ceil(whole.length / STEP_BYTES) }, (_, n) => {
    const step = whole.subarray(n * STEP_BYTES, (n + 1) * STEP_BYTES);
    return [step.toString('latin1'), step.length];
  });
}

function fingerprint(before: string, text: string): string {
  return createHash('sha1').update(before).update('\0').update(text).digest('base64');
}
