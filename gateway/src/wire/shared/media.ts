// Images, documents, audio and video, between the formats' fields and neutral parts.

import { lookUp, optionalText, wrong } from './json';
import type { Media } from '../neutral';

/**
 * The MIME type and base64 of a `data:` URL; undefined for any other text.
 * Source: https://www.rfc-editor.org/rfc/rfc2397.
 */
export function parseDataUrl(url: string): { mime: string; data: string } | undefined {
  const head = /^data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,/i.exec(url.slice(0, 300));
  if (head === null) return undefined;
  const rest = url.slice(head[0].length);
  const mime = head[1] === undefined || head[1] === '' ? 'text/plain' : head[1];
  return { mime, data: head[3] === undefined ? octetsOf(rest).toString('base64') : rest };
}

/**
 * Base64 in the standard alphabet, in one line and filled up; as it is where it is that already, or no base64. Google's SDK for
 * Python writes the alphabet of URLs, and mail's encoders write lines; Google reads the first, and nobody the second.
 * Sources: https://www.rfc-editor.org/rfc/rfc4648#section-5, https://docs.pydantic.dev/latest/api/config, "ser_json_bytes" (2026-11).
 */
export function standardBase64(data: string): string {
  if (data.length % 4 === 0 && !/[-_\s]/.test(data)) return data;
  const signs = data.trim().replace(lineBreak, '').replace(/-/g, '+').replace(/_/g, '/');
  // Counted from the end: a pattern for the padding would begin anew at each of its signs.
  let end = signs.length;
  while (end > 0 && signs[end - 1] === '=') end--;
  const bare = signs.slice(0, end);
  if (bare.length % 4 === 1 || !standardSigns.test(bare)) return data;
  return bare + '='.repeat((4 - (bare.length % 4)) % 4);
}

/** A line's end, with the blank lines after it and the indentation of the next. */
const lineBreak = /[\r\n]\s*/g;

const standardSigns = /^[A-Za-z0-9+/]+$/;

/** The medium behind a URL, inline or to be fetched. @param at the field's path. @throws GatewayError bad_request */
export function mediaFromUrl(url: string, kind: Media['kind'], at: string): Media {
  const inline = parseDataUrl(url);
  if (inline !== undefined) return { type: 'media', kind: kindOf(inline.mime, kind), ...inline };
  if (!/^(https?|gs):\/\//.test(url)) wrong(at, 'an https:// or data: URL');
  const mime = lookUp(mimeByExtension, /\.(\w+)(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase() ?? '');
  if (mime !== undefined && kind === 'document') return { type: 'media', kind: kindOf(mime), mime, url };
  return { type: 'media', kind, mime: kind === 'document' ? 'application/pdf' : `${kind}/*`, url };
}

/** The medium in a field for files: a URL, a `data:` URL, or base64 of a PDF. @param at the field's path. @throws GatewayError bad_request */
export function mediaFromFile(data: string, at: string): Media {
  const isUrl = /^(?:data:|[a-z][a-z0-9+.-]*:\/\/)/i.test(data);
  return mediaFromUrl(isUrl ? data : `data:application/pdf;base64,${data}`, 'document', at);
}

/** Whether a medium is behind a URL that only Google can read. */
export function isGoogles(media: Media): boolean {
  return media.url?.startsWith('gs://') === true;
}

/** MIME types by a URL's extension. Source: https://www.iana.org/assignments/media-types (2026-11). */
const mimeByExtension: Readonly<Record<string, string>> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', gif: 'image/gif', pdf: 'application/pdf',
  mp3: 'audio/mpeg', wav: 'audio/wav', ogg: 'audio/ogg', flac: 'audio/flac', aac: 'audio/aac', m4a: 'audio/mp4',
  mp4: 'video/mp4', mov: 'video/quicktime', webm: 'video/webm', mpeg: 'video/mpeg', mpg: 'video/mpeg', txt: 'text/plain',
  md: 'text/markdown', csv: 'text/csv', html: 'text/html', json: 'application/json',
}; // prettier-ignore

/** The URL of a medium: its own, or a `data:` URL with its bytes. */
export function dataUrl(media: Media): string {
  return media.url ?? `data:${media.mime};base64,${media.data ?? ''}`;
}

// What stands in a URL, whose signs may be escaped: any bytes, also those that are no text.
function octetsOf(rest: string): Buffer {
  const escaped = Buffer.from(rest).toString('latin1');
  const bytes = escaped.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** The kind of medium of a MIME type. */
export function kindOf(mime: string, otherwise: Media['kind'] = 'document'): Media['kind'] {
  const type = mime.split('/')[0];
  return type === 'image' || type === 'audio' || type === 'video' ? type : type === '' ? otherwise : 'document';
}

/** Whether a document is plain text. */
export function isText(media: Media): boolean {
  return media.mime.startsWith('text/') || media.mime === 'application/json';
}

/** The text of a text document. */
export function plainText(media: Media): string {
  return Buffer.from(media.data ?? '', 'base64').toString('utf8');
}

/** A text document as text, marked with its name: for formats without documents. */
export function asText(media: Media): string {
  const name = media.name === undefined ? '' : ` name=${JSON.stringify(media.name)}`;
  return `<document${name}>\n${plainText(media)}\n</document>`;
}

/** A file name's extension for a MIME type. */
export function extensionOf(mime: string): string {
  return mime === 'application/pdf' ? 'pdf' : (mime.split('/')[1] ?? 'bin').replace(/[^a-z0-9]/gi, '').slice(0, 10);
}

const imageDetails = ['auto', 'low', 'high', 'original'];

/**
 * An image's resolution, as a field to be spread. Source: https://platform.openai.com/docs/guides/images, "detail" (2026-11).
 * @throws GatewayError bad_request naming the field
 */
export function decodeImageDetail(value: unknown, at: string): { detail?: string } {
  const detail = optionalText(value, at);
  if (detail === undefined) return {};
  if (!imageDetails.includes(detail)) wrong(at, `one of ${imageDetails.join(', ')}`);
  return { detail };
}
