// Counts searches of the web in the bytes of an answer that is too long to be gathered and parsed.

import type { FormatFacts } from '../formatFacts';

export interface SearchCounter {
  /** Takes bytes as they come, however they are cut. */
  add(bytes: Buffer): void;
  readonly count: number;
}

/** Bytes that a match may have: it is found when it is cut in two. */
const longestMatch = 256;

/** A counter of one answer. @param searches of its format; undefined where its usage tells */
export function openSearchCounter(searches: FormatFacts['searches']): SearchCounter {
  let count = 0;
  let kept = Buffer.alloc(0);
  return {
    add(bytes) {
      if (searches === undefined) return;
      const seen = Buffer.concat([kept, bytes]);
      let end = 0;
      if (seen.includes(searches.inBytes.word))
        for (const { 0: match, index } of seen.toString('latin1').matchAll(searches.inBytes.pattern)) {
          count++;
          end = index + match.length;
        }
      kept = Buffer.from(seen.subarray(Math.max(end, seen.length - longestMatch)));
    },
    get count() {
      return count;
    },
  };
}
