// Every way a request can fail: one table, one error type. How a failure looks in a client's dialect is dialects.ts.

export interface ErrorRow {
  readonly status: number;
  /** The kind each dialect names in its own words. */
  readonly openai: string;
  readonly anthropic: string;
  readonly gemini: string;
  /** Whether a client does well to send the same request again. */
  readonly retry: boolean;
  readonly message: string;
}

const row = (
  status: number,
  openai: string,
  anthropic: string,
  gemini: string,
  retry: boolean,
  message: string,
): ErrorRow => ({ status, openai, anthropic, gemini, retry, message });

export const errorTable = {
  // the credential
  no_credential: row(
    401,
    'invalid_request_error',
    'authentication_error',
    'UNAUTHENTICATED',
    false,
    'No API key. Send "Authorization: Bearer ovth_live_…" (x-api-key, api-key and x-goog-api-key work too).',
  ),
  invalid_key: row(
    401,
    'invalid_request_error',
    'authentication_error',
    'UNAUTHENTICATED',
    false,
    'Incorrect API key provided: it is not valid here.',
  ),
  revoked_key: row(
    401,
    'invalid_request_error',
    'authentication_error',
    'UNAUTHENTICATED',
    false,
    'Incorrect API key provided: it has been revoked.',
  ),
  master_key_refused: row(
    403,
    'invalid_request_error',
    'permission_error',
    'PERMISSION_DENIED',
    false,
    'The master key administers the gateway and is not accepted here. Mint an application key: POST /admin/keys {"label":"my-app"}.',
  ),
  master_key_needed: row(
    403,
    'invalid_request_error',
    'permission_error',
    'PERMISSION_DENIED',
    false,
    'This path needs the master key (OVTH_MASTER_KEY).',
  ),
  // the request
  not_found: row(404, 'invalid_request_error', 'not_found_error', 'NOT_FOUND', false, 'There is nothing at this path.'),
  method_not_allowed: row(
    405,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'This path does not take that method.',
  ),
  not_built: row(
    501,
    'invalid_request_error',
    'invalid_request_error',
    'UNIMPLEMENTED',
    false,
    'This gateway version does not serve this path.',
  ),
  bad_request: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'The request is not valid.',
  ),
  bad_json: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'The body is not valid JSON.',
  ),
  too_complex: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'The body is nested too deeply or holds too many values.',
  ),
  body_too_large: row(
    413,
    'invalid_request_error',
    'request_too_large',
    'INVALID_ARGUMENT',
    false,
    'The body is too large.',
  ),
  encoded_body: row(
    415,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'Compressed bodies are not accepted; send the JSON as it is.',
  ),
  request_timeout: row(
    408,
    'invalid_request_error',
    'invalid_request_error',
    'DEADLINE_EXCEEDED',
    true,
    'The request did not arrive in time.',
  ),
  headers_too_large: row(
    431,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'The request headers are too large.',
  ),
  unknown_model: row(
    404,
    'invalid_request_error',
    'not_found_error',
    'NOT_FOUND',
    false,
    'There is no such model or route.',
  ),
  no_capable_target: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'No model of this route can take this request.',
  ),
  cannot_translate: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'The chosen provider cannot carry this request.',
  ),
  cannot_thread: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'The chosen provider holds no conversations. Send the whole conversation as "messages", without "thread".',
  ),
  prompt_too_long: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'INVALID_ARGUMENT',
    false,
    'The prompt is too long for the model.',
  ),
  // the budget
  over_quota: row(
    429,
    'insufficient_quota',
    'billing_error',
    'RESOURCE_EXHAUSTED',
    false,
    'The token quota is used up.',
  ),
  // the gateway
  too_many_of_key: row(
    429,
    'rate_limit_exceeded',
    'rate_limit_error',
    'RESOURCE_EXHAUSTED',
    true,
    'This key has too many requests in flight.',
  ),
  overloaded: row(
    503,
    'server_error',
    'overloaded_error',
    'UNAVAILABLE',
    true,
    'The gateway has too many requests in flight.',
  ),
  draining: row(503, 'server_error', 'overloaded_error', 'UNAVAILABLE', true, 'The gateway is shutting down.'),
  storage_failed: row(
    503,
    'server_error',
    'api_error',
    'UNAVAILABLE',
    true,
    'The ledger cannot be written, so nothing is admitted.',
  ),
  internal: row(500, 'server_error', 'api_error', 'INTERNAL', true, 'Something went wrong inside the gateway.'),
  // the provider
  provider_absent: row(
    503,
    'server_error',
    'api_error',
    'UNAVAILABLE',
    false,
    'The provider of this model has no key on this gateway.',
  ),
  upstream_unreachable: row(
    502,
    'server_error',
    'api_error',
    'UNAVAILABLE',
    true,
    'The provider could not be reached.',
  ),
  upstream_timeout: row(
    504,
    'server_error',
    'api_error',
    'DEADLINE_EXCEEDED',
    true,
    'The provider did not answer in time.',
  ),
  upstream_error: row(502, 'server_error', 'api_error', 'UNAVAILABLE', true, 'The provider failed.'),
  upstream_overloaded: row(503, 'server_error', 'overloaded_error', 'UNAVAILABLE', true, 'The provider is overloaded.'),
  upstream_rate_limited: row(
    429,
    'rate_limit_exceeded',
    'rate_limit_error',
    'RESOURCE_EXHAUSTED',
    true,
    'The provider limits the rate of requests.',
  ),
  upstream_credential: row(
    502,
    'server_error',
    'api_error',
    'UNAVAILABLE',
    false,
    "The provider refused the gateway's own key for it.",
  ),
  upstream_garbage: row(
    502,
    'server_error',
    'api_error',
    'UNAVAILABLE',
    true,
    'The provider answered with something that is not its API.',
  ),
  upstream_died: row(
    502,
    'server_error',
    'api_error',
    'UNAVAILABLE',
    true,
    'The provider ended the answer before it was complete.',
  ),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorDetail {
  /** Replaces the table's message; one or more whole sentences. */
  readonly message?: string;
  /** The field of the request that is wrong. */
  readonly field?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
  /** Of a prompt that is too long: the tokens it has and the most there may be, where known. */
  readonly tokens?: { readonly sent: number | undefined; readonly most: number | undefined };
}

/** Thrown anywhere, turned into an answer once, at the server's edge. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly tokens: ErrorDetail['tokens'];

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? errorTable[code].message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.field = detail.field;
    this.headers = detail.headers ?? {};
    this.tokens = detail.tokens;
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}
