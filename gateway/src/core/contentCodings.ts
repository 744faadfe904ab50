// The encodings that bodies come in, of requests and of answers alike. Sources:
// https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1, https://www.rfc-editor.org/rfc/rfc9659 (zstd's window).

import {
  type BrotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  type Gunzip,
  type Inflate,
  type InflateRaw,
  type ZstdDecompress,
} from 'node:zlib';

export type BodyDecoder = Gunzip | Inflate | InflateRaw | BrotliDecompress | ZstdDecompress;

/** What opens one encoding. @param first bytes of the body, which may tell its form */
export type OpenDecoder = (first: Buffer) => BodyDecoder;

/** What a `content-encoding` names, in lower case; undefined where the body is plain. */
export function codingIn(header: string | undefined): string | undefined {
  const name = header?.trim().toLowerCase();
  return name === '' || name === 'identity' ? undefined : name;
}

// A window above 8 MiB (2^23), which zstd would make room for at once, is refused as RFC 9659 has it.
const zstdBounds = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

/** What decodes a body, by the name of its encoding in lower case. */
export const bodyDecoders: ReadonlyMap<string, OpenDecoder> = new Map<string, OpenDecoder>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  // A zlib stream, and raw where the name is taken by its word: the lower half of a zlib stream's first byte is 8 (RFC 1950).
  ['deflate', ([first = 0]) => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw())],
  ['br', () => createBrotliDecompress()],
  ['zstd', () => createZstdDecompress(zstdBounds)],
]);
