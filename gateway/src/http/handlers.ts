// What an endpoint does: which service of the pipeline answers it, and what its path says of the request.

import { GatewayError } from '../core/errors';
import type { IncomingRequest, Services } from '../pipeline/context';
import { handle } from '../pipeline/handle';
import type { PathModel } from '../pipeline/inspect';
import { answerService } from '../pipeline/services/answer';
import { countTokensService } from '../pipeline/services/countTokens';
import { embeddingsService } from '../pipeline/services/embeddings';
import { type VerbatimKind, verbatimServices } from '../pipeline/services/verbatim';
import type { Format } from '../wire/neutral';
import { type Endpoint, geminiPath } from './endpoints';
import { baseUrlHint } from './paths';

export interface Handler {
  /** The format its caller is answered in. */
  readonly format: Format;
  readonly pathModel?: PathModel;
  /** @throws GatewayError where nothing has been sent to the client yet */
  run(services: Services, incoming: IncomingRequest): Promise<void>;
}

/** What of a path differs from call to call. */
export interface PathParams {
  /** What follows the endpoint's fixed part, decoded. */
  readonly rest: string;
  /** The query's `alt`. */
  readonly alt: unknown;
}

/** The handler of an endpoint; undefined for one that is not inference. @throws GatewayError not_found */
export function handlerFor(serves: Endpoint['serves'], params: PathParams): Handler | undefined {
  if (serves === 'gemini') return geminiHandler(params);
  if (serves === 'embeddings') return embeddingsHandler;
  if (typeof serves !== 'object') return undefined;
  if ('verbatim' in serves) return verbatimHandlers[serves.verbatim];
  return 'count' in serves ? countHandlers[serves.count] : answerHandlers[serves.inference];
}

// ---

const answer: Handler['run'] = (services, incoming) => handle(services, incoming, answerService);
const count: Handler['run'] = (services, incoming) => handle(services, incoming, countTokensService);
const embeddingsHandler: Handler = {
  format: 'chat',
  run: (services, incoming) => handle(services, incoming, embeddingsService),
};
const verbatim = (kind: VerbatimKind, format: Format): Handler => ({
  format,
  run: (services, incoming) => handle(services, incoming, verbatimServices[kind]),
});
const verbatimHandlers: Readonly<Record<VerbatimKind, Handler>> = {
  completions: verbatim('completions', 'chat'),
  fim: verbatim('fim', 'chat'),
  compact: verbatim('compact', 'responses'),
};
const handlersOf = (run: Handler['run']): Readonly<Record<Format, Handler>> => ({
  chat: { format: 'chat', run },
  responses: { format: 'responses', run },
  messages: { format: 'messages', run },
  generate: { format: 'generate', run },
});
const answerHandlers = handlersOf(answer);
const countHandlers = handlersOf(count);

// Gemini's paths name the model and what is wanted of it.
// Source: https://ai.google.dev/api/generate-content (2026-11)
function geminiHandler({ rest, alt }: PathParams): Handler {
  const path = geminiPath(rest);
  const handler = (run: Handler['run'], stream: boolean, asList: boolean): Handler => ({
    format: 'generate',
    pathModel: { model: path?.model ?? '', stream, asList },
    run,
  });
  switch (path?.action) {
    case 'generateContent':
      return handler(answer, false, false);
    case 'streamGenerateContent':
      return handler(answer, true, alt !== 'sse');
    case 'countTokens':
      return handler(count, false, false);
    default:
      throw refusalOf(rest, path?.action);
  }
}

/** What models do at Google that this gateway does not serve. Source: https://ai.google.dev/api/all-methods (2026-11). */
const unservedActions: ReadonlySet<string | undefined> = new Set([
  'embedContent', 'batchEmbedContents', 'asyncBatchEmbedContent', 'batchGenerateContent', 'bidiGenerateContent', 'predict',
  'predictLongRunning', 'generateMessage', 'generateText', 'embedText',
]); // prettier-ignore

function refusalOf(rest: string, action: string | undefined): GatewayError {
  const served = 'models take :generateContent, :streamGenerateContent and :countTokens';
  if (unservedActions.has(action)) {
    const instead = /embed/i.test(action ?? '') ? '; embeddings are at POST /v1/embeddings' : '';
    return new GatewayError('not_built', { message: `This gateway does not serve :${action}: ${served}${instead}.` });
  }
  return new GatewayError('not_found', {
    message: `There is nothing at POST …/${rest.slice(0, 200)}: ${served}. ${baseUrlHint(rest)}`,
  });
}
