// Where a string of JSON ends, found in its bytes without reading it.

/**
 * The position of a string's closing quote, perhaps behind the pause; or, as its complement (below zero), where the search is to
 * go on: at the pause, or at the end of the bytes. The first 24 bytes are stepped through and the rest is searched, because a
 * native call costs as much as some 24 steps. The same holds after an escaped quote: strings that hold one (code) hold many.
 * @param start of the string's characters
 * @param from where the search goes on: at `start`, or where it paused
 */
export function stringEnd(body: Buffer, start: number, from: number, pause: number): number {
  let at = from;
  for (;;) {
    for (const near = Math.min(at + 24, body.length); at < near; at++) {
      const byte = body[at];
      if (byte === quote) return at;
      if (byte === backslash) at++;
    }
    if (at >= pause) return ~Math.min(at, body.length);
    const end = body.indexOf(quote, at);
    if (end < 0) return ~body.length;
    const least = Math.max(start, end - mostSlashes);
    let slashes = end;
    while (slashes > least && body[slashes - 1] === backslash) slashes--;
    if (slashes > start && slashes === least) {
      at = stepTo(body, at, Math.min(end, pause)); // where they begin is not known
      continue;
    }
    if ((end - slashes) % 2 === 0) return end;
    at = end + 1;
  }
}

// ---

const quote = 0x22;
const backslash = 0x5c;

/** The most backslashes before a quote that are counted backwards; where there are more, the bytes are stepped through. */
const mostSlashes = 32;

// Steps to `to`, or to one byte beyond where an escape ends there.
function stepTo(body: Buffer, at: number, to: number): number {
  for (; at < to; at++) if (body[at] === backslash) at++;
  return at;
}
