// Media in the bytes of a request, found by their type names and by how encoded data looks. Sources: the content types of
// https://platform.openai.com/docs/api-reference/chat/create, https://platform.openai.com/docs/api-reference/responses/create
// and https://platform.claude.com/docs/en/api/messages; Gemini names MIME types instead
// (https://ai.google.dev/api/generate-content, "Blob") (2026-11).

/** What a prompt may hold beside text, in the words of a model's capabilities. */
export type Medium = 'images' | 'pdf' | 'audio' | 'video';

const mediaTypes: Readonly<Record<string, Medium>> = {
  image_url: 'images',
  input_image: 'images',
  image: 'images',
  document: 'pdf',
  file: 'pdf',
  input_file: 'pdf',
  input_audio: 'audio',
};

const mimePrefixes: readonly (readonly [string, Medium])[] = [
  ['image/', 'images'],
  ['audio/', 'audio'],
  ['video/', 'video'],
  ['application/pdf', 'pdf'],
];

/** The most bytes of a string that may name a medium. */
export const longestMediaType = 'application/pdf'.length + 5;

const firstLetters = new Set(
  [...Object.keys(mediaTypes), ...mimePrefixes.map(([prefix]) => prefix)].map((name) => name.charCodeAt(0)),
);

/** The medium that a string names as the value of `type`, `mimeType` or `mime_type`. @param start of its characters */
export function mediumNamed(body: Buffer, start: number, size: number): Medium | undefined {
  if (!firstLetters.has(body[start] ?? 0)) return undefined;
  const key = keyBefore(body, start - 1);
  if (key !== 'type"' && key !== 'Type"') return undefined;
  const name = body.toString('latin1', start, start + size);
  if (Object.hasOwn(mediaTypes, name)) return mediaTypes[name];
  return mimePrefixes.find(([prefix]) => name.startsWith(prefix))?.[1];
}

/** Whether a string of at least 256 bytes is base64 or a data URL: those have no blanks, while prose and code have. */
export function looksEncoded(body: Buffer, start: number): boolean {
  for (let at = start; at < start + 256; at++) {
    const byte = body[at];
    if (byte === 0x20 || byte === backslash || byte === undefined || byte > 0x7e) return false;
  }
  return true;
}

// ---

const backslash = 0x5c;
const colon = 0x3a;

// The last five bytes of the key whose value opens at this quote, the key's closing quote included; empty where the string
// is no value.
function keyBefore(body: Buffer, open: number): string {
  let at = open - 1;
  while (body[at] === 0x20 || body[at] === 0x0a) at--;
  if (body[at] !== colon) return '';
  at--;
  while (body[at] === 0x20) at--;
  return body.toString('latin1', at - 4, at + 1);
}
