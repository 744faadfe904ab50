// Every way a request can fail: one table, one error type. How a failure looks in a client's dialect is errorBody.ts.

/** What a failure is called in each dialect: the `type` of OpenAI and Anthropic, the `status` of Google. */
interface ErrorWords {
  readonly openai: string;
  readonly anthropic: string;
  readonly gemini: string;
}

// Sources: https://platform.openai.com/docs/guides/error-codes, https://docs.claude.com/en/api/errors,
// https://ai.google.dev/gemini-api/docs/troubleshooting (2026-11)
export const errorKinds = {
  unauthenticated: { openai: 'invalid_request_error', anthropic: 'authentication_error', gemini: 'UNAUTHENTICATED' },
  forbidden: { openai: 'invalid_request_error', anthropic: 'permission_error', gemini: 'PERMISSION_DENIED' },
  not_found: { openai: 'invalid_request_error', anthropic: 'not_found_error', gemini: 'NOT_FOUND' },
  invalid: { openai: 'invalid_request_error', anthropic: 'invalid_request_error', gemini: 'INVALID_ARGUMENT' },
  unimplemented: { openai: 'invalid_request_error', anthropic: 'invalid_request_error', gemini: 'UNIMPLEMENTED' },
  too_large: { openai: 'invalid_request_error', anthropic: 'request_too_large', gemini: 'INVALID_ARGUMENT' },
  late: { openai: 'invalid_request_error', anthropic: 'invalid_request_error', gemini: 'DEADLINE_EXCEEDED' },
  over_quota: { openai: 'insufficient_quota', anthropic: 'billing_error', gemini: 'RESOURCE_EXHAUSTED' },
  rate_limited: { openai: 'rate_limit_exceeded', anthropic: 'rate_limit_error', gemini: 'RESOURCE_EXHAUSTED' },
  overloaded: { openai: 'server_error', anthropic: 'overloaded_error', gemini: 'UNAVAILABLE' },
  unavailable: { openai: 'server_error', anthropic: 'api_error', gemini: 'UNAVAILABLE' },
  internal: { openai: 'server_error', anthropic: 'api_error', gemini: 'INTERNAL' },
  timed_out: { openai: 'server_error', anthropic: 'api_error', gemini: 'DEADLINE_EXCEEDED' },
} as const satisfies Record<string, ErrorWords>;

export interface ErrorRow {
  /** HTTP status. */
  readonly status: number;
  readonly kind: keyof typeof errorKinds;
  /** Whether a client does well to send the same request again; told in `x-should-retry`. */
  readonly retryable: boolean;
  readonly message: string;
}

