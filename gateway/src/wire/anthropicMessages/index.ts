// Anthropic messages.

import type { Codec } from '../codec';
import { openDecoder, readAnswer, usageIn } from './decodeResponse';
import { readRequest } from './decodeRequest';
import { openEncoder, writeAnswer } from './encodeResponse';
import { writeRequest } from './encodeRequest';

export const messages: Codec = {
  format: 'messages',
  decodeRequest: readRequest,
  encodeRequest: writeRequest,
  decodeResponse: readAnswer,
  encodeResponse: writeAnswer,
  openDecoder,
  openEncoder,
  keepAlive: 'event: ping\ndata: {"type":"ping"}\n\n',
  usageIn,
  endWords: ['message_stop'],
  isEnd: (data) => data.startsWith('{"type":"message_stop"') || /^\{\s*"type":\s*"message_stop"/.test(data),
};
