// OpenAI chat completions.

import type { Codec } from '../codec';
import { openDecoder, readAnswer, usageIn } from './readAnswer';
import { readRequest } from './readRequest';
import { openEncoder, writeAnswer } from './writeAnswer';
import { writeRequest } from './writeRequest';

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
