// When a body is large: work on it is then done in another thread, which reads it from shared memory.

/** Bytes from which a body is worth the way to a thread and back. */
export const largeBodyBytes = 256 * 1024;
