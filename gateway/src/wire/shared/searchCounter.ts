// Counts searches of the web that an answer shows as they are made.

import type { Json } from '../jsonObject';

/** Of one stream. */
export interface SearchTally {
  add(event: Json): void;
  /** How many are charged for. @param reported what the usage has told so far: its count comes last, and may not have come */
  charged(reported: number | undefined): number;
}

/** In the bytes of an answer that is too long to be gathered and parsed. */
export interface SearchCounter {
  /** Takes bytes as they come, however they are cut. */
  add(bytes: Buffer): void;
  /** How many are charged for, as far as the bytes show. */
  count(): number;
  /** Fields of the answer that its usage is to be read with, and that may stand far from it. */
  readonly fields?: Json;
}

/** A tally for formats whose events each show searches of their own. @param madeIn those that are charged for, of an event */
export function openSum(madeIn: (event: Json) => number): SearchTally {
  let made = 0;
  return {
    add: (event) => void (made += madeIn(event)),
    charged: (reported = 0) => Math.max(reported, made),
  };
}

/** Bytes that a match may have: it is found when it is cut in two. */
const longestMatch = 256;

/** A counter of what stands once for each search. @param word stands in each match of the pattern */
export function openMatchCounter(word: string, pattern: RegExp): SearchCounter {
  let count = 0;
  let kept: Buffer = Buffer.alloc(0);
  return {
    add(bytes) {
      const seen = Buffer.concat([kept, bytes]);
      let end = 0;
      if (seen.includes(word))
        for (const { 0: match, index } of seen.toString('latin1').matchAll(pattern)) {
          count++;
          end = index + match.length;
        }
      kept = Buffer.from(seen.subarray(Math.max(end, seen.length - longestMatch)));
    },
    count: () => count,
  };
}
