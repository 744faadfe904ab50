// The gateway's own failures in each client's dialect, whole or inside a stream, so that the client's SDK raises its own type
// of error. Sources: https://platform.openai.com/docs/guides/error-codes#api-errors,
// https://platform.openai.com/docs/api-reference/responses-streaming ("error"),
// https://platform.claude.com/docs/en/api/errors, https://platform.claude.com/docs/en/build-with-claude/streaming ("error"),
// https://cloud.google.com/apis/design/errors, https://openrouter.ai/docs/api-reference/overview,
// https://docs.ollama.com/api/errors (2026-11).

import { type ErrorCode, errorKinds, errorTable, type GatewayError } from './errors';

/** Whose API the client speaks; the path that it called decides. */
export type Dialect = 'openai' | 'responses' | 'anthropic' | 'gemini' | 'openrouter' | 'ollama' | 'admin';

/** The JSON body of a failure. @param requestId shown to the client, and found in the log line */
export function errorBody(dialect: Dialect, error: GatewayError, requestId: string): string {
  return JSON.stringify(bodyOf(dialect, error, requestId));
}

/**
 * The end of a stream that cannot be finished: the dialect's own error event, and no clean end after it.
 * @param sequence the number of that event, for dialects that number them
 */
export function streamError(dialect: Dialect, error: GatewayError, requestId: string, sequence = 0): string {
  return dialects[dialect].event(error, bodyOf(dialect, error, requestId), sequence);
}

// ---

interface DialectErrors {
  body(error: GatewayError, requestId: string): unknown;
  /** A prompt above the context window, in the provider's own words: clients shorten their conversation when they read them. */
  tooLong(tokens: TokenCounts | undefined, requestId: string): unknown;
  /** @param body the failure's whole body */
  event(error: GatewayError, body: unknown, sequence: number): string;
}

/** What a prompt has and what the model takes, where both are known. */
interface TokenCounts {
  readonly sent: number;
  readonly most: number;
}

// The openai SDK raises on a chat chunk with a top-level `error`.
const dataEvent = (_error: GatewayError, body: unknown) => `data: ${JSON.stringify(body)}\n\n`;
const errorEvent = (data: unknown) => `event: error\ndata: ${JSON.stringify(data)}\n\n`;

const openai: DialectErrors = {
  body: (error) => ({
    error: {
      message: error.message,
      type: wordsOf(error).openai,
      param: error.field ?? null,
      code: openaiCode(error.code),
    },
  }),
  tooLong: (tokens) => openaiTooLong(tokens, 'messages'),
  event: dataEvent,
};

const dialects: Readonly<Record<Dialect, DialectErrors>> = {
  openai,
  admin: openai,
  responses: {
    ...openai,
    tooLong: (tokens) => openaiTooLong(tokens, 'input'),
    event: ({ code, message, field }, _body, sequence) =>
      errorEvent({ type: 'error', code, message, param: field ?? null, sequence_number: sequence }),
  },
  anthropic: {
    body: (error, requestId) => ({
      type: 'error',
      error: {
        type: wordsOf(error).anthropic,
        message: withField(error),
        ...anthropicDetails[error.code],
      },
      request_id: requestId,
    }),
    tooLong: (tokens, requestId) => ({
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: tokens ? `prompt is too long: ${tokens.sent} tokens > ${tokens.most} maximum` : 'prompt is too long',
      },
      request_id: requestId,
    }),
    event: (_error, body) => errorEvent(body),
  },
  gemini: {
    body: (error) => {
      return { error: { code: error.status, message: withField(error), status: wordsOf(error).gemini } };
    },
    tooLong: (tokens) => {
      const sent = tokens ? ` (${tokens.sent})` : '';
      const most = tokens ? ` (${tokens.most})` : '';
      const message = `The input token count${sent} exceeds the maximum number of tokens allowed${most}.`;
      return { error: { code: 400, message, status: 'INVALID_ARGUMENT' } };
    },
    event: dataEvent,
  },
  openrouter: {
    body: (error) => ({
      error: {
        code: error.status,
        message: withField(error),
        metadata: { error_type: openaiCode(error.code) },
      },
    }),
    tooLong: (tokens) => {
      const message = `This endpoint's maximum context length is ${tokens?.most ?? 'smaller'}. However, you requested ${tokens ? `about ${tokens.sent} tokens` : 'more'}. Please shorten the conversation.`;
      return { error: { code: 400, message, metadata: { error_type: 'context_length_exceeded' } } };
    },
    event: dataEvent,
  },
  // Only its refusals are served.
  ollama: {
    body: (error) => ({ error: withField(error) }),
    tooLong: () => ({ error: errorTable.prompt_too_long.message }),
    event: (_error, body) => `${JSON.stringify(body)}\n`,
  },
};

function bodyOf(dialect: Dialect, error: GatewayError, requestId: string): unknown {
  if (error.code !== 'prompt_too_long') return dialects[dialect].body(error, requestId);
  const { sent = 0, most = 0 } = error.tokens ?? {};
  return dialects[dialect].tooLong(sent > 0 && most > 0 ? { sent, most } : undefined, requestId);
}

function wordsOf({ code }: GatewayError) {
  return errorKinds[errorTable[code].kind];
}

function openaiTooLong(tokens: TokenCounts | undefined, param: string): unknown {
  const message = tokens
    ? `This model's maximum context length is ${tokens.most} tokens. However, your messages resulted in ${tokens.sent} tokens. Please reduce the length of the messages.`
    : "Your input exceeds this model's context window. Please reduce the length of the messages.";
  return { error: { message, type: 'invalid_request_error', param, code: 'context_length_exceeded' } };
}

// Codes that OpenAI's clients look for by name; every other failure has our own code.
const openaiCodes: Partial<Record<ErrorCode, string>> = {
  no_credential: 'invalid_api_key',
  invalid_key: 'invalid_api_key',
  revoked_key: 'invalid_api_key',
  expired_key: 'invalid_api_key',
  unknown_model: 'model_not_found',
  over_quota: 'insufficient_quota',
  over_rate: 'rate_limit_exceeded',
  prompt_too_long: 'context_length_exceeded',
  too_many_of_key: 'rate_limit_exceeded',
  too_many_wrong_keys: 'rate_limit_exceeded',
  upstream_rate_limited: 'rate_limit_exceeded',
};

// With these details the tool runners of Anthropic's SDKs send the whole conversation again, without a thread.
const anthropicDetails: Partial<Record<ErrorCode, object>> = {
  cannot_thread: { details: { error_code: 'thread_unsupported_request', unsupported: ['model'] } },
};

function openaiCode(code: ErrorCode): string {
  return openaiCodes[code] ?? code;
}

function withField(error: GatewayError): string {
  return error.field === undefined || error.message.includes(error.field)
    ? error.message
    : `${error.field}: ${error.message}`;
}
