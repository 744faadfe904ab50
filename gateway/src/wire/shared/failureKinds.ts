// What kind of failure an error object reports, by its status, its codes and its words. An answer with an error status and an
// error inside a 200 are judged by the same.

import type { FailureKind } from '../neutral';
import type { Json } from '../jsonObject';
import { listOr, objectOr, textOr } from './json';

/**
 * The kind of failure that an error is.
 * @param status the HTTP status that it came with, or stands for
 */
export function kindOfError(error: Json, status: number): FailureKind {
  const ofStatus = status === 404 ? 'other' : kindOfStatus(status); // 404 is of a path that the gateway chose
  return operatorsKind(error, status) ?? ofStatus;
}

/** The kind of failure that a status alone tells. Of 4xx that is the client's own mistake, but for those that no request causes. */
export function kindOfStatus(status: number): FailureKind {
  return kinds.get(status) ?? (status >= 400 && status < 500 ? 'bad_request' : 'other');
}

/**
 * The kind of failure that is the trouble of the gateway's operator: the account, its key, its credit, its region, a model
 * that it does not have or that lacks what was asked for; undefined for any other.
 * @param status the HTTP status that it came with, or stands for
 */
export function operatorsKind(error: Json, status: number): OperatorsKind | undefined {
  if (status >= 500 || status === 408) return undefined;
  const text = textOr(error['message']);
  const reasons = listOr(error['details']).map((detail) => objectOr(detail)['reason']);
  const codes = [error['code'], error['type'], ...reasons].map((code) => textOr(code));
  const says = (code: RegExp, words: RegExp) => codes.some((each) => code.test(each)) || words.test(text);
  if (allowanceIn(text) !== undefined) return 'allowance';
  if (status === 402 || says(creditCodes, creditText)) return 'credit';
  if (status === 401 || says(keyCodes, keyText)) return 'credential';
  if (status === 429) return undefined;
  if (says(regionCodes, regionText)) return 'region';
  if (incapableText.test(text)) return 'incapable';
  if (says(modelCodes, modelText)) return 'unknown_model';
  return status === 403 && !isClientsOwn(text) ? 'forbidden' : undefined;
}

/** Kinds of failure that are the operator's trouble. */
export type OperatorsKind = Extract<
  FailureKind,
  'allowance' | 'credit' | 'credential' | 'region' | 'unknown_model' | 'incapable' | 'forbidden'
>;

/** Tokens that an account may use, and those that one request asks for. */
export interface Allowance {
  /** What the tokens are counted by: a minute or day, or what is left of the account's credit. */
  readonly of: 'time' | 'credit';
  readonly most: number;
  readonly asked: number;
}

/**
 * The allowance of an account that one request alone is above, as a provider's message tells it; undefined for any other
 * message, that of a rate which other requests have used up too. Waiting changes nothing, and other requests are answered.
 */
export function allowanceIn(message: string): Allowance | undefined {
  for (const { of, pattern, most, asked } of allowances) {
    const found = pattern.exec(message);
    if (found === null) continue;
    const allowance = { of, most: Number(found[most]), asked: Number(found[asked]) };
    // An account that can afford nothing has no credit left.
    return allowance.asked > allowance.most && allowance.most > 0 ? allowance : undefined;
  }
  return undefined;
}

/**
 * Whether a refusal for lack of permission is of what the client sent, and none of the gateway's key: input that OpenRouter's
 * moderation flagged (https://openrouter.ai/docs/api-reference/errors, 2026-11), a file or cache of somebody else's that it names to
 * Google.
 */
export function isClientsOwn(message: string): boolean {
  return /moderation|flagged|access the (file|cached ?content)/i.test(message);
}

// ---

// OpenRouter, 402: "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only
// afford 3395. …" (https://github.com/newo-ether/Agora/issues/8) and "Prompt tokens limit exceeded: 230799 > 91442. …"
// (https://github.com/anomalyco/opencode/issues/12219). OpenAI, 429: "Request too large for gpt-4o in organization org-… on
// tokens per min (TPM): Limit 30000, Requested 36278. …" (https://github.com/Aider-AI/aider/issues/1880), also inside a
// stream (https://github.com/openai/codex/issues/38366); Groq says the same with 413. An exhausted rate has "Used" between
// the two: "Limit 500, Used 500, Requested 1". All 2026-11.
const allowances: readonly {
  readonly of: Allowance['of'];
  readonly pattern: RegExp;
  readonly most: number;
  readonly asked: number;
}[] = [
  {
    of: 'credit',
    pattern:
      /^This request requires more credits, or fewer max_tokens\. You requested up to (\d+) tokens, but can only afford (\d+)/,
    most: 2,
    asked: 1,
  },
  { of: 'credit', pattern: /^Prompt tokens limit exceeded: (\d+) > (\d+)/, most: 2, asked: 1 },
  {
    of: 'time',
    pattern:
      /^(?:Request too large|Rate limit reached) for [^]{1,600}? tokens per (?:min|minute|day) \(\w+\): Limit (\d+)(?:, Used \d+)?, Requested (\d+)/,
    most: 1,
    asked: 2,
  },
];

