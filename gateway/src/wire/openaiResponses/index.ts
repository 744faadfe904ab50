// OpenAI Responses.

import type { Codec } from '../codec';
import { openDecoder, readAnswer, usageIn } from './decodeResponse';
import { readRequest } from './decodeRequest';
import { openEncoder, writeAnswer } from './encodeResponse';
import { writeRequest } from './encodeRequest';

export const responses: Codec = {
  format: 'responses',
  decodeRequest: readRequest,
  encodeRequest: writeRequest,
  decodeResponse: readAnswer,
  encodeResponse: writeAnswer,
  openDecoder,
  openEncoder,
  keepAlive: ': keep-alive\n\n',
  usageIn,
  endWords: ['response.completed', 'response.incomplete', 'response.failed'],
  isEnd: (data) =>
    /"type":\s*"response\.(completed|incomplete|failed)"/.test(data.slice(0, 200)) ||
    /"type":\s*"response\.(completed|incomplete|failed)"/.test(data.slice(-200)),
};
