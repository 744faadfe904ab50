// Embeddings: OpenAI's request and answer, from OpenAI-compatible hosts as they are and from Gemini translated.
// Source: https://platform.openai.com/docs/api-reference/embeddings (2026-11)

import type { Limits } from '../../../../config/limits';
import type { Provider } from '../../../../config/load';
import type { Target } from '../../../../config/target';
import { withoutMark } from '../../core/byteOrderMark';
import { GatewayError } from '../../core/errors';
import { lastObjectOf } from '../../core/jsonTail';
import { type JsonScan, scanJsonInSlices, splice } from '../../core/jsonScan';
import { tokenCount, type Usage, validCounts } from '../../core/usage';
import { toClient, toUpstream, withOwnHeaders } from '../../upstream/headers';
import { failureError } from '../../upstream/providerErrors';
import { authorize, embeddingsEndpoint } from '../../upstream/providers';
import { objectOr, wrong } from '../../wire/shared/json';
import { openaiFailure } from '../../wire/shared/openaiErrors';
import { asBuffer } from '../bodyWorker';
import type { Answered, Candidate, Exchange, IncomingRequest, Service } from '../context';
import { isMarkup } from '../answerBody';
import { estimateInput, modelField, modelName, type RequestFacts } from '../inspect';
import { gatherOrPass } from '../passLarge';
import { cleanFailure } from '../cleanFailure';
import { endResponse, readWhole, relayError } from '../relayWhole';
import type { ResponseContext } from '../responseContext';
import type { ResponseProgress } from '../responseProgress';

/** What translating an answer needs to know: how the client wants its numbers, and of how many texts. */
interface EmbeddingTranslation {
  readonly base64: boolean;
  readonly texts: number;
}

export const embeddingsService: Service<EmbeddingTranslation> = {
  booked: true,
  optionalPath: true,
  inspect,
  prepare,
  relay,
};

// ---

async function inspect({ body }: IncomingRequest, limits: Limits): Promise<RequestFacts> {
  const scan = await scanJsonInSlices(body, { depth: limits.json_depth, nodes: limits.json_nodes });
  const model = modelName(modelField(body, scan));
  if (!isTextOrList(body, scan)) wrong('input', 'a text or a list of texts');
  return {
    format: 'chat',
    passable: true,
    hasRouterFields: false,
    hasEnvelopes: false,
    model,
    stream: false,
    asList: false,
    includeUsage: false,
    endUser: undefined,
    needs: { kind: 'embedding', capabilities: [], input: estimateInput(scan), output: 0, answers: 1, searches: 0 },
    scan,
  };
}

// By its first byte: it may be as large as the body, and is the provider's to read.
function isTextOrList(body: Buffer, scan: JsonScan): boolean {
  const span = scan.fields.get('input');
  if (span === undefined) return false;
  const first = body[span.start];
  return first === 0x22 || (first === 0x5b && !/^\[\s*\]$/.test(body.toString('latin1', span.start, span.start + 100)));
}

async function prepare(
  { incoming, facts, services }: Exchange,
  target: Target,
  provider: Provider,
): Promise<Candidate<EmbeddingTranslation>> {
  const { body, headers } = incoming;
  const account = provider.accounts[0];
  const endpoint = embeddingsEndpoint(provider, target);
  if (endpoint === undefined)
    throw new GatewayError('no_capable_target', {
      field: 'model',
      message: `${target.label} makes no embeddings: name an embedding model of another provider.`,
    });
  const { url } = endpoint;
  if (endpoint.sameWire) {
    const span = facts.scan.fields.get('model');
    const edits =
      span === undefined || facts.model === target.model ? [] : [{ ...span, text: JSON.stringify(target.model) }];
    const request = {
      url,
      headers: await authorize(provider, account, toUpstream(headers)),
      body: splice(body, edits),
    };
    return { kind: 'passthrough', target, account, dropped: [], request, format: facts.format, hideUsage: false };
  }
  const task = { body, model: target.model };
  const made = await services.bodyWorker.run(incoming.key.id, 'embeddingsToGemini', task, body.length);
  const sent = await authorize(provider, account, ['accept', 'application/json']);
  return {
    kind: 'translated',
    target,
    account,
    dropped: made.dropped,
    request: { url, headers: sent, body: asBuffer(made.body) },
    format: 'generate',
    translation: { base64: made.base64, texts: made.texts },
  };
}

