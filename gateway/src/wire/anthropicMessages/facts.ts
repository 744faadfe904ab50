// Facts about Anthropic messages. Sources: https://platform.claude.com/docs/en/api/messages,
// https://platform.claude.com/docs/en/build-with-claude/streaming and, for counting,
// https://platform.claude.com/docs/en/api/messages-count-tokens (2026-11).

import type { Json } from '../jsonObject';
import type { FormatFacts } from '../formatFacts';
import { isEnvelope } from '../reasoning/envelope';
import { completion } from './completion';
import { isSearch, searchName } from './searchTool';
import { isObject, listOr, objectOr, pick, textOr } from '../shared/json';
import { decodeSearchBlock } from '../shared/anthropicBlocks';
import { openMatchCounter, openSum } from '../shared/searchCounter';
import { placesOf, withoutTools } from '../shared/searchTools';
import { demanded, isStop } from '../shared/demanded';
import { claudeProfile, knownClaude } from '../shared/modelProfiles';
import { isOurSearch, searchText } from '../shared/webSearch';
import { countOf, firstCount, inner, needed } from '../shared/settings';
import { mend, mendable } from './mend';

export const facts: FormatFacts = {
  format: 'messages',
  namesModelInPath: false,
  optionalOnHosts: false,
  request: {
    conversation: 'messages',
    conversationRequired: true,
    maxOutput: (setting) => firstCount(setting, ['max_tokens']),
    endUser: (setting) => inner(setting('metadata'), 'user_id'),
    capabilities: (setting) =>
      needed([
        ['reasoning', inner(setting('thinking'), 'type') === 'enabled'],
        ['json_schema', isObject(inner(setting('output_config'), 'format'))],
      ]),
    // Every request has messages, but the last of them is looked at only for a model that the gateway chose.
    demanding: ['messages'],
    demands: ({ setting, lastRole }) => ({
      list: demanded([
        ['prefill', 'messages', lastRole('messages') === 'assistant'],
        ['forced_tool', 'tool_choice', forcing.has(inner(setting('tool_choice'), 'type'))],
        ['stop', 'stop_sequences', isStop(setting('stop_sequences'))],
      ]),
    }),
    webSearch: {
      field: 'tools',
      marks: [Buffer.from('"web_search_')],
      placesIn: (tools) => placesOf(listOr(tools), isSearch),
      without: (body) => withoutTools(body, isSearch, (choice) => inner(choice, 'name') === searchName),
      most: (setting) => countOf(inner(listOr(setting('tools')).find(isSearch), 'max_uses')),
    },
    routerFields: [],
  },
  passthrough: {
    mendable,
    mend,
    honours(kind, target) {
      const profile = knownClaude(target);
      if (kind === 'prefill') return profile?.prefill ?? true;
      if (kind === 'forced_tool') return profile?.forcedTool ?? true;
      return kind === 'stop';
    },
    withoutEnvelopes: (body) => ({ ...body, messages: listOr(body['messages']).map(withoutEnvelopes) }),
    systemTurns: {
      taken: (target) => claudeProfile(target).systemTurns,
      marks: ['"role":"system"', '"role": "system"'],
      asUser: (body) => ({ ...body, messages: listOr(body['messages']).map(systemAsUser) }),
    },
  },
  count: {
    requestOf: (body) => body,
    response: (tokens) => ({ input_tokens: tokens }),
    counter: {
      withModel: (body, model) => ({ ...body, model }),
      fromRequest: (request) => pick(request, ['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking']),
      tokensField: 'input_tokens',
    },
  },
  output: {
    texts: [['text'], ['thinking'], ['name'], ['partial_json']],
    values: [],
    call: { field: 'type', values: ['tool_use'] },
    callTokens: 30,
  },
  argsAreObjects: true,
  objectArgs: ['input'],
  usageField: 'usage',
  // A search that failed is not charged for: its result is an object, and no list.
  searches: {
    words: ['web_search_tool_result'],
    openTally: () =>
      openSum((event) => {
        const block = objectOr(event['content_block']);
        return block['type'] === 'web_search_tool_result' && Array.isArray(block['content']) ? 1 : 0;
      }),
    openCounter: () => openMatchCounter('"web_search_tool_result"', /"web_search_tool_result"/g),
  },
  usageOnRequest: false,
  isUsageOnly: () => false,
  ...completion,
  errorWord: 'error',
  repeatsAnswer: false,
  keepAlive: 'event: ping\ndata: {"type":"ping"}\n\n',
  carriesComments: true,
  reasoningPlacement: 'beforeText',
  emptyReasoning: 'hiddenAtEnd',
};

// ---

const forcing: ReadonlySet<unknown> = new Set(['any', 'tool']);

function systemAsUser(message: unknown): unknown {
  if (!isObject(message) || message['role'] !== 'system') return message;
  const { content } = message;
  const marked = (text: unknown) => `<system>\n${textOr(text)}\n</system>`;
  const userContent = Array.isArray(content)
    ? content.map((block: unknown) => (isObject(block) ? { ...block, text: marked(block['text']) } : block))
    : marked(content);
  return { ...message, role: 'user', content: userContent };
}

// A message without reasoning blocks that hold an envelope, and without citations that we made for another provider's;
// searches that we made are words.
function withoutEnvelopes(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message['content'])) return message;
  const content = message['content'].flatMap((block: unknown): unknown[] => {
    if (!isObject(block)) return [block];
    if (isOurSearch(block['id'] ?? block['tool_use_id'])) return searchAsText(block);
    if (isEnvelope(block['signature']) || isEnvelope(block['data'])) return [];
    return [Array.isArray(block['citations']) ? withoutOurCitations(block) : block];
  });
  return { ...message, content };
}

function searchAsText(block: Json): Json[] {
  const search = decodeSearchBlock(block);
  const text = search === undefined ? '' : searchText(search);
  return text === '' ? [] : [{ type: 'text', text }];
}

function withoutOurCitations({ citations, ...block }: Json): Json {
  const kept = listOr(citations).filter((citation) => !(isObject(citation) && isEnvelope(citation['encrypted_index'])));
  return kept.length === 0 ? block : { ...block, citations: kept };
}
