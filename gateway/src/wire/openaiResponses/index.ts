// The codec of OpenAI Responses.

import type { Codec } from '../codec';
import { decodeRequest } from './decodeRequest';
import { decodeResponse, openDecoder, usageIn } from './decodeResponse';
import { encodeRequest } from './encodeRequest';
import { encodeResponse, openEncoder } from './encodeResponse';
import { facts } from './facts';

/** The codec of OpenAI Responses. */
export const openaiResponses: Codec = {
  ...facts,
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  openDecoder,
  openEncoder,
  usageIn,
};
