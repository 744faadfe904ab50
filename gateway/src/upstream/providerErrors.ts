// A provider's failure as an error for a client of another format: the status and the message decide the kind; the message
// reaches the client only where the client caused the failure. Sources:
// https://platform.openai.com/docs/guides/error-codes#api-errors, https://platform.claude.com/docs/en/api/errors,
// https://cloud.google.com/apis/design/errors (2026-11).

import type { Account } from '../../../config/accounts';
import type { ChatRefusal } from '../../../config/catalogue';
import type { Target } from '../../../config/target';
import { textOf } from '../core/byteOrderMark';
import { GatewayError } from '../core/errors';
import { parseLoose } from '../core/looseJson';
import { isObject, listOr, objectOr, textOr } from '../wire/shared/json';
import type { AnswerFailure } from '../wire/formatFacts';
import { allowanceIn, kindOfStatus, type OperatorsKind, operatorsKind } from '../wire/shared/failureKinds';
import { tooLongIn } from '../wire/shared/tooLong';

/**
 * The error for a whole response with an error status: its code decides whether another target is tried.
 * @param headers of the gateway's response to the client
 * @param account that the target was called with
 */
export function translateError(
  status: number,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
  target: Target,
  account: CalledAccount,
): GatewayError {
  const error = errorOf(bytes);
  const text = textOr(error['message']).slice(0, 2_000);
  const message = `${target.label} refused the request (${status})${text === '' ? '.' : `: ${text}`}`;
  if (mayBeTooLong.has(status) && allowanceIn(text) === undefined) {
    const tooLong = tooLongIn(error);
    if (tooLong !== undefined)
      return new GatewayError('prompt_too_long', { headers, tokens: { most: target.context, ...tooLong } });
  }
  const operators = operatorsKind(error, status);
  if (operators !== undefined) return operatorsError(operators, text, message, headers, namesOf(target, account));
  if (status === 429) {
    const wait = retryDelay(error);
    const withWait =
      wait === undefined || headers['retry-after'] !== undefined ? headers : { ...headers, 'retry-after': wait };
    return new GatewayError('upstream_rate_limited', { headers: withWait });
  }
  if (isAboutPath(status, bytes)) return new GatewayError('upstream_error', { message: noPath, headers });
  const kind = kindOfStatus(status);
  if (kind === 'overloaded') return new GatewayError('upstream_overloaded', { headers });
  if (kind === 'timed_out') return new GatewayError('upstream_timeout', { headers });
  if (kind === 'other' || generationText.test(text)) return new GatewayError('upstream_error', { headers });
  if (status === 404) return new GatewayError('not_found', { message, headers });
  return new GatewayError(status === 413 ? 'body_too_large' : 'bad_request', { message, headers });
}

/** Whether a refusal says that the host has nothing at the path, rather than that it lacks a model or an item. */
export function isAboutPath(status: number, bytes: Buffer): boolean {
  if (status === 405 || status === 501) return true;
  if (status !== 404) return false;
  const error = errorOf(bytes);
  const text = textOr(error['message']);
  const kind = operatorsKind(error, status);
  return kind !== 'unknown_model' && kind !== 'incapable' && (text === '' || pathText.test(text));
}

/** What OpenAI refuses of a model as chat completions and takes as Responses, by a refusal; undefined where it is another. */
export function chatRefusalIn(status: number, bytes: Buffer): ChatRefusal | undefined {
  if (status !== 400 && status !== 404) return undefined;
  const message = textOr(errorOf(bytes)['message']);
  if (reasonedToolsText.test(message)) return 'reasoned_tools';
  return responsesText.test(message) ? 'all' : undefined;
}

/** Whether OpenAI refuses the older name of the maximum, and names the newer. */
export function isOfOlderMaximum(bytes: Buffer): boolean {
  return olderMaximumText.test(textOr(errorOf(bytes)['message']));
}

/** The error for a failure inside a response. */
export function failureError({ kind, message }: AnswerFailure): GatewayError {
  switch (kind) {
    case 'overloaded':
      return new GatewayError('upstream_overloaded');
    case 'rate_limited':
      return new GatewayError('upstream_rate_limited');
    case 'too_long':
      return new GatewayError('prompt_too_long', {
        tokens: { sent: undefined, most: undefined, ...tooLongIn({ message }) },
      });
    case 'bad_request':
      return new GatewayError('bad_request', {
        message: `The provider refused the request: ${message.slice(0, 2_000)}`,
      });
    case 'timed_out':
      return new GatewayError('upstream_timeout');
    case 'other':
      return new GatewayError('upstream_error');
    default:
      return operatorsError(kind, message, `The provider refused the request: ${message.slice(0, 2_000)}`, {});
  }
}

// ---

/** Statuses with which a prompt is refused as too long; some hosts of one's own take it for a fault of theirs. */
const mayBeTooLong: ReadonlySet<number> = new Set([400, 413, 422, 500]);

// Of text-generation-inference, with the status 424 (https://huggingface.github.io/text-generation-inference, 2026-11). Groq
// says 424 of a tool's server that the client named.
const generationText = /^Request failed during generation\b/;

