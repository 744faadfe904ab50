// Images, documents and sound as the wires write them.

import { optionalText, wrong } from './json';
import type { Media } from '../neutral';

/** A `data:` URL taken apart; undefined for any other text. */
export function parseDataUrl(url: string): { mime: string; data: string } | undefined {
  const head = /^data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,/i.exec(url.slice(0, 300));
  if (head === null) return undefined;
  const rest = url.slice(head[0].length);
  const mime = head[1] === undefined || head[1] === '' ? 'text/plain' : head[1];
  return { mime, data: head[3] === undefined ? Buffer.from(decodeURIComponent(rest)).toString('base64') : rest };
}

/** The medium a URL stands for, inline or to be fetched. @throws GatewayError bad_request */
export function mediaFromUrl(url: string, kind: Media['kind'], at: string): Media {
  const inline = parseDataUrl(url);
  if (inline !== undefined) return { type: 'media', kind: kindOf(inline.mime, kind), ...inline };
  if (!/^(https?|gs):\/\//.test(url)) wrong(at, 'an https:// or data: URL');
  return { type: 'media', kind, mime: kind === 'document' ? 'application/pdf' : `${kind}/*`, url };
}

export function dataUrl(media: Media): string {
  return media.url ?? `data:${media.mime};base64,${media.data ?? ''}`;
}

/** What sort of medium a MIME type is. */
export function kindOf(mime: string, otherwise: Media['kind'] = 'document'): Media['kind'] {
  const sort = mime.split('/')[0];
  return sort === 'image' || sort === 'audio' || sort === 'video' ? sort : sort === '' ? otherwise : 'document';
}

export function isText(media: Media): boolean {
  return media.mime.startsWith('text/') || media.mime === 'application/json';
}

/** The text of a text document. */
export function plainText(media: Media): string {
  return Buffer.from(media.data ?? '', 'base64').toString('utf8');
}

/** A text document for a wire without documents: its words, with its name around them. */
export function asText(media: Media): string {
  const name = media.name === undefined ? '' : ` name=${JSON.stringify(media.name)}`;
  return `<document${name}>\n${plainText(media)}\n</document>`;
}

export function extensionOf(mime: string): string {
  return mime === 'application/pdf' ? 'pdf' : (mime.split('/')[1] ?? 'bin').replace(/[^a-z0-9]/gi, '').slice(0, 10);
}
const imageDetails = ['auto', 'low', 'high', 'original'];

/** How closely an image is to be looked at, as a field to be spread. Source: OpenAI "Images and vision". @throws GatewayError */
export function decodeImageDetail(value: unknown, at: string): { detail?: string } {
  const detail = optionalText(value, at);
  if (detail === undefined) return {};
  if (!imageDetails.includes(detail)) wrong(at, `one of ${imageDetails.join(', ')}`);
  return { detail };
}
