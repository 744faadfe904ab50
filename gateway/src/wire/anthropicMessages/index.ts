// Anthropic messages.

import type { Codec } from '../codec';
import { openDecoder, decodeResponse, usageIn } from './decodeResponse';
import { decodeRequest } from './decodeRequest';
import { openEncoder, encodeResponse } from './encodeResponse';
import { encodeRequest } from './encodeRequest';

export const anthropicMessages: Codec = {
  format: 'messages',
  decodeRequest: decodeRequest,
  encodeRequest: encodeRequest,
  decodeResponse: decodeResponse,
  encodeResponse: encodeResponse,
  openDecoder,
  openEncoder,
  keepAlive: 'event: ping\ndata: {"type":"ping"}\n\n',
  usageIn,
  endWords: ['message_stop'],
  isEnd: (data) => data.startsWith('{"type":"message_stop"') || /^\{\s*"type":\s*"message_stop"/.test(data),
};
