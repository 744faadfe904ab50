// Facts about chat completions. Sources: https://platform.openai.com/docs/api-reference/chat/create and
// https://platform.openai.com/docs/api-reference/chat/streaming (2026-11).

import type { Target } from '../../../../config/target';
import type { FormatFacts, SettingReader } from '../formatFacts';
import { chatRefuses, searchesInChat } from '../shared/modelProfiles';
import { completion } from './completion';
import { isEffort } from '../reasoning/effort';
import { demanded, isForcedChoice, isSeveral, isStop } from '../shared/demanded';
import { isObject, listOr } from '../shared/json';
import { openaiHonours } from '../shared/openaiSettings';
import { countOf, firstCount, inner, isReasoningEffort, isSchemaFormat, needed } from '../shared/settings';
import { mend, mendable } from './mend';

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
    webSearch: {
      field: 'web_search_options',
      marks: [Buffer.from('{')],
      placesIn: (options) => (isObject(options) ? ['web_search_options'] : []),
      without: ({ web_search_options: _search, ...body }) => body,
    },
    wantsUsage: (setting) => inner(setting('stream_options'), 'include_usage') === true,
    demanding: ['tool_choice', 'n', 'logprobs', 'stop'],
    demands({ setting }) {
      const effort = setting('reasoning_effort');
      return {
        list: demanded([
          ['forced_tool', 'tool_choice', isForcedChoice(setting('tool_choice'))],
          ['n', 'n', isSeveral(setting('n'))],
          ['logprobs', 'logprobs', setting('logprobs') === true],
          ['stop', 'stop', isStop(setting('stop'))],
        ]),
        ...(isEffort(effort) ? { effort } : {}),
      };
    },
    // Source: https://openrouter.ai/docs/api-reference/overview (2026-11). Hosts other than OpenAI get them as they are: one may
    // be OpenRouter itself.
    routerFields: ['reasoning', 'include_reasoning', 'provider', 'models', 'usage', 'plugins', 'transforms'],
    // Cursor declares tools as Anthropic does when a model's name begins with claude-, whichever model that name means.
    foreignTools: Buffer.from('"input_schema"'),
  },
  passthrough: {
    mendable,
    mend,
    honours: (kind, target, effort) => openaiHonours(kind, target, effort),
    withoutEnvelopes: (body) => ({ ...body, messages: listOr(body['messages']).map(withoutDetails) }),
    refused: (target, needs, setting) =>
      chatRefuses(target.row?.chat_refuses, needs.includes('tools'), setting('reasoning_effort') ?? undefined) ||
      (needs.includes('web_search') && isSearchRefused(target, setting)),
    refusedAs: (refusal, needs, setting) =>
      chatRefuses(refusal, needs.includes('tools'), setting('reasoning_effort') ?? undefined),
    // OpenAI: "Invalid type for 'messages[0].content[0].image_url': expected an object, but got a string instead." (2026-11)
    plainImages: {
      key: 'image_url',
      asObjects: (body) => ({ ...body, messages: listOr(body['messages']).map(withImageObjects) }),
    },
  },
  count: {
    requestOf: (body) => body,
    response: (tokens) => ({ input_tokens: tokens }),
  },
  output: {
    // `reasoning_content` is DeepSeek's and vLLM's name, `reasoning` OpenRouter's; some hosts send both.
    texts: [['content'], ['reasoning_content', 'reasoning'], ['refusal'], ['name'], ['arguments']],
    values: [],
    call: { field: 'name', behind: 'tool_calls' },
    callTokens: 10,
  },
  argsAreObjects: false,
  objectArgs: ['arguments'],
  usageField: 'usage',
  usageOnRequest: true,
  isUsageOnly: (event) => Array.isArray(event['choices']) && event['choices'].length === 0,
  ...completion,
  errorWord: 'error',
  repeatsAnswer: false,
  keepAlive: ': keep-alive\n\n',
  carriesComments: true,
  reasoningPlacement: 'beforeText',
  emptyReasoning: 'kept',
};

// ---

// OpenAI searches in Responses, which gives one answer and takes no stop sequences.
function isSearchRefused(target: Target, setting: SettingReader): boolean {
  if (searchesInChat(target) || !target.capabilities.has('web_search')) return false;
  return !isSeveral(setting('n')) && !isStop(setting('stop'));
}

function withImageObjects(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message['content'])) return message;
  const content = message['content'].map((part: unknown) =>
    isObject(part) && typeof part['image_url'] === 'string' ? { ...part, image_url: { url: part['image_url'] } } : part,
  );
  return { ...message, content };
}

function withoutDetails(message: unknown): unknown {
  if (!isObject(message) || !('reasoning_details' in message)) return message;
  const { reasoning_details: _details, ...kept } = message;
  return kept;
}
