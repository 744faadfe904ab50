// The codec of every format, and the format that a provider is spoken to in.

import type { ChatRefusal } from '../../../config/catalogue';
import type { Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import { openaiChat } from './openaiChat/index';
import { plainCompletion } from './openaiChat/plainCompletion';
import type { AnswerFacts, Codec } from './codec';
import { effortOf, wantsReasoning } from './reasoning/effort';
import { geminiGenerate } from './geminiGenerate/index';
import { anthropicMessages } from './anthropicMessages/index';
import { chatRefuses, isOpenaiReasoner, searchesInChat } from './shared/modelProfiles';
import type { Format, NeutralRequest } from './neutral';
import { openaiResponses } from './openaiResponses/index';

/** The codec of every format. */
export const codecs: Readonly<Record<Format, Codec>> = {
  chat: openaiChat,
  responses: openaiResponses,
  messages: anthropicMessages,
  generate: geminiGenerate,
};

/** What answers are read as that are passed on unchanged: those of a format, and of older completions. */
export type AnswerFormat = Format | 'completion';

/** The facts of every kind of answer. */
export const answerFacts: Readonly<Record<AnswerFormat, AnswerFacts>> = { ...codecs, completion: plainCompletion };

/**
 * The format to speak to a provider in. An OpenAI provider has two: the client's own where it is one of them, else the one
 * that carries more of this request.
 * @param learnt what its refusals have shown
 * @param neutral called only where the request decides
 */
export function upstreamFormat(
  provider: Pick<Provider, 'wire' | 'responses'>,
  target: Target,
  from: Format,
  { chatOnly, chatRefused, chatRefusal }: Learnt,
  neutral: () => NeutralRequest,
): Format {
  switch (provider.wire) {
    case 'anthropic':
      return 'messages';
    case 'gemini':
      return 'generate';
    case 'openai':
      if (!provider.responses || chatOnly) return 'chat';
      if (from === 'responses' || chatRefused || isRefusedByChat(neutral(), target, chatRefusal)) return 'responses';
      return from !== 'chat' && carriesMoreOnResponses(neutral(), target) ? 'responses' : 'chat';
  }
}

/** What a provider's refusals have shown of its two formats. */
export interface Learnt {
  /** The host does not serve Responses. */
  readonly chatOnly: boolean;
  /** It has refused this request as chat completions, and said that it is one for Responses. */
  readonly chatRefused: boolean;
  /** What it has refused of this model as chat completions before. */
  readonly chatRefusal?: ChatRefusal | undefined;
}

/** Whether a provider has a format itself, so that a body in it may be passed on unchanged. */
export function speaks(provider: Provider, format: Format, chatOnly: boolean): boolean {
  switch (provider.wire) {
    case 'anthropic':
      return format === 'messages';
    case 'gemini':
      return format === 'generate';
    case 'openai':
      return format === 'chat' || (format === 'responses' && provider.responses && !chatOnly);
  }
}

// ---

function isRefusedByChat(request: NeutralRequest, target: Target, learnt: ChatRefusal | undefined): boolean {
  const { tools = [], reasoning } = request;
  if (searchesWeb(request, target) && !searchesInChat(target) && request.stop === undefined) return true;
  const hasTools = tools.some((tool) => tool.type !== 'webSearch');
  const effort = reasoning && effortOf(reasoning);
  return chatRefuses(target.row?.chat_refuses, hasTools, effort) || chatRefuses(learnt, hasTools, effort);
}

// Whether the target is to search the web for it; not for several answers, of which Responses gives one.
function searchesWeb({ tools, answers }: NeutralRequest, target: Target): boolean {
  return (
    answers === undefined &&
    tools?.some((tool) => tool.type === 'webSearch') === true &&
    target.capabilities.has('web_search')
  );
}

// OpenAI returns reasoning, as text and in the opaque form that a tool loop needs, only in Responses. Tool results with
// media, documents by URL and, on most models, web search have a place only there too.
// Source: https://platform.openai.com/docs/guides/responses-vs-chat-completions (2026-11).
function carriesMoreOnResponses(request: NeutralRequest, target: Target): boolean {
  if (searchesWeb(request, target)) return true;
  const { reasoning } = request;
  if (request.answers !== undefined) return false; // it gives one
  const loops = (request.tools?.length ?? 0) > 0 && (reasoning === undefined || wantsReasoning(reasoning));
  const shows = wantsReasoning(reasoning) && reasoning.show;
  if ((loops || shows) && isOpenaiReasoner(target)) return true;
  return request.messages.some((message) =>
    message.parts.some(
      (part) =>
        (part.type === 'reasoning' && part.opaque?.format === 'responses') ||
        (part.type === 'toolResult' && part.parts.some((inner) => inner.type === 'media')) ||
        (part.type === 'media' && part.kind === 'document' && part.url !== undefined),
    ),
  );
}
