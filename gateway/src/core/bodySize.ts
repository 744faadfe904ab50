// When a body is large: work on it is then done in another thread, which reads it from shared memory.

/** Bytes from which a body is worth the way to a thread and back. */
export const largeBodyBytes = 256 * 1024;

/** Bytes of a body whose work holds so much memory that it is done one at a time. */
export const hugeBodyBytes = 8 * 1024 * 1024;

/** What a value costs a translation, in bytes of text: 160 KB of a schema's references held the event loop for 35 ms. */
const bytesPerValue = 64;

/** How large a body is as work: by its bytes, or by its values where those are many and small. @param values as scanned */
export function workBytes(bytes: number, values: number): number {
  return Math.max(bytes, values * bytesPerValue);
}

/**
 * How large a provider's answer is as work: a call of 50 bytes becomes four events of a stream, and each of ten thousand queries
 * is looked up. Exact only below `largeBodyBytes`; what is as large is not counted to its end.
 */
export function answerWork(bytes: Buffer): number {
  if (bytes.length >= largeBodyBytes) return bytes.length;
  return workBytes(bytes.length, Math.max(countOf(bytes, fieldEnds), countOf(bytes, textEnds)));
}

// How often a quote and what follows it stand in JSON, up to as often as makes a large body. So does a text full of escaped
// ones, which are passed over one by one.
function countOf(bytes: Buffer, end: Buffer): number {
  let count = 0;
  let passed = 0;
  for (let at = bytes.indexOf(end, 1); at >= 0 && count < manyValues; at = bytes.indexOf(end, at + 2)) {
    if (bytes[at - 1] !== backslash) count++;
    else if (++passed === 4 * manyValues) return manyValues;
  }
  return count;
}

/** As many as are a large body. */
const manyValues = largeBodyBytes / bytesPerValue;

/** Behind the name of a field, and behind a text in a list or a field. */
const fieldEnds = Buffer.from('":');
const textEnds = Buffer.from('",');
const backslash = 0x5c;
