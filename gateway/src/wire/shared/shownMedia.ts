// Which media a target can be shown in a format. Sources: https://platform.claude.com/docs/en/build-with-claude/vision,
// https://developers.openai.com/api/docs/guides/images-vision ("one of the following formats: ['png', 'jpeg', 'gif',
// 'webp']"), https://ai.google.dev/gemini-api/docs/image-understanding (2026-11).

import type { Target } from '../../../../config/target';
import type { Format, Media } from '../neutral';
import { isText } from './media';

/** The name that a medium is told by where the target cannot be shown it; undefined where it can, or nobody knows. */
export function unshownMedium(media: Media, format: Format, target: Target): string | undefined {
  const { kind, mime, url } = media;
  if (kind === 'image' || (format === 'messages' && mime.startsWith('image/')))
    return isShownImage(media, imageTypesOf(format, target)) ? undefined : mime;
  switch (format) {
    case 'generate':
      return undefined;
    case 'messages':
      if (kind === 'document' && (url !== undefined || isText(media) || mime === 'application/pdf')) return undefined;
      return kind === 'document' ? mime : kind;
    case 'responses':
      return kind === 'document' && mime !== 'application/octet-stream' ? undefined : kind;
    case 'chat': {
      const isShown =
        kind === 'document' ? mime !== 'application/octet-stream' : kind === 'audio' && soundFormat(mime) !== undefined;
      if (url === undefined && isShown) return undefined;
      return url === undefined ? kind : `${kind}_url`;
    }
  }
}

/** Whether a medium is an image whose type the target takes in no turn: another type of it would do. */
export function isImageOfWrongType(media: Media, format: Format, target: Target): boolean {
  return !isShownImage(media, imageTypesOf(format, target));
}

/** OpenAI's word for a sound's type; undefined where it takes none such. */
export function soundFormat(mime: string): 'mp3' | 'wav' | undefined {
  const type = mime.replace(/^audio\/(x-)?/, '');
  if (type === 'mpeg' || type === 'mp3') return 'mp3';
  return type === 'wav' ? 'wav' : undefined;
}

// ---

const commonTypes: ReadonlySet<string> = new Set(['jpeg', 'png', 'gif', 'webp']);
const googlesTypes: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'heic', 'heif']);

// Of hosts with OpenAI's API nothing is known.
function imageTypesOf(format: Format, { provider }: Target): ReadonlySet<string> | undefined {
  if (format === 'generate') return googlesTypes;
  return format === 'messages' || provider === 'openai' ? commonTypes : undefined;
}

// What is behind a URL its provider finds out.
function isShownImage({ mime, url }: Media, types: ReadonlySet<string> | undefined): boolean {
  if (types === undefined || url !== undefined) return true;
  return types.has(mime.toLowerCase().replace('image/jpg', 'image/jpeg').replace('image/', ''));
}
