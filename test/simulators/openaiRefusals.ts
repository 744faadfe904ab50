// How OpenAI says no: the bodies it sends with each status, word for word where they are known.
import { Refusal } from './wire';

/** The client's own mistake. */
export function badRequest(
  message: string,
  param: string | null = null,
  code: string | null = null,
  status = 400,
): Refusal {
  return new Refusal(status, { error: { message, type: 'invalid_request_error', param, code } });
}

/** A missing or a wrong key; of a long one only its two ends are shown. */
export function openaiUnauthorized(key: string | undefined): Refusal {
  if (key === undefined) return badRequest(NO_KEY, null, null, 401);
  const shown = key.length > 12 ? `${key.slice(0, 8)}${'*'.repeat(key.length - 12)}${key.slice(-4)}` : key;
  const where = 'You can find your API key at https://platform.openai.com/account/api-keys.';
  return badRequest(`Incorrect API key provided: ${shown}. ${where}`, null, 'invalid_api_key', 401);
}

export function openaiNoModel(model: string): Refusal {
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  return badRequest(message, null, 'model_not_found', 404);
}

export function openaiTooLong(_model: string, tokens: number, context = 128_000): Refusal {
  const message =
    `This model's maximum context length is ${context} tokens. However, your messages resulted in ${tokens} tokens. ` +
    'Please reduce the length of the messages.';
  return badRequest(message, 'messages', 'context_length_exceeded');
}

/** The words of the responses endpoint, as recorded: it names no numbers. */
export function responseTooLong(): Refusal {
  const message = 'Your input exceeds the context window of this model. Please adjust your input and try again.';
  return badRequest(message, 'input', 'context_length_exceeded');
}

/** What a prompt gets that the usage policy forbids. */
export function openaiBlocked(): Refusal {
  const message =
    'Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a ' +
    'different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting';
  return badRequest(message, null, 'invalid_prompt');
}

export function openaiNoCredit(): Refusal {
  const message =
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, ' +
    'read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.';
  const error = { message, type: 'insufficient_quota', param: null, code: 'insufficient_quota' };
  return new Refusal(429, { error }, { 'x-should-retry': 'false' });
}

/** What comes with a status that has nothing to do with the request. */
export function openaiFailure(status: number, model: string, retryAfter: number | undefined): Refusal {
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}`, 'retry-after-ms': `${retryAfter * 1000}` };
  if (status === 429) return rateLimited(model, retryAfter ?? 1, headers);
  // The network in front of OpenAI answers these itself, with a page.
  if (status === 502 || status === 504) return new Refusal(status, page(status), headers);
  const [type, message, code = null] = FAILURES[status] ?? (status < 500 ? CLIENT : SERVER);
  return new Refusal(status, { error: { message, type, param: null, code } }, headers);
}

// ---

const NO_KEY =
  "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth " +
  "(i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API " +
  'from your browser and are prompted for a username and password. You can obtain an API key from ' +
  'https://platform.openai.com/account/api-keys.';

type Failure = readonly [type: string, message: string, code?: string];

const CLIENT: Failure = ['invalid_request_error', 'Your request could not be processed.'];
const SERVER: Failure = ['server_error', 'The server had an error while processing your request. Sorry about that!'];
const FAILURES: Partial<Record<number, Failure>> = {
  401: ['invalid_request_error', 'Your authentication token is not from a valid issuer.', 'invalid_issuer'],
  403: ['request_forbidden', 'Country, region, or territory not supported', 'unsupported_country_region_territory'],
  408: ['invalid_request_error', 'Timed out while reading the request.'],
  409: ['invalid_request_error', 'The resource was updated by another request.'],
  413: ['invalid_request_error', 'The request is larger than the limit.'],
  503: ['server_error', 'The engine is currently overloaded, please try again later'],
};

function rateLimited(model: string, seconds: number, headers: Record<string, string>): Refusal {
  const message =
    `Rate limit reached for ${model} in organization org-simulated on requests per min (RPM): Limit 500, Used 500, ` +
    `Requested 1. Please try again in ${seconds}s. Visit https://platform.openai.com/account/rate-limits to learn more.`;
  const remaining = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': `${seconds}s` };
  const error = { message, type: 'requests', param: null, code: 'rate_limit_exceeded' };
  return new Refusal(429, { error }, { ...remaining, ...headers });
}

function page(status: number): string {
  const title = status === 502 ? 'Bad gateway' : 'Gateway time-out';
  return `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body><center><h1>${status} ${title}</h1></center></body>\r\n</html>\r\n`;
}
