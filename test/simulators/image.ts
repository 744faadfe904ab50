// What the first bytes of a picture say it is; nobody looks any further.

/** The media type of base64 data: one that models can see, or nothing. */
export function imageType(base64: string): string | undefined {
  if (!isAnyBase64(base64)) return undefined;
  const head = Buffer.from(base64.slice(0, 24), 'base64').toString('latin1');
  if (head.startsWith('\x89PNG')) return 'image/png';
  if (head.startsWith('\xff\xd8')) return 'image/jpeg';
  if (head.startsWith('GIF8')) return 'image/gif';
  return head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP' ? 'image/webp' : undefined;
}

/** Whether all of it can be decoded by a reader that takes the standard alphabet, filled up. */
export function isBase64(text: string): boolean {
  return text !== '' && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

/** Whether Google can decode it: it takes the alphabet of URLs too, and needs no padding. Source: https://protobuf.dev/programming-guides/json, "bytes" (2026-11). */
export function isAnyBase64(text: string): boolean {
  return text !== '' && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
}