/** What an answer with embeddings in OpenAI's form used, or why it is none: of its many numbers none is parsed. */
async function inspectAnswer(
  bytes: Buffer,
  context: ResponseContext,
): Promise<{ usage?: Partial<Usage>; failure?: GatewayError }> {
  const scan = await scanOf(bytes);
  if (scan === undefined) return { failure: new GatewayError('upstream_garbage') };
  const field = (name: string): unknown => {
    const span = scan.fields.get(name);
    return span && JSON.parse(bytes.toString('utf8', span.start, span.end));
  };
  const usage = usageOf(field('usage')); // a failure may be charged for, too
  const failure = openaiFailure(field('error'));
  if (failure !== undefined) return { usage, failure: failureError(cleanFailure(failure, context)) };
  const data = scan.fields.get('data');
  if (data === undefined || bytes[data.start] !== 0x5b || !holdsNumbers(bytes.subarray(data.start, data.end)))
    return { usage, failure: new GatewayError('upstream_garbage') };
  return { usage };
}

const embeddingName = Buffer.from('"embedding"');
/** What follows it: a colon, and the beginning of numbers, as a list or as base64. */
const numbersBegin = /^\s*:\s*(?:\[\s*[-\d]|"[\w+/])/;
/** Bytes that are looked at for it: room for blanks, of an answer that is printed for people. */
const numbersWithin = 256;

// Whether there is an embedding in a list of them. The name is a value in it too (`"object": "embedding"`).
function holdsNumbers(list: Buffer): boolean {
  for (let at = list.indexOf(embeddingName); at >= 0; at = list.indexOf(embeddingName, at + 1)) {
    const after = at + embeddingName.length;
    if (numbersBegin.test(list.toString('latin1', after, after + numbersWithin))) return true;
  }
  return false;
}

function usageOf(usage: unknown): Partial<Usage> {
  return validCounts({ input: tokenCount(objectOr(usage)['prompt_tokens']), output: 0 });
}

async function scanOf(bytes: Buffer): Promise<JsonScan | undefined> {
  try {
    return await scanJsonInSlices(bytes, { depth: 512, nodes: Infinity });
  } catch (error) {
    if (error instanceof GatewayError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function relay(
  answered: Answered<EmbeddingTranslation>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { response, target } = answered;
  progress.status = response.status;
  if (response.status >= 400) return relayError(answered, context, progress);
  if (answered.kind !== 'translated') {
    const gathered = await gatherOrPass(response, context, progress, { isOutput: false });
    if (gathered === undefined) return;
    if ('tail' in gathered) {
      progress.usage = usageOf(lastObjectOf(gathered.tail, 'usage'));
      return;
    }
    const bytes = gathered.whole;
    const { usage, failure } = await inspectAnswer(withoutMark(bytes), context);
    progress.usage = usage;
    if (failure !== undefined && (await context.turn.moveOn(failure))) return;
    if (failure !== undefined && isMarkup(bytes)) throw failure;
    progress.failure = failure;
    const passed = failure === undefined ? bytes : context.ownKeys.bytes(bytes);
    return endResponse(
      context,
      progress,
      response.status,
      toClient(response.headers, context.ownKeys, context.headers),
      passed,
    );
  }
  const bytes = await readWhole(response, context);
  if (bytes === undefined) return;
  progress.complete = true;
  // Google counts nothing here: what is booked is the estimate, and is marked so.
  progress.usage = undefined;
  const task = { bytes, model: target.model, ...answered.translation, estimate: context.inputEstimate };
  const headers = { 'content-type': 'application/json', 'x-ovth-tokens': 'estimated' };
  try {
    const made = await context.bodyWorker.run(context.owner, 'embeddingsFromGemini', task, bytes.length);
    if ('failure' in made) throw (progress.failure = failureError(cleanFailure(made.failure, context)));
    endResponse(context, progress, 200, withOwnHeaders(headers, context.headers), asBuffer(made.body));
  } catch (error) {
    if (!(error instanceof GatewayError) || !(await context.turn.moveOn(error))) throw error;
  }
}
