// What a medium is, by its first bytes: clients name types after a file's extension, or none, and providers refuse bytes of
// another type ("the image appears to be a image/jpeg image"). Sources: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
// and the sections after it; HEIF: https://nokiatech.github.io/heif/technical.html, "Brands" (2026-11).

import type { Media } from '../neutral';
import { kindOf } from './media';

/** The medium under the type of its bytes; itself where they say nothing else. */
export function withOwnType(media: Media): Media {
  if (media.data === undefined) return media;
  const named = media.mime.toLowerCase();
  const head = Buffer.from(media.data.slice(0, headLength), 'base64');
  const found = typeOf(head);
  if (found === 'image/svg+xml') return asTextFile(media, named);
  if (found !== undefined) {
    if (found === media.mime && kindOf(found) === media.kind) return media;
    if (found === 'audio/ogg' && /ogg|opus/.test(named)) return media; // a video, or a sound under its codec's name
    return { ...media, mime: found, kind: kindOf(found) };
  }
  // Named a text, and none: nothing is known of it but what the field was for.
  if (media.mime.startsWith('text/') && !isTextHead(head))
    return { ...media, mime: 'application/octet-stream', kind: 'document' };
  return media;
}

// ---

/** Base64 characters of which the type is found; a multiple of 4. */
const headLength = 512;

const signatures: readonly (readonly [number, string, string])[] = [
  [0, '\x89PNG\r\n\x1a\n', 'image/png'],
  [0, '\xff\xd8\xff', 'image/jpeg'],
  [0, 'GIF87a', 'image/gif'],
  [0, 'GIF89a', 'image/gif'],
  [8, 'WEBPVP', 'image/webp'],
  [0, 'BM', 'image/bmp'],
  [0, 'II*\0', 'image/tiff'],
  [0, 'MM\0*', 'image/tiff'],
  [4, 'ftypheic', 'image/heic'],
  [4, 'ftypheix', 'image/heic'],
  [4, 'ftypmif1', 'image/heif'],
  [4, 'ftypavif', 'image/avif'],
  [0, '%PDF-', 'application/pdf'],
  [8, 'WAVE', 'audio/wav'],
  [0, 'ID3', 'audio/mpeg'],
  [0, 'OggS', 'audio/ogg'],
  [0, 'fLaC', 'audio/flac'],
];

function typeOf(head: Buffer): string | undefined {
  const bytes = head.toString('latin1');
  for (const [at, signature, type] of signatures) {
    if (!bytes.startsWith(signature, at)) continue;
    if (at === 8 && !bytes.startsWith('RIFF')) continue;
    if (signature === 'BM' && head.length > 14 && !isBitmap(head)) continue; // two letters that a text may begin with
    return type;
  }
  return isSvg(bytes) ? 'image/svg+xml' : undefined;
}

// Whether a text is a vector graphic: after a declaration, comments and a document type. Each is stepped over once; one
// pattern for all of them would try every way to divide the comments.
function isSvg(text: string): boolean {
  let at = 0;
  const step = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  step(/\s*(?:<\?xml[^>]*>)?\s*/iy);
  while (text.startsWith('<!--', at)) {
    const end = text.indexOf('-->', at + '<!--'.length);
    if (end < 0) return false;
    at = end + '-->'.length;
    step(/\s*/y);
  }
  step(/<!DOCTYPE svg[^>]*>\s*/iy);
  return step(/<svg[\s>]/iy);
}

// A bitmap's header begins with a size of 12 to 124 bytes. Source:
// https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types (2026-11).
function isBitmap(head: Buffer): boolean {
  const size = head.readUInt32LE(Math.min(14, head.length - 4));
  return size >= 12 && size <= 124;
}

// No provider takes vector graphics as images; every model reads them as the text that they are.
function asTextFile(media: Media, named: string): Media {
  const isText = media.kind === 'document' && named.startsWith('text/');
  return isText ? media : { ...media, kind: 'document', mime: 'text/plain', name: media.name ?? 'image.svg' };
}

function isTextHead(head: Buffer): boolean {
  return !head.some(
    (byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b,
  );
}
