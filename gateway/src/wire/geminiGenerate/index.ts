// Google's generateContent.

import type { Codec } from '../codec';
import { openDecoder, readAnswer, usageIn } from './decodeResponse';
import { readRequest } from './decodeRequest';
import { openEncoder, writeAnswer } from './encodeResponse';
import { writeRequest } from './encodeRequest';

export const generate: Codec = {
  format: 'generate',
  decodeRequest: readRequest,
  encodeRequest: writeRequest,
  decodeResponse: readAnswer,
  encodeResponse: writeAnswer,
  openDecoder,
  openEncoder,
  keepAlive: 'data: {}\n\n', // its SDKs know no comments
  usageIn,
  endWords: ['"finishReason"', '"blockReason"'],
  isEnd: (data) => /"(finishReason|blockReason)":\s*"/.test(data),
};
