// The formats, and which of them an upstream is spoken to in.

import type { Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import { openaiChat } from './openaiChat/index';
import type { Codec } from './codec';
import { wantsReasoning } from './reasoning/effort';
import { geminiGenerate } from './geminiGenerate/index';
import { anthropicMessages } from './anthropicMessages/index';
import { isOpenaiReasoner } from './shared/modelProfiles';
import type { Format, NeutralRequest } from './neutral';
import { openaiResponses } from './openaiResponses/index';

export const codecs: Readonly<Record<Format, Codec>> = {
  chat: openaiChat,
  responses: openaiResponses,
  messages: anthropicMessages,
  generate: geminiGenerate,
};

/**
 * The format to speak to a provider in. An OpenAI wire has two: the client's own where it is one of them, else the one
 * that keeps more of this request.
 * @param chatOnly the host has turned out not to serve Responses
 */
export function upstreamFormat(
  provider: Pick<Provider, 'wire' | 'responses'>,
  target: Target,
  from: Format,
  chatOnly: boolean,
  neutral: () => NeutralRequest,
): Format {
  switch (provider.wire) {
    case 'anthropic':
      return 'messages';
    case 'gemini':
      return 'generate';
    case 'openai':
      if (from === 'chat' || !provider.responses || chatOnly) return 'chat';
      return from === 'responses' || keepsMoreOnResponses(neutral(), target) ? 'responses' : 'chat';
  }
}

/** Whether a provider is spoken to in a format by itself: then a body in it may pass as it is. */
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

// Reasoning is shown, and survives a tool loop, only as items of Responses; results that hold media, and documents to be
// fetched, have a place only there.
function keepsMoreOnResponses(request: NeutralRequest, target: Target): boolean {
  const { reasoning } = request;
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
