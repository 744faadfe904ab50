// Facts about generateContent. Sources: https://ai.google.dev/api/generate-content and, for counting,
// https://ai.google.dev/api/tokens (2026-11). Google's servers take every field in camelCase and in snake_case.

import type { FormatFacts, SettingReader } from '../formatFacts';
import { isEnvelope } from '../reasoning/envelope';
import { camelKeys } from './camelKeys';
import { hostedParts } from './hostedParts';
import { openCounter, openTally, searchWords } from './charges';
import { completion } from './completion';
import { isObject, listOr } from '../shared/json';
import { placesOf, withoutTools } from '../shared/searchTools';
import { demanded, isSeveral, isStop } from '../shared/demanded';
import { knownGemini } from '../shared/modelProfiles';
import { countOf, inner, needed } from '../shared/settings';
import { mend, mendable } from './mend';

export const facts: FormatFacts = {
  format: 'generate',
  namesModelInPath: true,
  optionalOnHosts: false,
  request: {
    conversation: 'contents',
    conversationRequired: true,
    maxOutput(setting) {
      const config = configOf(setting);
      return countOf(inner(config, 'maxOutputTokens') ?? inner(config, 'max_output_tokens'));
    },
    answers(setting) {
      const config = configOf(setting);
      return countOf(inner(config, 'candidateCount') ?? inner(config, 'candidate_count'));
    },
    endUser: () => undefined,
    capabilities(setting) {
      const config = configOf(setting);
      const hasSchema = isObject(inner(config, 'responseSchema')) || isObject(inner(config, 'responseJsonSchema'));
      return needed([['json_schema', hasSchema]]);
    },
    demanding: ['toolConfig', 'tool_config', 'generationConfig', 'generation_config'],
    demands({ setting }) {
      const config = configOf(setting);
      const calling = either(
        setting('toolConfig') ?? setting('tool_config'),
        'functionCallingConfig',
        'function_calling_config',
      );
      const stop = either(config, 'stopSequences', 'stop_sequences');
      return {
        list: demanded([
          ['forced_tool', 'toolConfig', inner(calling, 'mode') === 'ANY'],
          ['n', 'generationConfig.candidateCount', isSeveral(either(config, 'candidateCount', 'candidate_count'))],
          [
            'logprobs',
            'generationConfig.responseLogprobs',
            either(config, 'responseLogprobs', 'response_logprobs') === true,
          ],
          ['stop', 'generationConfig.stopSequences', isStop(stop)],
        ]),
      };
    },
    webSearch: {
      field: 'tools',
      marks: [Buffer.from('"googleSearch"'), Buffer.from('"google_search"')],
      placesIn: (tools) => placesOf(listed(tools), isSearch),
      besideFunctions: (tools) =>
        listed(tools).some((tool) => isObject(tool) && 'functionDeclarations' in camelKeys(tool)),
      without: (body) =>
        withoutTools({ ...body, tools: listed(body['tools']).map(withoutSearch) }, isEmpty, () => false),
    },
    routerFields: [],
  },
  passthrough: {
    mendable,
    mend,
    honours(kind, target) {
      const profile = knownGemini(target);
      if (kind === 'n') return profile?.candidates ?? true;
      if (kind === 'logprobs') return profile === undefined;
      return kind !== 'prefill';
    },
    withoutEnvelopes: (body) => ({ ...body, contents: listOr(body['contents']).map(withoutEnvelopes) }),
  },
  count: {
    requestOf: (body) => (isObject(body['generateContentRequest']) ? body['generateContentRequest'] : body),
    response: (tokens) => ({ totalTokens: tokens }),
    counter: {
      withModel(body, model) {
        const request = body['generateContentRequest'];
        if (!isObject(request)) return body; // the path names the model
        return { ...body, generateContentRequest: { ...request, model: `models/${model}` } };
      },
      fromRequest: (request, model) => ({ generateContentRequest: { model: `models/${model}`, ...request } }),
      tokensField: 'totalTokens',
    },
  },
  output: {
    texts: [['text'], ['name'], ['code']],
    values: ['args'],
    call: { field: 'functionCall' },
    callTokens: 8,
    image: 'inlineData',
  },
  argsAreObjects: true,
  objectArgs: ['args', 'response'],
  usageField: 'usageMetadata',
  searches: { words: searchWords, openTally, openCounter },
  usageOnRequest: false,
  isUsageOnly: () => false,
  ...completion,
  errorWord: 'error',
  repeatsAnswer: false,
  keepAlive: 'data: {}\n\n', // Google's SDKs parse every line of a stream and know no comments
  carriesComments: false,
  reasoningPlacement: 'beforeCall', // https://ai.google.dev/gemini-api/docs/thought-signatures (2026-11)
  isApartFromCall: (opaque) => hostedParts(opaque) !== undefined,
  emptyReasoning: 'kept',
};

// ---

const listed = (tools: unknown): readonly unknown[] => (Array.isArray(tools) ? tools : [tools]);
const isSearch = (tool: unknown) => isObject(tool) && 'googleSearch' in camelKeys(tool);
const isEmpty = (tool: unknown) => isObject(tool) && Object.keys(tool).length === 0;

// One tool may hold functions beside the search.
function withoutSearch(tool: unknown): unknown {
  if (!isObject(tool)) return tool;
  const { googleSearch: _camel, google_search: _snake, ...kept } = tool;
  return kept;
}

function configOf(setting: SettingReader): unknown {
  return setting('generationConfig') ?? setting('generation_config');
}

function either(object: unknown, camel: string, snake: string): unknown {
  return inner(object, camel) ?? inner(object, snake);
}

// A content without signatures that are envelopes. Text that carried one stays; reasoning of another model goes.
function withoutEnvelopes(content: unknown): unknown {
  if (!isObject(content) || !Array.isArray(content['parts'])) return content;
  const parts = content['parts'].flatMap((part: unknown): unknown[] => {
    if (!isObject(part)) return [part];
    if (!isEnvelope(part['thoughtSignature'] ?? part['thought_signature'])) return [part];
    const { thoughtSignature: _camel, thought_signature: _snake, ...kept } = part;
    return kept['thought'] === true || kept['text'] === '' ? [] : [kept];
  });
  return { ...content, parts };
}
