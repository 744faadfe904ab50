// The pictures, sounds and files of a request to Google: only as far as a glance shows that they are none.
import type { Segment } from './answer';
import { googleInvalid } from './geminiRefusals';
import { imageType, isAnyBase64 } from './image';
import { shown, type Json } from './wire';

/** A blob or a file as it is counted, or Google's refusal thrown. */
export function mediaSegment(media: Json, inline: boolean, at: string): Segment {
  const type = shown(media.mimeType ?? '');
  if (inline) refuseBadData(shown(media.data ?? ''), type, `${at}.inline_data`);
  else if (/^https?:\/\/[^/]*\.invalid(?:[:/]|$)/.test(shown(media.fileUri)))
    throw googleInvalid('Cannot fetch content from the provided URL.');
  const [, kind = ''] = /^(image|audio|video)\//.exec(type) ?? [];
  const modality = ({ image: 'IMAGE', audio: 'AUDIO', video: 'VIDEO' } as const)[kind] ?? 'DOCUMENT';
  return { text: JSON.stringify(media), bytes: MEDIA_BYTES, modality };
}

// ---

/** What a picture, a sound or a file counts as; nobody looks into it. */
const MEDIA_BYTES = 1_032;
const KNOWN = /^(?:image|audio|video|text)\/|^application\/(?:pdf|json|rtf|xml|x-javascript|x-python)$/;

function refuseBadData(data: string, type: string, at: string): void {
  if (!isAnyBase64(data)) {
    const description = `Invalid value at '${at}.data' (TYPE_BYTES), Base64 decoding failed for ${JSON.stringify(data.slice(0, 40))}`;
    const violation = { field: `${at}.data`, description };
    throw googleInvalid(description, [
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [violation] },
    ]);
  }
  if (!KNOWN.test(type)) throw googleInvalid(`Unsupported MIME type: ${type}`);
  if (/^image\/(?:png|jpeg|gif|webp)$/.test(type) && imageType(data) === undefined) {
    const retry = 'Please retry or report in https://developers.generativeai.google/guide/troubleshooting';
    throw googleInvalid(`Unable to process input image. ${retry}`);
  }
}
