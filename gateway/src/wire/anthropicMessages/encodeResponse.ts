// Encodes a neutral response as a whole Anthropic message. Source: https://platform.claude.com/docs/en/api/messages (2026-11).

import { noUsage } from '../../core/usage';
import type { EncodeContext } from '../codec';
import type { Json } from '../jsonObject';
import type { NeutralResponse, WebSearch } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';
import { argsObject } from '../shared/exactJson';
import { encodeCitation, encodeSearch, encodeStop, encodeUsage, messageHead } from './responseParts';

export { openEncoder } from './encodeStream';

/** The whole message; its usage is zero where the provider reported none, because clients demand one. */
export function encodeResponse(response: NeutralResponse, context: EncodeContext): Json {
  return {
    ...messageHead(response.id, response.model, context),
    content: response.parts.flatMap(encodeBlocks),
    ...encodeStop(response.reason, response.stopSequence),
    usage: encodeUsage(response.usage ?? noUsage),
  };
}

// ---

function encodeBlocks(part: NeutralResponse['parts'][number]): Json[] {
  if (part.type !== 'webSearch') return [encodeBlock(part)];
  const { call, input, result } = encodeSearch(part);
  return [{ ...call, input }, result];
}

function encodeBlock(part: Exclude<NeutralResponse['parts'][number], WebSearch>): Json {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text, citations: part.citations?.map(encodeCitation) ?? null };
    case 'refusal':
      return { type: 'text', text: part.text, citations: null };
    case 'reasoning':
      return { type: 'thinking', thinking: part.text, signature: wrapEnvelope(part.opaque) };
    case 'toolCall': {
      const { id, name, args } = part;
      return { type: 'tool_use', id, name, input: argsObject(args, () => undefined), caller: { type: 'direct' } };
    }
  }
}
