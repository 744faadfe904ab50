// Facts about chat completions. Sources: https://platform.openai.com/docs/api-reference/chat/create and
// https://platform.openai.com/docs/api-reference/chat/streaming (2026-11).

import type { FormatFacts } from '../formatFacts';
import { completion } from './completion';
import { isObject, listOr } from '../shared/json';
import { countOf, firstCount, inner, isReasoningEffort, isSchemaFormat, needed } from '../shared/settings';

export const facts: FormatFacts = {
  format: 'chat',
  namesModelInPath: false,
  optionalOnHosts: false,
  request: {
    conversation: 'messages',
    conversationRequired: true,
    // Cursor sends bodies of Responses to the path of chat completions.
    alsoReceives: { format: 'responses', has: 'input', lacks: 'messages' },
    maxOutput: (setting) => firstCount(setting, ['max_completion_tokens', 'max_tokens']),
    answers: (setting) => countOf(setting('n')),
    // OpenAI's reasoning models refuse the older name, which most clients of other hosts send.
    renamedMaxOutput: { older: 'max_tokens', newer: 'max_completion_tokens' },
    endUser: (setting) => setting('user'),
    capabilities: (setting) =>
      needed([
        ['json_schema', isSchemaFormat(setting('response_format'))],
        ['reasoning', isReasoningEffort(setting('reasoning_effort'))],
      ]),
    webSearch: { field: 'web_search_options', marks: [Buffer.from('{')], isIn: isObject },
    wantsUsage: (setting) => inner(setting('stream_options'), 'include_usage') === true,
    // Source: https://openrouter.ai/docs/api-reference/overview. Hosts other than OpenAI get them as they are: one may
    // be OpenRouter itself.
    routerFields: ['reasoning', 'include_reasoning', 'provider', 'models', 'usage', 'plugins', 'transforms'],
    // Cursor declares tools as Anthropic does when a model's name begins with claude-, whichever model that name means.
    foreignTools: Buffer.from('"input_schema"'),
  },
  passthrough: {
    withoutEnvelopes: (body) => ({ ...body, messages: listOr(body['messages']).map(withoutDetails) }),
  },
  count: {
    requestOf: (body) => body,
    response: (tokens) => ({ input_tokens: tokens }),
  },
  output: {
    // `reasoning_content` is DeepSeek's and vLLM's name, `reasoning` OpenRouter's; some hosts send both.
    texts: [['content'], ['reasoning_content', 'reasoning'], ['refusal'], ['name'], ['arguments']],
    values: [],
    call: { word: '"tool_calls"', pattern: /"name":\s*"[^"]/g },
    callTokens: 10,
  },
  usageField: 'usage',
  usageOnRequest: true,
  isUsageOnly: (event) => Array.isArray(event['choices']) && event['choices'].length === 0,
  ...completion,
  errorWord: '"error"',
  keepAlive: ': keep-alive\n\n',
  carriesComments: true,
  reasoningPlacement: 'beforeText',
  emptyReasoning: 'kept',
};

// ---

function withoutDetails(message: unknown): unknown {
  if (!isObject(message) || !('reasoning_details' in message)) return message;
  const { reasoning_details: _details, ...kept } = message;
  return kept;
}