export const errorTable = {
  // the credential
  no_credential: {
    status: 401,
    kind: 'unauthenticated',
    retryable: false,
    message: 'No API key. Send "Authorization: Bearer ovth_live_…" (x-api-key, api-key and x-goog-api-key work too).',
  },
  invalid_key: {
    status: 401,
    kind: 'unauthenticated',
    retryable: false,
    message: 'Incorrect API key provided: it is not valid here.',
  },
  revoked_key: {
    status: 401,
    kind: 'unauthenticated',
    retryable: false,
    message: 'Incorrect API key provided: it has been revoked.',
  },
  expired_key: {
    status: 401,
    kind: 'unauthenticated',
    retryable: false,
    message: 'Incorrect API key provided: it has expired.',
  },
  too_many_wrong_keys: {
    status: 429,
    kind: 'rate_limited',
    retryable: false,
    message: 'Too many wrong API keys came from this address; a valid one is accepted all the same.',
  },
  master_key_refused: {
    status: 403,
    kind: 'forbidden',
    retryable: false,
    message:
      'The master key administers the gateway and is not accepted here. Mint an application key: POST /admin/keys {"label":"my-app"}.',
  },
  master_key_needed: {
    status: 403,
    kind: 'forbidden',
    retryable: false,
    message: 'This path needs the master key (OVTH_MASTER_KEY).',
  },
  scope_needed: {
    status: 403,
    kind: 'forbidden',
    retryable: false,
    message: 'This credential has not the scope for it.',
  },
  admin_elsewhere: {
    status: 403,
    kind: 'forbidden',
    retryable: false,
    message: 'The administration is not open to this address (http.admin_cidrs).',
  },
  // the request
  not_found: {
    status: 404,
    kind: 'not_found',
    retryable: false,
    message: 'There is nothing at this path.',
  },
  method_not_allowed: {
    status: 405,
    kind: 'invalid',
    retryable: false,
    message: 'This path does not take that method.',
  },
  unknown_host: {
    status: 421,
    kind: 'invalid',
    retryable: false,
    message: 'This gateway does not answer under that host name (http.hosts).',
  },
  unknown_origin: {
    status: 403,
    kind: 'forbidden',
    retryable: false,
    message: 'Pages of this origin may not call the gateway (http.cors_origins).',
  },
  upgrade_required: {
    status: 426,
    kind: 'invalid',
    retryable: false,
    message: 'There are no WebSockets here: send the request with POST.',
  },
  not_built: {
    status: 501,
    kind: 'unimplemented',
    retryable: false,
    message: 'This gateway version does not serve this path.',
  },
  bad_request: {
    status: 400,
    kind: 'invalid',
    retryable: false,
    message: 'The request is not valid.',
  },
  bad_json: {
    status: 400,
    kind: 'invalid',
    retryable: false,
    message: 'The body is not valid JSON.',
  },
  idempotency_key_reused: {
    status: 422,
    kind: 'invalid',
    retryable: false,
    message: 'This Idempotency-Key was used for something else; send a new one with another act.',
  },
  too_complex: {
    status: 400,
    kind: 'invalid',
    retryable: false,
    message: 'The body is nested too deeply or holds too many values.',
  },
  body_too_large: {
    status: 413,
    kind: 'too_large',
    retryable: false,
    message: 'The body is too large.',
  },
  encoded_body: {
    status: 415,
    kind: 'invalid',
    retryable: false,
    message: 'The content-encoding of the body is not known here; gzip, deflate, br and zstd are.',
  },
  request_timeout: {
    status: 408,
    kind: 'late',
    retryable: true,
    message: 'The request did not arrive in time.',
  },
  headers_too_large: {
    status: 431,
    kind: 'invalid',
    retryable: false,
    message: 'The request headers are too large.',
  },
  unknown_model: {
    status: 404,
    kind: 'not_found',
    retryable: false,
    message: 'There is no such model or route.',
  },
  no_capable_target: {
    status: 400,
    kind: 'invalid',
    retryable: false,
    message: 'No model of this route can take this request.',
  },
  not_allowed: {
    status: 403,
    kind: 'forbidden',
    retryable: false,
    message: 'This key may not use that model or route.',
  },
  cannot_translate: {
    status: 400,
    kind: 'invalid',
    retryable: false,
    message: 'The chosen provider cannot carry this request.',
  },
  cannot_thread: {
    status: 400,
    kind: 'invalid',
    retryable: false,
    message: 'The chosen provider holds no conversations. Send the whole conversation as "messages", without "thread".',
  },
  prompt_too_long: {
    status: 400,
    kind: 'invalid',
    retryable: false,
    message: 'The prompt is too long for the model.',
  },
  // the budget
  over_quota: {
    status: 429,
    kind: 'over_quota',
    retryable: false,
    message: 'The quota is used up.',
  },
  larger_than_limit: {
    status: 400,
    kind: 'invalid',
    retryable: false,
    message: 'The request is larger than what its key may use in a whole minute.',
  },
  over_rate: {
    status: 429,
    kind: 'rate_limited',
    retryable: true,
    message: 'This minute has room for no more.',
  },
  // the gateway
  too_many_of_key: {
    status: 429,
    kind: 'rate_limited',
    retryable: true,
    message: 'This key has too many requests in flight.',
  },
  overloaded: {
    status: 503,
    kind: 'overloaded',
    retryable: true,
    message: 'The gateway has too many requests in flight.',
  },
  draining: {
    status: 503,
    kind: 'overloaded',
    retryable: true,
    message: 'The gateway is shutting down.',
  },
  storage_failed: {
    status: 503,
    kind: 'unavailable',
    retryable: true,
    message: 'The ledger cannot be written, so nothing is admitted.',
  },
  internal: {
    status: 500,
    kind: 'internal',
    retryable: true,
    message: 'Something went wrong inside the gateway.',
  },
  // the provider
  provider_absent: {
    status: 503,
    kind: 'unavailable',
    retryable: false,
    message: 'The provider of this model has no key on this gateway.',
  },
  upstream_unreachable: {
    status: 502,
    kind: 'unavailable',
    retryable: true,
    message: 'The provider could not be reached.',
  },
  upstream_timeout: {
    status: 504,
    kind: 'timed_out',
    retryable: true,
    message: 'The provider did not answer in time.',
  },
  upstream_error: {
    status: 502,
    kind: 'unavailable',
    retryable: true,
    message: 'The provider failed.',
  },
  upstream_overloaded: {
    status: 503,
    kind: 'overloaded',
    retryable: true,
    message: 'The provider is overloaded.',
  },
  upstream_rate_limited: {
    status: 429,
    kind: 'rate_limited',
    retryable: true,
    message: 'The provider limits the rate of requests.',
  },
  upstream_allowance: {
    status: 413,
    kind: 'too_large',
    retryable: false,
    message: "The request is larger than what the provider's account on this gateway may send at once.",
  },
  upstream_forbidden: {
    status: 502,
    kind: 'unavailable',
    retryable: false,
    message:
      "The provider does not let the gateway's own key use this model; the operator must have it enabled, or take it out of the route.",
  },
  upstream_credential: {
    status: 502,
    kind: 'unavailable',
    retryable: false,
    message: "The provider refused the gateway's own key for it; the operator must put a valid one in its place.",
  },
  upstream_garbage: {
    status: 502,
    kind: 'unavailable',
    retryable: true,
    message: 'The provider answered with something that is not its API.',
  },
  upstream_died: {
    status: 502,
    kind: 'unavailable',
    retryable: true,
    message: 'The provider ended the answer before it was complete.',
  },
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
