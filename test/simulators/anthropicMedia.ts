// The pictures and documents of a request to Anthropic: only as far as a glance shows that they are none.
import { invalidRequest } from './anthropicRefusals';
import { imageType, isBase64 } from './image';
import { isJson, shown, type Json } from './wire';

/** Refuses a picture that is none, or not what it says it is. */
export function refuseBadMedia(block: Json, at: string): void {
  if (block.type !== 'image' && block.type !== 'document') return;
  const kind = block.type;
  const source = block.source;
  if (!isJson(source)) throw invalidRequest(`${at}.${kind}.source: Field required`);
  if (source.type === 'url') return refuseBadUrl(source.url, `${at}.${kind}.source.url.url`);
  if (source.type !== 'base64') {
    if (TYPES.includes(shown(source.type))) return;
    const tags = `does not match any of the expected tags: ${TYPES.map((type) => `'${type}'`).join(', ')}`;
    throw invalidRequest(`${at}.${kind}.source: Input tag '${shown(source.type)}' found using 'type' ${tags}`);
  }
  const data = shown(source.data);
  if (!isBase64(data)) throw invalidRequest(`${at}.${kind}.source.base64.data: Invalid base64 data`);
  if (kind === 'document') return;
  if (!IMAGES.includes(shown(source.media_type))) {
    const expected = "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'";
    throw invalidRequest(`${at}.image.source.base64.media_type: ${expected}`);
  }
  const type = imageType(data);
  if (type === undefined) throw invalidRequest('Could not process image');
  if (type !== source.media_type) {
    const said = `The image was specified using the ${shown(source.media_type)} media type, but the image appears to be a ${type} image`;
    throw invalidRequest(`${at}.image.source.base64: ${said}`);
  }
}

// ---

const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];
const TYPES = ['base64', 'content', 'file', 'text', 'url'];

/** Nothing is fetched here: the only addresses that cannot be reached are those that never can be. */
function refuseBadUrl(url: unknown, at: string): void {
  if (typeof url !== 'string') throw invalidRequest(`${at}: Field required`);
  if (!url.startsWith('https://')) throw invalidRequest(`${at}: Only HTTPS URLs are supported.`);
  if (/^https:\/\/[^/]*\.invalid(?:[:/]|$)/.test(url))
    throw invalidRequest('Unable to download the file. Please verify the URL and try again.');
}
