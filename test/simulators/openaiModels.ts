// Which of OpenAI's models think, how hard each can be asked to, and what they refuse while they do. Read from each model's
// own page, developers.openai.com/api/docs/models/…, "reasoning.effort" (2026-11-26); tools in chat completions:
// developers.openai.com/api/docs/guides/deployment-checklist (2026-10). What all of them refuse besides:
// github.com/BerriAI/litellm/pull/21576 (tried against the API, 2026-02).
import { badRequest } from './openaiRefusals';
import { wrongValue } from './openaiChecks';
import { shown, type Json } from './wire';

/** OpenAI's models that think: they take `max_completion_tokens` alone, and no `stop`. */
export function isReasoningModel(id: string): boolean {
  return effortsOf(id).length > 0;
}

/** How hard such a model thinks when nobody says. From gpt-5.1 to gpt-5.4: not at all. */
export function defaultEffort(id: string): string {
  if (!isReasoningModel(id) || /^gpt-5\.[1-4](?!.*(?:pro|codex))/.test(id)) return 'none';
  return /^gpt-5-pro/.test(id) ? 'high' : 'medium';
}

/** An effort that the model does not have. */
export function refuseEffort(effort: unknown, at: string, model: string): void {
  const efforts = effortsOf(model);
  if (effort != null && efforts.length > 0 && !efforts.includes(shown(effort))) throw wrongValue(at, effort, efforts);
}

/** Settings that it does not take while it thinks, and those that it never takes. `effort` is what was asked for. */
export function refuseWhileThinking(request: Json, effort: unknown, model: string): void {
  if (!isReasoningModel(model)) return;
  if ((effort ?? defaultEffort(model)) !== 'none') {
    for (const name of ['temperature', 'top_p'] as const) {
      if (request[name] == null || request[name] === 1) continue;
      const only = 'with this model. Only the default (1) value is supported.';
      throw badRequest(
        `Unsupported value: '${name}' does not support ${shown(request[name])} ${only}`,
        name,
        'unsupported_value',
      );
    }
    for (const name of ['logprobs', 'top_logprobs']) if (request[name] != null && request[name] !== false) refuse(name);
  }
  for (const name of ['presence_penalty', 'frequency_penalty'])
    if (request[name] != null && request[name] !== 0) refuse(name);
  for (const name of ['stop', 'logit_bias']) if (request[name] != null) refuse(name);
}

/** Tools in chat completions: from gpt-5.6 on only without thinking, from gpt-6.1 on and in Astra not at all. */
export function refuseChatTools(tools: unknown, effort: unknown, model: string): void {
  if (!Array.isArray(tools) || tools.length === 0) return;
  const never = /^gpt-6(?:\.\d)?-astra|^gpt-6\.\d/.test(model);
  const taken = !/^gpt-5\.6|^gpt-6/.test(model) || (effort ?? defaultEffort(model)) === 'none';
  if (!never && taken) return;
  throw badRequest(
    `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. To use function tools, ` +
      "use /v1/responses or set reasoning_effort to 'none'.",
    'reasoning_effort',
  );
}

// ---

const UP_TO_MAX = ['low', 'medium', 'high', 'xhigh', 'max'];
const EFFORTS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/-chat/, []],
  [/^gpt-6\.1-terra/, ['none', ...UP_TO_MAX]],
  [/^gpt-6(?:\.\d)?-astra|^gpt-6\.\d/, UP_TO_MAX],
  [/^gpt-6|^gpt-5\.6/, ['none', ...UP_TO_MAX]],
  [/^gpt-5\.\d-pro/, ['medium', 'high', 'xhigh']],
  [/^gpt-5\.(?:1-codex-max|[23]-codex)/, ['low', 'medium', 'high', 'xhigh']],
  [/^gpt-5(?:\.1)?-codex/, ['low', 'medium', 'high']],
  [/^gpt-5\.[2-5]/, ['none', 'low', 'medium', 'high', 'xhigh']],
  [/^gpt-5\.1/, ['none', 'low', 'medium', 'high']],
  [/^gpt-5-pro/, ['high']],
  [/^gpt-5/, ['minimal', 'low', 'medium', 'high']],
  [/^o\d/, ['low', 'medium', 'high']],
];

function effortsOf(id: string): readonly string[] {
  return EFFORTS.find(([pattern]) => pattern.test(id))?.[1] ?? [];
}

function refuse(name: string): never {
  throw badRequest(`Unsupported parameter: '${name}' is not supported with this model.`, name, 'unsupported_parameter');
}
