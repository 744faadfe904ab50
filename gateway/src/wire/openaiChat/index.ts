// The codec of OpenAI chat completions.

import type { Codec } from '../codec';
import { decodeRequest } from './decodeRequest';
import { decodeResponse, openDecoder, usageIn } from './decodeResponse';
import { encodeRequest } from './encodeRequest';
import { encodeResponse, openEncoder } from './encodeResponse';
import { facts } from './facts';

/** The codec of OpenAI chat completions. */
export const openaiChat: Codec = {
  ...facts,
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  openDecoder,
  openEncoder,
  usageIn,
};
