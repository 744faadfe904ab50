// Encodes a neutral response as a whole Anthropic message. Source: https://platform.claude.com/docs/en/api/messages (2026-11).

import { noUsage } from '../../core/usage';
import type { EncodeContext } from '../codec';
import type { Json } from '../jsonObject';
import type { NeutralResponse } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';
import { argsObject } from '../shared/exactJson';
import { encodeCitation, encodeStop, encodeUsage, messageHead } from './responseParts';

export { openEncoder } from './encodeStream';

/** The whole message; its usage is zero where the provider reported none, because clients demand one. */
export function encodeResponse(response: NeutralResponse, context: EncodeContext): Json {
  return {
    ...messageHead(response.id, response.model, context),
    content: response.parts.map(encodeBlock),
    ...encodeStop(response.reason, response.stopSequence),
    usage: encodeUsage(response.usage ?? noUsage),
  };
}

// ---

function encodeBlock(part: NeutralResponse['parts'][number]): Json {
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
