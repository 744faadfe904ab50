// How our own failures look in each client's dialect, whole or inside a stream, so that its SDK raises its own error type.

import { type ErrorCode, errorTable, type GatewayError } from './errors';

/** Whose API the client speaks; chosen by the path it called. */
export type Dialect = 'openai' | 'responses' | 'anthropic' | 'gemini' | 'openrouter' | 'admin';

/** The JSON body of a failure. @param requestId shown to the client, and found in the log line. */
export function errorBody(dialect: Dialect, error: GatewayError, requestId: string): string {
  return JSON.stringify(shape(dialect, error, requestId));
}

/**
 * The last words of a stream that cannot be finished: the dialect's own error event and no clean end.
 * Sources: Anthropic "Streaming Messages" (error events), OpenAI Responses (`error` event), and the openai SDK,
 * which raises on a chat chunk with a top-level `error`.
 */
export function streamError(dialect: Dialect, error: GatewayError, requestId: string): string {
  const body = JSON.stringify(shape(dialect, error, requestId));
  switch (dialect) {
    case 'anthropic':
      return `event: error\ndata: ${body}\n\n`;
    case 'responses':
      return `event: error\ndata: ${JSON.stringify({ type: 'error', code: error.code, message: error.message, param: error.field ?? null })}\n\n`;
    case 'openai':
    case 'openrouter':
    case 'gemini':
    case 'admin':
      return `data: ${body}\n\n`;
  }
}

// ---

function shape(dialect: Dialect, error: GatewayError, requestId: string): unknown {
  const row = errorTable[error.code];
  if (error.code === 'prompt_too_long') return tooLong(dialect, error, requestId);
  switch (dialect) {
    case 'anthropic':
      return {
        type: 'error',
        error: { type: row.anthropic, message: withField(error), ...anthropicDetails[error.code] },
        request_id: requestId,
      };
    case 'gemini':
      return { error: { code: row.status, message: withField(error), status: row.gemini } };
    case 'openrouter':
      return {
        error: { code: row.status, message: withField(error), metadata: { error_type: openaiCode(error.code) } },
      };
    case 'openai':
    case 'responses':
    case 'admin':
      return {
        error: { message: error.message, type: row.openai, param: error.field ?? null, code: openaiCode(error.code) },
      };
  }
}

// Codes that clients of OpenAI look for by name; the others carry our own.
const openaiCodes: Partial<Record<ErrorCode, string>> = {
  no_credential: 'invalid_api_key',
  invalid_key: 'invalid_api_key',
  revoked_key: 'invalid_api_key',
  unknown_model: 'model_not_found',
  over_quota: 'insufficient_quota',
  prompt_too_long: 'context_length_exceeded',
  too_many_of_key: 'rate_limit_exceeded',
  upstream_rate_limited: 'rate_limit_exceeded',
};

// By these the tool runners of Anthropic's SDKs go on without a thread, with the whole conversation.
const anthropicDetails: Partial<Record<ErrorCode, object>> = {
  cannot_thread: { details: { error_code: 'thread_unsupported_request', unsupported: ['model'] } },
};

// Clients shorten their conversation by themselves when they read their own provider's words for it.
function tooLong(dialect: Dialect, { tokens }: GatewayError, requestId: string): unknown {
  const sent = tokens?.sent ?? 0;
  const most = tokens?.most ?? 0;
  const known = sent > 0 && most > 0;
  switch (dialect) {
    case 'anthropic': {
      const message = known ? `prompt is too long: ${sent} tokens > ${most} maximum` : 'prompt is too long';
      return { type: 'error', error: { type: 'invalid_request_error', message }, request_id: requestId };
    }
    case 'gemini': {
      const counts = known ? ` (${sent})` : '';
      const limit = known ? ` (${most})` : '';
      const message = `The input token count${counts} exceeds the maximum number of tokens allowed${limit}.`;
      return { error: { code: 400, message, status: 'INVALID_ARGUMENT' } };
    }
    case 'openrouter': {
      const message = `This endpoint's maximum context length is ${known ? most : 'smaller'}. However, you requested ${known ? `about ${sent} tokens` : 'more'}. Please shorten the conversation.`;
      return { error: { code: 400, message, metadata: { error_type: 'context_length_exceeded' } } };
    }
    case 'openai':
    case 'responses':
    case 'admin': {
      const message = known
        ? `This model's maximum context length is ${most} tokens. However, your messages resulted in ${sent} tokens. Please reduce the length of the messages.`
        : "Your input exceeds this model's context window. Please reduce the length of the messages.";
      const param = dialect === 'responses' ? 'input' : 'messages';
      return { error: { message, type: 'invalid_request_error', param, code: 'context_length_exceeded' } };
    }
  }
}

function openaiCode(code: ErrorCode): string {
  return openaiCodes[code] ?? code;
}

function withField(error: GatewayError): string {
  return error.field === undefined || error.message.includes(error.field)
    ? error.message
    : `${error.field}: ${error.message}`;
}
