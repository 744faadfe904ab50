// What a path asks for: in which format, and which kind of request it is.

import { countTokens } from '../pipeline/services/countTokens';
import { type Endpoint, geminiPath } from './endpoints';
import { embedding } from '../pipeline/services/embeddings';
import { GatewayError } from '../core/errors';
import { answering, type Services, handle, type IncomingRequest } from '../pipeline/handle';
import type { Format } from '../wire/neutral';

export interface Handler {
  readonly format: Format;
  readonly named?: NonNullable<IncomingRequest['named']>;
  readonly handle: (gateway: Services, incoming: IncomingRequest) => Promise<void>;
}

/** What of a path differs from call to call. */
export interface PathParams {
  /** What follows the door's fixed part, decoded. */
  readonly rest: string;
  /** The query's `alt`. */
  readonly alt: unknown;
}

/** Undefined where nothing is inferred. @throws GatewayError not_found */
export function handlerFor(serves: Endpoint['serves'], called: PathParams): Handler | undefined {
  if (serves === 'gemini') return geminiHandler(called);
  if (serves === 'embeddings')
    return { format: 'chat', handle: (gateway, incoming) => handle(gateway, incoming, embedding) };
  if (typeof serves !== 'object') return undefined;
  return 'count' in serves
    ? { format: serves.count, handle: countTokens }
    : { format: serves.inference, handle: answer };
}

// ---

const answer: Handler['handle'] = (gateway, incoming) => handle(gateway, incoming, answering);

// Gemini's paths name the model and what is wanted of it.
function geminiHandler({ rest, alt }: PathParams): Handler {
  const path = geminiPath(rest);
  const events = alt === 'sse';
  const work = (handle: Handler['handle'], stream: boolean, asList: boolean): Handler => ({
    format: 'generate',
    named: { model: path?.model ?? '', stream, asList },
    handle,
  });
  switch (path?.action) {
    case 'generateContent':
      return work(answer, false, false);
    case 'streamGenerateContent':
      return work(answer, true, !events);
    case 'countTokens':
      return work(countTokens, false, false);
    default:
      throw new GatewayError('not_found', {
        message: `There is nothing at POST ${`/v1beta/models/${rest}`.slice(0, 200)}: models take :generateContent, :streamGenerateContent and :countTokens.`,
      });
  }
}
