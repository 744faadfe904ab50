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

/** Names of the fields whose encoded string is opaque reasoning, which is counted like a medium. */
export const opaqueKeys: ReadonlySet<string> = new Set(['signature', 'encrypted_content', 'thoughtSignature', 'thought_signature']); // prettier-ignore

/** Names of the fields whose encoded string is a medium, or is counted like one. */
export const mediaKeys: ReadonlySet<string> = new Set([
  'data', 'url', 'image_url', 'file_data', 'file_url', 'video_url', ...opaqueKeys,
]); // prettier-ignore

/**
 * Whether the value of a field is JSON of the caller's own making, which a provider reads as text: a tool's, or a schema. A
 * name that cannot be read here, because it is written with escapes, may be any.
 */
export function isFreeJson(key: string): boolean {
  return freeJson.has(key) || key.includes('\\');
}

/**
 * Where the base64 of a text begins in a string, whatever the string says that it holds: a file of text is read as text, and
 * has as many tokens. Undefined where it is none. Recordings and what is encrypted have control characters everywhere; images
 * and PDFs are known by their beginning.
 */
export function textInBase64(body: Buffer, start: number, end: number): number | undefined {
  const head = body.toString('latin1', start, Math.min(end, start + longestDataHead));
  const first = start + head.indexOf(',') + 1;
  if (head.startsWith('data:text/')) return first;
  if (isImageOrPdf(body.toString('latin1', first, Math.min(end, first + 20)))) return undefined;
  const step = 4 * Math.max(1, Math.floor((end - first - windowBytes) / 4 / (windows - 1)));
  for (let at = first; at + windowBytes <= end; at += step)
    if (isText(Buffer.from(body.toString('latin1', at, at + windowBytes), 'base64'))) return first;
  return undefined;
}

/** Whether a string is a data URL whose data are characters as they are. */
export function isPlainDataUrl(body: Buffer, start: number, end: number): boolean {
  const head = body.toString('latin1', start, Math.min(end, start + longestDataHead));
  return head.startsWith('data:') && !head.slice(0, head.indexOf(',')).endsWith(';base64');
}

/** Whether the fields beside a string say that it is plain text: Anthropic's documents may hold that. */
export function isPlainText(beside: Buffer): boolean {
  return beside.includes('"text"') || beside.includes('"text/');
}

/**
 * The name of the field whose value begins here, as it is written, or the end of one that is longer than all that are looked
 * for; empty where it is no field's value.
 */
export function keyOf(body: Buffer, at: number): string {
  at = beforeBlank(body, at - 1);
  if (body[at] !== colon) return '';
  const end = beforeBlank(body, at - 1);
  const from = Math.max(0, end - longestKey);
  return body.toString('latin1', from + body.subarray(from, end).lastIndexOf('"') + 1, end);
}

/** Tokens of one image or page; the settlement books what the provider reports. */
export const tokensPerMedium = 1_600;

/** Tokens of an encoded medium: a document has more pages, and a recording more seconds, the larger it is. */
export function tokensOfMedium(body: Buffer, start: number, end: number): number {
  const head = body.toString('latin1', start, Math.min(end, start + longestDataHead));
  const encoded = head.slice(head.indexOf(',') + 1);
  if (encoded.startsWith(pdfHead)) return Math.max(tokensPerMedium, Math.ceil((end - start) / bytesPerPdfToken));
  const isImage = imageHeads.some((each) => encoded.startsWith(each));
  return isImage ? tokensPerMedium : Math.max(tokensPerMedium, Math.ceil((end - start) / bytesPerOtherToken));
}

// ---

const freeJson = new Set(['tools', 'functions', 'input', 'input_schema', 'parameters', 'parametersJsonSchema', 'schema', 'args', 'response']); // prettier-ignore

/** Characters of the longest name that is looked for, every letter of it written as an escape of six. */
const longestKey = 6 * 'parametersJsonSchema'.length;

/** Base64 of what PNG, JPEG, GIF, WebP, BMP, TIFF and HEIC files begin with. */
const imageHeads = [
  'iVBORw0KGgo',
  '/9j/',
  'R0lGOD',
  'UklGR',
  'Qk',
  'SUkq',
  'TU0AKg',
  'AAAAGGZ0eXBoZWlj',
  'AAAAJGZ0eXBoZWlj',
];

const pdfHead = 'JVBERi';

/** Characters in which a data URL says what it is; as many may follow as are looked at. */
const longestDataHead = 200;

/** Places in which encoded data is looked at, and the characters of each: none of 96 encrypted bytes is hardly ever a control character. */
const windows = 8;
const windowBytes = 128;

/** A page of a plain PDF has about 40 KB of base64 and costs 1,500 tokens and more at Anthropic and OpenAI. */
const bytesPerPdfToken = 30;
/** A second of video costs 258 tokens at Gemini, and has 12 KB of base64 even at 75 kbit/s; sound has less of both. */
const bytesPerOtherToken = 48;

function isImageOrPdf(encoded: string): boolean {
  return encoded.startsWith(pdfHead) || imageHeads.some((head) => encoded.startsWith(head));
}

// Bytes of which none is a control character, but for tabs and the ends of lines.
function isText(bytes: Buffer): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte !== 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}

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

function beforeBlank(body: Buffer, at: number): number {
  while (at > 0 && (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09)) at--;
  return at;
}
