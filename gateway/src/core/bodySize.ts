// When a body is large: work on it is then done in another thread, which reads it from shared memory.

/** Bytes from which a body is worth the way to a thread and back. */
export const largeBodyBytes = 256 * 1024;

/** What a value costs a translation, in bytes of text: 160 KB of a schema's references held the event loop for 35 ms. */
const bytesPerValue = 64;

/** How large a body is as work: by its bytes, or by its values where those are many and small. @param values as scanned */
export function workBytes(bytes: number, values: number): number {
  return Math.max(bytes, values * bytesPerValue);
}

/** How large a provider's answer is as work: a call of 50 bytes becomes four events of a stream. */
export function answerWork(bytes: Buffer): number {
  let fields = 0;
  for (let at = bytes.indexOf(fieldEnds, 1); at >= 0; at = bytes.indexOf(fieldEnds, at + 2))
    if (bytes[at - 1] !== backslash) fields++; // those in a string are escaped
  return workBytes(bytes.length, fields);
}

const fieldEnds = Buffer.from('":');
const backslash = 0x5c;
