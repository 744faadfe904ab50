// Anthropic messages.

import type { Codec } from '../codec';
import { openDecoder, readAnswer, usageIn } from './readAnswer';
import { readRequest } from './readRequest';
import { openEncoder, writeAnswer } from './writeAnswer';
import { writeRequest } from './writeRequest';

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
