// Facts about Responses. Sources: https://platform.openai.com/docs/api-reference/responses/create,
// https://platform.openai.com/docs/api-reference/responses-streaming and, for counting,
// https://platform.openai.com/docs/api-reference/responses/input-tokens (2026-11).

import type { FormatFacts } from '../formatFacts';
import { isEnvelope } from '../reasoning/envelope';
import { completion } from './completion';
import { decodeSearch } from './searches';
import { isSearchType } from './searchTool';
import { isOurSearch, searchText } from '../shared/webSearch';
import { isObject, listOr, pick } from '../shared/json';
import { firstCount, inner, isReasoningEffort, isSchemaFormat, needed } from '../shared/settings';

export const facts: FormatFacts = {
  format: 'responses',
  namesModelInPath: false,
  optionalOnHosts: true,
  request: {
    conversation: 'input',
    conversationRequired: false, // `prompt` or `previous_response_id` may stand in its place
    maxOutput: (setting) => firstCount(setting, ['max_output_tokens']),
    endUser: (setting) => setting('user'),
    capabilities: (setting) =>
      needed([
        ['json_schema', isSchemaFormat(inner(setting('text'), 'format'))],
        ['reasoning', isReasoningEffort(inner(setting('reasoning'), 'effort'))],
      ]),
    webSearch: {
      field: 'tools',
      marks: [Buffer.from('"web_search')],
      isIn: (tools) => listOr(tools).some((tool) => isSearchType(inner(tool, 'type'))),
    },
    routerFields: [],
  },
  passthrough: {
    withoutEnvelopes: (body) => ({
      ...body,
      ...(Array.isArray(body['input']) ? { input: body['input'].flatMap(withoutEnvelope) } : {}),
    }),
  },
  count: {
    requestOf: (body) => body,
    response: (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
    counter: {
      withModel: (body, model) => ({ ...body, model }),
      fromRequest: (request) =>
        pick(request, [
          'model', 'input', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'text', 'reasoning',
        ]), // prettier-ignore
      tokensField: 'input_tokens',
    },
  },
  // Text and arguments come as deltas; the events that repeat them whole name them otherwise.
  output: {
    texts: [['delta']],
    values: [],
    call: {
      word: '"response.output_item.added"',
      pattern: /"response\.output_item\.added"[^\n]*"type":\s*"(?:function_call|custom_tool_call)"/g,
    },
    callTokens: 10,
  },
  usageField: 'usage',
  usageOnRequest: false,
  isUsageOnly: () => false,
  ...completion,
  errorWord: '"error"',
  sequenceIn(frames) {
    const last = [...frames.matchAll(/"sequence_number":\s*(\d{1,9})/g)].at(-1)?.[1];
    return last === undefined ? undefined : Number(last);
  },
  keepAlive: ': keep-alive\n\n',
  carriesComments: true,
  reasoningPlacement: 'beforeText',
  emptyReasoning: 'hiddenUnlessAsked',
};

// ---

// Reasoning in an envelope goes; a search that we made for another provider's is words.
function withoutEnvelope(item: unknown): unknown[] {
  if (!isObject(item)) return [item];
  if (isEnvelope(item['encrypted_content'])) return [];
  if (item['type'] !== 'web_search_call' || !isOurSearch(item['id'])) return [item];
  const search = decodeSearch(item);
  const text = search === undefined ? '' : searchText(search);
  return text === '' ? [] : [{ role: 'assistant', content: text }];
}