// Codes are compared whole, and messages from their beginning: providers repeat values of the request in them, and a client
// must not be able to make a target rest by its words. OpenAI's "exceeded your current quota" is told from Google's, which
// is a rate, by its code. Google's reasons: https://cloud.google.com/apis/design/errors and
// https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto (2026-11).
// Anthropic's usage limits: https://github.com/anthropics/claude-code/issues/2127; OpenRouter's of a key:
// https://openrouter.ai/docs/api-reference/limits; xAI's of a team: https://docs.x.ai/docs/key-information/debugging; xAI's
// refusal of a key with 400: https://github.com/continuedev/continue/issues/10778; Anthropic's of an organisation:
// https://github.com/anthropics/claude-code/issues/19028; Groq's: https://github.com/crewAIInc/crewAI/issues/783. All 2026-11.
const creditCodes = /^(insufficient_quota|billing_(hard_limit_reached|not_active|error)|BILLING_DISABLED)$/;
const creditText =
  /^Your credit balance is too low|^You have reached your specified API usage limits\b|^Key limit exceeded\b|^Your team \S{1,100} has either used all available credits\b/;
const keyCodes = /^(API_KEY_[A-Z_]+|SERVICE_DISABLED|CONSUMER_SUSPENDED|invalid_api_key|organization_restricted)$/;
const keyText =
  /^API key (not valid|expired)|^Your API key was reported as leaked|^Incorrect API key provided\b|^This organization has been disabled\b/;
const regionCodes = /^unsupported_country_region_territory$/;
const regionText = /^User location is not supported/;
// OpenRouter, 404: "No endpoints found that support tool use. …", "… that support image input"
// (https://github.com/bobrware/bobrchat/issues/60, https://github.com/nexu-io/nexu/issues/875). Ollama, 400: "llama3 does not
// support tools" (https://github.com/ollama/ollama/issues/5793). 2026-11.
const incapableText =
  /^no endpoints found that (support|can handle)\b|^"?[\w.:@/+-]{1,200}"? does not support (tools|thinking|chat)\b/i;
const modelCodes = /^(model_not_found|model_decommissioned|DeploymentNotFound)$/;
// Anthropic: "model: claude-…"; OpenAI, vLLM: "The model `x` does not exist"; Google: "models/x is not found for API version";
// Ollama: "model 'x' not found"; Mistral: "Invalid model: x"; OpenRouter: "No endpoints found for x.", "x is not a valid model
// ID" (recorded 2026-11); Google: "This model models/x is no longer available to new users."
// (https://github.com/sohzm/cheating-daddy/issues/459), "Publisher Model `x` was not found or …" (2026-11).
const modelText =
  /^model: |^invalid model\b|^no (allowed )?(endpoints|providers)\b|^[\w.:@/+-]{1,200} is not a valid model ID\b|^publisher model [^]{1,300}? was not found\b|^this model( version| \S{1,200})? (is no longer available|is deprecated|is retired|has been (deprecated|retired|decommissioned|shut down))\b|^(the )?(requested )?models?[\s/`'"][^]{0,200}?(not found|not exist|no longer|decommissioned|retired|deprecated)/i;

// Those of proxies and load balancers in between: 407, 421, 425; 444 of nginx, 460 and 463 of Amazon's. Google says 499 of what
// was cancelled at its own side (https://cloud.google.com/apis/design/errors), Groq 498 of what it has no room for
// (https://console.groq.com/docs/errors, 2026-11).
const kinds: ReadonlyMap<number, FailureKind> = new Map([
  ...[405, 407, 421, 425, 444, 460, 463, 499].map((status): [number, FailureKind] => [status, 'other']),
  [408, 'timed_out'],
  [413, 'too_long'],
  [429, 'rate_limited'],
  [498, 'overloaded'],
  [503, 'overloaded'],
  [504, 'timed_out'],
  [529, 'overloaded'],
]);
