// Whether an error says that the prompt is above the model's context window. An answer with an error status and an error
// inside a 200 are judged by the same.

import type { Json } from '../jsonObject';
import { countOr, textOr } from './json';

/** The tokens of a prompt that is too long, and the most there may be, where the provider names them. */
export interface TooLong {
  readonly sent: number | undefined;
  readonly most?: number;
}

/** What an error says of a prompt that is too long; undefined where it says something else. */
export function tooLongIn(error: Json): TooLong | undefined {
  const message = textOr(error['message']).slice(0, longestMessage);
  for (const { pattern, sent, most } of messages) {
    const found = pattern.exec(message);
    if (found !== null) return counts(Number(found[sent] ?? 0), Number(found[most] ?? 0));
  }
  return codes.test(textOr(error['code'])) || codes.test(textOr(error['type']))
    ? counts(countOr(error['n_prompt_tokens']), countOr(error['n_ctx']))
    : undefined;
}

// ---

const longestMessage = 2_000;

function counts(sent: number, most: number): TooLong {
  return { sent: sent || undefined, ...(most > 0 ? { most } : {}) };
}

// OpenAI's, and llama.cpp's with its counts beside it (https://github.com/ggml-org/llama.cpp/pull/15780, 2026-11).
const codes = /^(context_length_exceeded|exceed_context_size_error)$/;

/**
 * Each provider's message, with the places of its two counts where it names them (recorded 2026-11). Beside the large ones:
 * Fireworks; xAI (https://github.com/cline/cline/issues/3120); Mistral; Cerebras (https://github.com/cline/cline/issues/5140)
 * and Groq (https://github.com/letta-ai/letta/issues/1963); llama.cpp and its Python server; Bedrock; text-generation-inference;
 * vLLM (https://github.com/xorbitsai/inference/issues/3785, https://github.com/vllm-project/vllm/issues/12165); SGLang; Cohere;
 * Alibaba; Azure.
 */
const messages: readonly { readonly pattern: RegExp; readonly sent: number; readonly most: number }[] = [
  { pattern: /prompt is too long: (\d+), model maximum context length: (\d+)/i, sent: 1, most: 2 },
  { pattern: /prompt is too long(?::\s*(\d+) tokens? > (\d+))?/i, sent: 1, most: 2 },
  { pattern: /maximum context length is (\d+) tokens(?:.*?(?:resulted in|requested)(?: about)? (\d+) tokens)?/is, sent: 2, most: 1 },
  { pattern: /maximum context length of (\d+) tokens(?:.*?total of (\d+) tokens)?/is, sent: 2, most: 1 },
  { pattern: /input token count(?: of)? \(?(\d+)\)? exceeds the maximum number of tokens allowed \(?(\d+)?/i, sent: 1, most: 2 },
  { pattern: /exceeds? (?:the|this) (?:model's )?context (?:window|length)/i, sent: 1, most: 2 },
  { pattern: /input length and `?max_tokens`? exceed context limit: (\d+) \+ \d+ > (\d+)/i, sent: 1, most: 2 },
  { pattern: /maximum prompt length is (\d+) but the request contains (\d+) tokens/i, sent: 2, most: 1 },
  { pattern: /prompt contains (\d+) tokens[^]{0,100}? too large for model with (\d+) maximum context length/i, sent: 1, most: 2 },
  { pattern: /^please reduce the length of the messages[^]{0,40}?(?:current length is (\d+) while limit is (\d+)|$)/i, sent: 1, most: 2 },
  { pattern: /request(?: \((\d+) tokens\))? exceeds the available context size(?: \((\d+) tokens\))?/i, sent: 1, most: 2 },
  { pattern: /requested tokens \((\d+)\) exceed context window of (\d+)/i, sent: 1, most: 2 },
  { pattern: /input is too long for requested model/i, sent: 1, most: 2 },
  { pattern: /`inputs` tokens \+ `max_new_tokens` must be <= (\d+)\. Given: (\d+)/i, sent: 2, most: 1 },
  { pattern: /prompt \((?:total )?length (\d+)\) is (?:longer than the maximum model length of|too long to fit into the model \(context length) (\d+)/i, sent: 1, most: 2 },
  { pattern: /input \((\d+) tokens\) is longer than the model's context length \((\d+) tokens\)/i, sent: 1, most: 2 },
  { pattern: /^too many tokens: [^]{0,100}?cannot exceed (\d+)(?: - received (\d+))?/i, sent: 2, most: 1 },
  { pattern: /range of input length should be \[\d+, (\d+)\]/i, sent: 2, most: 1 },
  { pattern: /input tokens exceed the configured limit of (\d+) tokens(?:.*?resulted in (\d+) tokens)?/is, sent: 2, most: 1 },
]; // prettier-ignore
