// Values of a Responses request's `include`. Source:
// https://platform.openai.com/docs/api-reference/responses/create, "include" (2026-11).

/** Asks for the log probabilities of the response's text. */
export const includeLogprobs = 'message.output_text.logprobs';

/** Asks for the encrypted form of reasoning, which is asked for in any case. */
export const includeEncryptedReasoning = 'reasoning.encrypted_content';

/** Asks for the addresses that a web search has found; without it only those that are cited are told. */
export const includeSources = 'web_search_call.action.sources';
