// The mark that some programs write before a text in UTF-8. It says nothing, and is no JSON (RFC 8259 section 8.1), but
// parsers pass over it: those of browsers and of Python among them.

/** A text's bytes without the byte order mark before them. */
export function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** A text without its byte order mark, however its bytes are held. */
export function textOf(bytes: Uint8Array): string {
  return withoutMark(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('utf8');
}
