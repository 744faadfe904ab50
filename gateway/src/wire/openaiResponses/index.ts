// OpenAI Responses.

import type { Codec } from '../codec';
import { openDecoder, decodeResponse, usageIn } from './decodeResponse';
import { decodeRequest } from './decodeRequest';
import { openEncoder, encodeResponse } from './encodeResponse';
import { encodeRequest } from './encodeRequest';

export const openaiResponses: Codec = {
  format: 'responses',
  decodeRequest: decodeRequest,
  encodeRequest: encodeRequest,
  decodeResponse: decodeResponse,
  encodeResponse: encodeResponse,
  openDecoder,
  openEncoder,
  keepAlive: ': keep-alive\n\n',
  usageIn,
  endWords: ['response.completed', 'response.incomplete', 'response.failed'],
  isEnd: (data) =>
    /"type":\s*"response\.(completed|incomplete|failed)"/.test(data.slice(0, 200)) ||
    /"type":\s*"response\.(completed|incomplete|failed)"/.test(data.slice(-200)),
};