// What hosts say of a path that they do not have. OpenAI: "Invalid URL (POST /v1/…)"; Express: "Cannot POST /…"; Go: "404
// page not found"; FastAPI: "Not Found" (recorded 2026-11).
const pathText =
  /^(404:? )?((page|file|path|route|endpoint|url|resource) )?not found\.?$|^(invalid url|unknown (request )?(url|path|route|endpoint)|no such (path|route|endpoint)|no route|unrecognized request url|cannot post|method not allowed)|^(the )?(requested )?(url|path|route|endpoint|resource|page)\b/i;

// "This model is only supported in v1/responses and not in v1/chat/completions." and "This is not a chat model and thus not
// supported in the v1/chat/completions endpoint. …" (404); "Function tools with reasoning_effort are not supported for
// gpt-5.4-mini in /v1/chat/completions. Please use /v1/responses instead." (400). As in the issues that overrides.ts of the
// catalogue names (2026-11).
const responsesText =
  /^This model is only supported in v1\/responses\b|^This is not a chat model and thus not supported in the v1\/chat\/completions\b/;
const reasonedToolsText =
  /^Function tools with reasoning_effort are not supported for [^]{1,300}? in \/v1\/chat\/completions\b/;

// "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
// Source: https://github.com/griptape-ai/ComfyUI-Griptape/issues/312 (2026-11).
const olderMaximumText = /'max_tokens' is not supported with this model\. Use 'max_completion_tokens' instead/;

/** The failure of a kind that is the operator's trouble. @param text what the provider says; @param message ours, with it */
function operatorsError(
  kind: OperatorsKind,
  text: string,
  message: string,
  headers: Readonly<Record<string, string>>,
  names?: OperatorsNames,
): GatewayError {
  const told = names === undefined ? {} : { message: operatorsMessage(kind, names) };
  switch (kind) {
    case 'allowance':
      return new GatewayError('upstream_allowance', { headers: withoutWait(headers), message: allowanceMessage(text) });
    case 'credit':
      return new GatewayError('upstream_credential', { headers, message: noCredit, ...told });
    case 'credential':
      return new GatewayError('upstream_credential', { headers, ...told });
    case 'region':
      return new GatewayError('upstream_credential', { headers, message: noRegion, ...told });
    case 'unknown_model':
      return new GatewayError('unknown_model', { headers, message });
    case 'incapable':
      return new GatewayError('no_capable_target', { headers, message });
    case 'forbidden':
      return new GatewayError('upstream_forbidden', { headers, ...told });
  }
}

/** What of an account the operator knows it by. */
export type CalledAccount = Pick<Account, 'name' | 'variable'>;

/** What the operator has to look after, in the settings' own words. */
interface OperatorsNames {
  readonly provider: string;
  readonly model: string;
  readonly account: string;
  /** Where its key stands. */
  readonly setting: string;
}

function namesOf({ provider, label }: Target, { name, variable }: CalledAccount): OperatorsNames {
  const setting =
    variable === undefined
      ? `a variable that providers.${provider}.api_key_env names`
      : `${variable} (of a stack, provider_keys.${provider})`;
  return { provider, model: label, account: `its account "${name}"`, setting };
}

function operatorsMessage(kind: OperatorsKind, { provider, model, account, setting }: OperatorsNames): string {
  switch (kind) {
    case 'credit':
      return `The provider ${provider} says that ${account} on this gateway has no credit left; the operator can add some there.`;
    case 'region':
      return `The provider ${provider} does not serve the region that this gateway stands in; the operator can take ${model} out of the route, or move the gateway.`;
    case 'forbidden':
      return `The provider ${provider} does not let the gateway's own key of ${account} use ${model}; the operator must have it enabled there, or take it out of the route.`;
    default:
      return `The provider ${provider} refused the gateway's own key of ${account}; the operator must put a valid one into ${setting}.`;
  }
}

// Its own words name the account.
function allowanceMessage(text: string): string {
  const { of, most, asked } = allowanceIn(text) ?? { of: 'time', most: 0, asked: 0 };
  const account = "the provider's account on this gateway";
  return of === 'credit'
    ? `This request may use ${asked} tokens, and ${account} has credit for ${most}: ask for a smaller maximum of output tokens, or send a shorter prompt.`
    : `This request needs ${asked} tokens, and ${account} may use ${most} in the time its limit is counted by: send a shorter prompt, or ask for a smaller maximum of output tokens.`;
}

// No wait makes the request smaller.
function withoutWait({ 'retry-after': _wait, ...headers }: Readonly<Record<string, string>>): Record<string, string> {
  return headers;
}

const noCredit = "The provider's account on this gateway has no credit left; its operator can add some.";
const noRegion = 'The provider does not serve the region that this gateway stands in.';
const noPath = 'The provider has nothing at the path of this API; the operator can check its base_url.';

// Hosts put the error into an object, a text, or the body itself (vLLM; FastAPI as `detail`).
function errorOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = parseLoose(textOf(bytes));
    const inner = objectOr(Array.isArray(body) ? body[0] : body); // Gemini's stream is a list
    const { error } = inner;
    if (isObject(error)) return error;
    if (typeof error === 'string') return { message: error };
    return inner['message'] === undefined && inner['detail'] !== undefined
      ? { ...inner, message: inner['detail'] }
      : inner;
  } catch {
    return {};
  }
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
