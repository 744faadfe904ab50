// How Anthropic says no: one shape for every status; the edge adds the request's id.
import { Refusal, type Reply } from './wire';

/** Anthropic prints its documents on one line. */
export function anthropicDocument(status: number, body: unknown): Reply {
  return { status, contentType: 'application/json', pieces: [JSON.stringify(body)], streamed: false };
}

/** The client's own mistake. */
export function invalidRequest(message: string, status = 400, type = 'invalid_request_error'): Refusal {
  return new Refusal(status, { type: 'error', error: { type, message } });
}

/** To a conversation that the provider is to hold: here it holds none, and SDKs go on without. */
export function unsupportedThread(): Refusal {
  const message = 'thread: this request cannot use a thread';
  const details = { error_code: 'thread_unsupported_request', unsupported: ['model'] };
  return new Refusal(400, { type: 'error', error: { type: 'invalid_request_error', message, details } });
}

export function anthropicUnauthorized(hasKey: boolean, hasBearer: boolean): Refusal {
  const message = hasKey ? 'invalid x-api-key' : hasBearer ? 'Invalid bearer token' : 'x-api-key header is required';
  return invalidRequest(message, 401, 'authentication_error');
}

export function anthropicNoModel(model: string): Refusal {
  return invalidRequest(`model: ${model}`, 404, 'not_found_error');
}

export function anthropicTooLong(_model: string, tokens: number, context = 200_000): Refusal {
  return invalidRequest(`prompt is too long: ${tokens} tokens > ${context} maximum`);
}

export function anthropicBlocked(): Refusal {
  return invalidRequest('Output blocked by content filtering policy');
}

export function anthropicNoCredit(): Refusal {
  const remedy = 'Please go to Plans & Billing to upgrade or purchase credits.';
  return invalidRequest(`Your credit balance is too low to access the Anthropic API. ${remedy}`);
}

/** What comes with a status that has nothing to do with the request. */
export function anthropicFailure(status: number, _model: string, retryAfter: number | undefined): Refusal {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` };
  const [type, message] = FAILURES[status] ?? (status < 500 ? CLIENT : SERVER);
  if (status === 429) {
    headers['retry-after'] ??= '1';
    headers['anthropic-ratelimit-requests-remaining'] = '0';
  }
  return new Refusal(status, { type: 'error', error: { type, message } }, headers);
}

// ---

type Failure = readonly [type: string, message: string];

const CLIENT: Failure = ['invalid_request_error', 'Your request could not be processed.'];
const SERVER: Failure = ['api_error', 'Internal server error'];
const FAILURES: Partial<Record<number, Failure>> = {
  401: ['authentication_error', 'invalid x-api-key'],
  402: ['billing_error', 'Your account has a problem with its billing.'],
  403: ['permission_error', 'Your API key does not have permission to use the specified resource.'],
  404: ['not_found_error', 'Not Found'],
  408: ['timeout_error', 'Request timed out'],
  413: ['request_too_large', 'Request exceeds the maximum size'],
  429: [
    'rate_limit_error',
    "This request would exceed your organization's rate limit of 4,000 requests per minute. For details, refer to: " +
      'https://docs.claude.com/en/api/rate-limits.',
  ],
  500: ['api_error', 'Internal server error'],
  504: ['timeout_error', 'Request timed out'],
  529: ['overloaded_error', 'Overloaded'],
};
