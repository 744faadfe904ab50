// How Google prints its documents and its streams.
import type { Reply, Request } from './wire';

/** How a stream comes: as events, or, where nobody asks for these, as one array. */
export type StreamKind = 'sse' | 'array' | 'none';

/** Which of these a request asks for. */
export function streamKind(request: Request): StreamKind {
  if (!request.path.endsWith(':streamGenerateContent')) return 'none';
  return request.query.get('alt') === 'sse' ? 'sse' : 'array';
}

export const JSON_TYPE = 'application/json; charset=UTF-8';

export function googleDocument(status: number, body: unknown): Reply {
  return { status, contentType: JSON_TYPE, pieces: [printed(body)], streamed: false };
}

/** Google prints its documents over many lines. */
export function printed(body: unknown): string {
  return `${JSON.stringify(body, null, 2)}\n`;
}

/** Its events have a blank after each colon and none after a comma, and end their lines with CRLF. */
export function sseEvent(body: unknown): string {
  return `data: ${JSON.stringify(body, null, 1).replace(/\n */g, '')}\r\n\r\n`;
}
