// The mark that some programs write before a text in UTF-8. It says nothing, and is no JSON (RFC 8259 section 8.1), but
// parsers pass over it: those of browsers and of Python among them.

/** Bytes of the mark. */
export const bytesOfMark = 3;

/** Whether a text's bytes begin with the mark. */
export function beginsWithMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** A text's bytes without the byte order mark before them. */
export function withoutMark(bytes: Buffer): Buffer {
  return beginsWithMark(bytes) ? bytes.subarray(bytesOfMark) : bytes;
}

/** A text without its byte order mark, however its bytes are held. */
export function textOf(bytes: Uint8Array): string {
  return withoutMark(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('utf8');
}
