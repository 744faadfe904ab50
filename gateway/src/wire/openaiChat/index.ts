// OpenAI chat completions.

import type { Codec } from '../codec';
import { openDecoder, readAnswer, usageIn } from './decodeResponse';
import { readRequest } from './decodeRequest';
import { openEncoder, writeAnswer } from './encodeResponse';
import { writeRequest } from './encodeRequest';

export const chat: Codec = {
  format: 'chat',
  decodeRequest: readRequest,
  encodeRequest: writeRequest,
  decodeResponse: readAnswer,
  encodeResponse: writeAnswer,
  openDecoder,
  openEncoder,
  keepAlive: ': keep-alive\n\n',
  usageIn,
  endWords: ['[DONE]', '"finish_reason"'],
  isEnd: (data) => data === '[DONE]' || /"finish_reason":\s*"/.test(data),
};
