// The formats, and which of them each provider wire speaks.

import type { WireId } from '../../../config/wires';
import { chat } from './chat';
import type { Codec } from './codec';
import { generate } from './generate';
import { messages } from './messages';
import type { Format } from './neutral';

export const codecs: Readonly<Partial<Record<Format, Codec>>> = { chat, messages, generate };

/** The format an upstream is spoken to in. */
export function upstreamCodec(wire: WireId): Codec {
  switch (wire) {
    case 'openai':
      return chat;
    case 'anthropic':
      return messages;
    case 'gemini':
      return generate;
  }
}
