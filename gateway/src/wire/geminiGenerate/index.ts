// Google's generateContent.

import type { Codec } from '../codec';
import { openDecoder, decodeResponse, usageIn } from './decodeResponse';
import { decodeRequest } from './decodeRequest';
import { openEncoder, encodeResponse } from './encodeResponse';
import { encodeRequest } from './encodeRequest';

export const geminiGenerate: Codec = {
  format: 'generate',
  decodeRequest: decodeRequest,
  encodeRequest: encodeRequest,
  decodeResponse: decodeResponse,
  encodeResponse: encodeResponse,
  openDecoder,
  openEncoder,
  keepAlive: 'data: {}\n\n', // its SDKs know no comments
  usageIn,
  endWords: ['"finishReason"', '"blockReason"'],
  isEnd: (data) => /"(finishReason|blockReason)":\s*"/.test(data),
};
