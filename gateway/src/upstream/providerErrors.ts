// A provider's failure as an error for a client of another format: the status and the message decide the kind; the message
// reaches the client only where the client caused the failure. Sources:
// https://platform.openai.com/docs/guides/error-codes#api-errors, https://platform.claude.com/docs/en/api/errors,
// https://cloud.google.com/apis/design/errors (2026-11).

import type { Target } from '../../../config/target';
import { GatewayError } from '../core/errors';
import { isObject, listOr, objectOr, textOr } from '../wire/shared/json';
import type { FailureKind } from '../wire/neutral';

/** The error for a whole response with an error status. @param headers of the gateway's response to the client */
export function translateError(
  status: number,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
  target: Target,
): GatewayError {
  const error = errorOf(bytes);
  const text = textOr(error['message']).slice(0, 2_000);
  if (status === 400 || status === 413) {
    const tooLong = tokensOf(error, text);
    if (tooLong !== undefined)
      return new GatewayError('prompt_too_long', { headers, tokens: { most: target.context, ...tooLong } });
  }
  if (status === 401 || status === 403) return new GatewayError('upstream_credential', { headers });
  if (status === 429) {
    const wait = retryDelay(error);
    const withWait =
      wait === undefined || headers['retry-after'] !== undefined ? headers : { ...headers, 'retry-after': wait };
    return new GatewayError('upstream_rate_limited', { headers: withWait });
  }
  if (status === 503 || status === 529) return new GatewayError('upstream_overloaded', { headers });
  if (status === 408 || status === 504) return new GatewayError('upstream_timeout', { headers });
  if (status >= 500) return new GatewayError('upstream_error', { headers });
  const message = `${target.label} refused the request (${status})${text === '' ? '.' : `: ${text}`}`;
  return new GatewayError(status === 404 ? 'unknown_model' : status === 413 ? 'body_too_large' : 'bad_request', {
    message,
    headers,
  });
}

/** The error for a failure inside a response. @param message the provider's */
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
    const inner: unknown = Array.isArray(body) ? body[0] : body; // Gemini's stream is a list
    return isObject(inner) ? objectOr(inner['error']) : {};
  } catch {
    return {};
  }
}

// Each provider's message for a prompt above the context window, with its two counts where it names them (recorded 2026-11).
const tooLongMessages: readonly { readonly pattern: RegExp; readonly sent: number; readonly most: number }[] = [
  { pattern: /prompt is too long(?::\s*(\d+) tokens? > (\d+))?/i, sent: 1, most: 2 },
  {
    pattern: /maximum context length is (\d+) tokens(?:.*?(?:resulted in|requested)(?: about)? (\d+) tokens)?/is,
    sent: 2,
    most: 1,
  },
  {
    pattern: /input token count(?: of)? \(?(\d+)\)? exceeds the maximum number of tokens allowed \(?(\d+)?/i,
    sent: 1,
    most: 2,
  },
  { pattern: /exceeds? (?:the|this) (?:model's )?context (?:window|length)/i, sent: 1, most: 2 },
  { pattern: /input length and `?max_tokens`? exceed context limit: (\d+) \+ \d+ > (\d+)/i, sent: 1, most: 2 },
];

function tokensOf(
  error: Readonly<Record<string, unknown>>,
  message: string,
): { sent: number | undefined; most?: number } | undefined {
  for (const row of tooLongMessages) {
    const found = row.pattern.exec(message);
    if (found === null) continue;
    const most = Number(found[row.most] ?? 0);
    return { sent: Number(found[row.sent] ?? 0) || undefined, ...(most > 0 ? { most } : {}) };
  }
  return error['code'] === 'context_length_exceeded' ? { sent: undefined } : undefined;
}

// Seconds to wait, from the error's details as Google has them: `{"@type": "…RetryInfo", "retryDelay": "34s"}`.
// Source: https://cloud.google.com/apis/design/errors, "Error payloads" (2026-11).
function retryDelay(error: Readonly<Record<string, unknown>>): string | undefined {
  const found = listOr(error['details'])
    .map((detail) => textOr(objectOr(detail)['retryDelay']))
    .find((delay) => delay !== '');
  const seconds = Number.parseFloat(found ?? '');
  return Number.isNaN(seconds) ? undefined : String(Math.max(1, Math.ceil(seconds)));
}
