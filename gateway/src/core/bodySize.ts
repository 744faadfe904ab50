// When a body is large: work on it is then done in another thread, which reads it from shared memory.

/** Bytes from which a body is worth the way to a thread and back. */
export const largeBodyBytes = 256 * 1024;

/** What a value costs a translation, in bytes of text: 160 KB of a schema's references held the event loop for 35 ms. */
const bytesPerValue = 64;

/** How large a body is as work: by its bytes, or by its values where those are many and small. @param values as scanned */
export function workBytes(bytes: number, values: number): number {
  return Math.max(bytes, values * bytesPerValue);
}
