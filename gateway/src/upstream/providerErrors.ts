// A provider's failure, told to a client of another wire: its status and words decide the kind; its words reach the client
// only when the fault is the client's.

import type { Target } from '../../../config/target';
import { GatewayError } from '../core/errors';
import { isObject, listOr, objectOr, textOr } from '../wire/shared/json';
import type { FailureKind } from '../wire/neutral';

/** A whole answer with an error status. @param headers to send along */
export function translateError(
  status: number,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
  target: Target,
): GatewayError {
  const error = errorOf(bytes);
  const words = textOr(error['message']).slice(0, 2_000);
  if (status === 400 || status === 413) {
    const tooLong = tokensOf(error, words);
    if (tooLong !== undefined)
      return new GatewayError('prompt_too_long', { headers, tokens: { most: target.context, ...tooLong } });
  }
  if (status === 401 || status === 403) return new GatewayError('upstream_credential', { headers });
  if (status === 429) {
    const wait = retryDelay(error);
    const asked =
      wait === undefined || headers['retry-after'] !== undefined ? headers : { ...headers, 'retry-after': wait };
    return new GatewayError('upstream_rate_limited', { headers: asked });
  }
  if (status === 503 || status === 529) return new GatewayError('upstream_overloaded', { headers });
  if (status === 408 || status === 504) return new GatewayError('upstream_timeout', { headers });
  if (status >= 500) return new GatewayError('upstream_error', { headers });
  const message = `${target.label} refused the request (${status})${words === '' ? '.' : `: ${words}`}`;
  return new GatewayError(status === 404 ? 'unknown_model' : status === 413 ? 'body_too_large' : 'bad_request', {
    message,
    headers,
  });
}

/** A failure told inside an answer. */
export function failureError(kind: FailureKind, message: string): GatewayError {
  switch (kind) {
    case 'overloaded':
      return new GatewayError('upstream_overloaded');
    case 'rate_limited':
      return new GatewayError('upstream_rate_limited');
    case 'too_long':
      return new GatewayError('prompt_too_long', {
        tokens: { sent: undefined, most: undefined, ...tokensOf({}, message) },
      });
    case 'bad_request':
      return new GatewayError('bad_request', {
        message: `The provider refused the request: ${message.slice(0, 2_000)}`,
      });
    case 'other':
      return new GatewayError('upstream_error');
  }
}

/** The neutral kind of one of our own errors. */
export function failureKindOf(error: GatewayError): FailureKind {
  switch (error.code) {
    case 'upstream_overloaded':
    case 'overloaded':
      return 'overloaded';
    case 'upstream_rate_limited':
    case 'over_quota':
      return 'rate_limited';
    case 'prompt_too_long':
      return 'too_long';
    case 'bad_request':
      return 'bad_request';
    default:
      return 'other';
  }
}

// ---

function errorOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    const inner: unknown = Array.isArray(body) ? body[0] : body; // Gemini streams a list
    return isObject(inner) ? objectOr(inner['error']) : {};
  } catch {
    return {};
  }
}

// Each provider's words for a prompt above the context window, with its two counts where it tells them.
const tooLongWords: readonly { readonly words: RegExp; readonly sent: number; readonly most: number }[] = [
  { words: /prompt is too long(?::\s*(\d+) tokens? > (\d+))?/i, sent: 1, most: 2 },
  {
    words: /maximum context length is (\d+) tokens(?:.*?(?:resulted in|requested)(?: about)? (\d+) tokens)?/is,
    sent: 2,
    most: 1,
  },
  {
    words: /input token count(?: of)? \(?(\d+)\)? exceeds the maximum number of tokens allowed \(?(\d+)?/i,
    sent: 1,
    most: 2,
  },
  { words: /exceeds? (?:the|this) (?:model's )?context (?:window|length)/i, sent: 1, most: 2 },
  { words: /input length and `?max_tokens`? exceed context limit: (\d+) \+ \d+ > (\d+)/i, sent: 1, most: 2 },
];

function tokensOf(
  error: Readonly<Record<string, unknown>>,
  words: string,
): { sent: number | undefined; most?: number } | undefined {
  for (const row of tooLongWords) {
    const found = row.words.exec(words);
    if (found === null) continue;
    const most = Number(found[row.most] ?? 0);
    return { sent: Number(found[row.sent] ?? 0) || undefined, ...(most > 0 ? { most } : {}) };
  }
  return error['code'] === 'context_length_exceeded' ? { sent: undefined } : undefined;
}

// Google tells the wait in the error's details: `{"@type": "…RetryInfo", "retryDelay": "34s"}`.
function retryDelay(error: Readonly<Record<string, unknown>>): string | undefined {
  const told = listOr(error['details'])
    .map((detail) => textOr(objectOr(detail)['retryDelay']))
    .find((delay) => delay !== '');
  const seconds = Number.parseFloat(told ?? '');
  return Number.isNaN(seconds) ? undefined : String(Math.max(1, Math.ceil(seconds)));
}
