// The codec of Anthropic messages.

import type { Codec } from '../codec';
import { decodeRequest } from './decodeRequest';
import { decodeResponse, openDecoder, usageIn } from './decodeResponse';
import { encodeRequest } from './encodeRequest';
import { encodeResponse, openEncoder } from './encodeResponse';
import { facts } from './facts';

/** The codec of Anthropic messages. */
export const anthropicMessages: Codec = {
  ...facts,
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  openDecoder,
  openEncoder,
  usageIn,
};
