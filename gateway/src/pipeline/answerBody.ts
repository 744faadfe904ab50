// What a provider's answer is before it is understood: one of its API, a page for people, or something else.

import type { CancelSignal } from '../core/cancellation';
import { GatewayError } from '../core/errors';
import { unreadable } from '../upstream/contentEncoding';
import type { UpstreamResponse } from '../upstream/exchange';
import { mediaType } from '../upstream/headers';

/** What makes an answer none of the API's, before its body is read; undefined for nothing. */
export function garbageIn(response: UpstreamResponse): GatewayError | undefined {
  const { status } = response;
  if (status >= 400) return undefined;
  if (status >= 300) return new GatewayError('upstream_garbage'); // redirects are never followed
  const type = mediaType(response.headers);
  return type === '' || /json|event-stream/.test(type) ? unreadable(response) : new GatewayError('upstream_garbage');
}

/** Whether an answer is a page for people, such as a proxy's: no error of the API, and not to be read. */
export function isPage({ headers }: Pick<UpstreamResponse, 'headers'>): boolean {
  return mediaType(headers).includes('html');
}

/** Whether bytes are those of a page, whatever their headers call them: no JSON and no event begins so. */
export function isMarkup(bytes: Uint8Array): boolean {
  let at = 0;
  while (at < 64 && blanks.has(bytes[at] ?? 0)) at++;
  return bytes[at] === 0x3c;
}

/**
 * The body of a refusal, or what had come of it when it broke off; nothing of one that is too large. Its status says enough.
 * @param client ends the reading @throws the reason that it ends for
 */
export async function readRefusal(
  response: Pick<UpstreamResponse, 'forEachChunk'>,
  limit: number,
  client: CancelSignal,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    await response.forEachChunk((chunk) => {
      size += chunk.length;
      if (size > limit) throw new GatewayError('upstream_garbage');
      parts.push(chunk);
      return undefined;
    });
  } catch (error) {
    if (client.reason !== undefined) throw error;
  }
  return size > limit ? Buffer.alloc(0) : Buffer.concat(parts);
}

/** An answer whose body had to be looked at, as if it had not been. */
export function alreadyRead(
  { status, headers }: Pick<UpstreamResponse, 'status' | 'headers'>,
  body: Buffer,
): UpstreamResponse {
  return {
    status,
    headers,
    forEachChunk: async (take) => take(body),
    release: () => undefined,
    cancel: () => undefined,
  };
}

// ---

const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]); // the last three mark UTF-8
