// OpenAI chat completions.

import type { Codec } from '../codec';
import { openDecoder, decodeResponse, usageIn } from './decodeResponse';
import { decodeRequest } from './decodeRequest';
import { openEncoder, encodeResponse } from './encodeResponse';
import { encodeRequest } from './encodeRequest';

export const openaiChat: Codec = {
  format: 'chat',
  decodeRequest: decodeRequest,
  encodeRequest: encodeRequest,
  decodeResponse: decodeResponse,
  encodeResponse: encodeResponse,
  openDecoder,
  openEncoder,
  keepAlive: ': keep-alive\n\n',
  usageIn,
  endWords: ['[DONE]', '"finish_reason"'],
  isEnd: (data) => data === '[DONE]' || /"finish_reason":\s*"/.test(data),
};
