// Facts about Responses. Sources: https://platform.openai.com/docs/api-reference/responses/create,
// https://platform.openai.com/docs/api-reference/responses-streaming and, for counting,
// https://platform.openai.com/docs/api-reference/responses/input-tokens (2026-11).

import { lastObjectOf } from '../../core/jsonTail';
import type { FormatFacts } from '../formatFacts';
import { isEnvelope } from '../reasoning/envelope';
import { completion } from './completion';
import { isEffort } from '../reasoning/effort';
import { decodeSearch } from './searches';
import { isSearch } from './searchTool';
import { demanded, isForcedChoice } from '../shared/demanded';
import { isObject, listOr, objectOr, pick } from '../shared/json';
import { openMatchCounter, openSum } from '../shared/searchCounter';
import { placesOf, withoutTools } from '../shared/searchTools';
import { openaiHonours } from '../shared/openaiSettings';
import { isOurSearch, searchText } from '../shared/webSearch';
import { includeLogprobs } from './includes';
import { mend, mendable } from './mend';
import { countOf, firstCount, inner, isReasoningEffort, isSchemaFormat, needed } from '../shared/settings';

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
    demanding: ['tool_choice', 'top_logprobs', 'include'],
    demands({ setting }) {
      const effort = inner(setting('reasoning'), 'effort');
      const included = listOr(setting('include')).includes(includeLogprobs);
      return {
        list: demanded([
          ['forced_tool', 'tool_choice', isForcedChoice(setting('tool_choice'))],
          [
            'logprobs',
            included ? 'include' : 'top_logprobs',
            included || countOf(setting('top_logprobs')) !== undefined,
          ],
        ]),
        ...(isEffort(effort) ? { effort } : {}),
      };
    },
    webSearch: {
      field: 'tools',
      marks: [Buffer.from('"web_search')],
      placesIn: (tools) => placesOf(listOr(tools), isSearch),
      without: (body) => withoutTools(body, isSearch, isSearch),
      most: (setting) => firstCount(setting, ['max_tool_calls']),
    },
    routerFields: [],
  },
  passthrough: {
    mendable,
    mend,
    honours: (kind, target, effort) => openaiHonours(kind, target, effort),
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
    call: { field: 'type', values: ['function_call', 'custom_tool_call'], behind: 'response.output_item.added' },
    callTokens: 10,
  },
  argsAreObjects: false,
  objectArgs: ['arguments', 'output'],
  usageField: 'usage',
  searches: {
    words: ['web_search_call'],
    openTally: () =>
      openSum((event) => {
        const item = objectOr(event['item']);
        const isDone = event['type'] === 'response.output_item.done' && item['type'] === 'web_search_call';
        return isDone && decodeSearch(item) !== undefined ? 1 : 0;
      }),
    openCounter: () => openMatchCounter('"search"', /"type":\s*"search"/g), // what a call did; others open a page
    atEnd: (tail) => ({ tool_usage: lastObjectOf(tail, 'tool_usage') }),
  },
  usageOnRequest: false,
  isUsageOnly: () => false,
  ...completion,
  errorWord: 'error',
  sequenceIn(frames) {
    const at = frames.lastIndexOf(sequenceName);
    if (at < 0) return undefined;
    const number = /^\s*(\d{1,9})/.exec(
      frames.toString('latin1', at + sequenceName.length, at + sequenceName.length + mostNumber),
    )?.[1];
    return number === undefined ? undefined : Number(number);
  },
  repeatsAnswer: true,
  keepAlive: ': keep-alive\n\n',
  carriesComments: true,
  summarySetting: ['reasoning', 'summary'],
  reasoningPlacement: 'beforeText',
  emptyReasoning: 'hiddenUnlessAsked',
};

// ---

const sequenceName = '"sequence_number":';
/** Bytes in which the number stands behind its name. */
const mostNumber = 20;

// Reasoning in an envelope goes; a search that we made for another provider's is words.
function withoutEnvelope(item: unknown): unknown[] {
  if (!isObject(item)) return [item];
  if (isEnvelope(item['encrypted_content'])) return [];
  if (item['type'] !== 'web_search_call' || !isOurSearch(item['id'])) return [item];
  const search = decodeSearch(item);
  const text = search === undefined ? '' : searchText(search);
  return text === '' ? [] : [{ role: 'assistant', content: text }];
}
