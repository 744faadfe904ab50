// Token counts: by the provider's own counter where it has one, with tools, images and system prompt in it; else by an
// estimate, which says so. A count is free and is not booked.

import type { Limits } from '../../../../config/limits';
import type { Provider } from '../../../../config/load';
import type { Target } from '../../../../config/target';
import { workBytes } from '../../core/bodySize';
import { GatewayError } from '../../core/errors';
import { type JsonScan, scanJsonInSlices } from '../../core/jsonScan';
import { acrossWires, type HeaderList, toClient, toUpstream, withOwnHeaders } from '../../upstream/headers';
import { translateError } from '../../upstream/providerErrors';
import { authorize, countEndpoint } from '../../upstream/providers';
import { readAll } from '../../upstream/readAll';
import { type CountFormat, decodeCountResponse, encodeCountResponse } from '../../wire/countRequest';
import type { Format } from '../../wire/neutral';
import { asBuffer } from '../bodyWorker';
import type { Answered, Candidate, Exchange, IncomingRequest, Service } from '../context';
import { alreadyRead, isMarkup, isPage } from '../answerBody';
import { modelField, modelName, type RequestFacts } from '../inspect';
import { isChosen } from '../plan';
import { endResponse } from '../relayWhole';
import type { ResponseContext } from '../responseContext';
import type { ResponseProgress } from '../responseProgress';

/** What reading a provider's count needs to know. */
interface CountTranslation {
  /** The format that its provider counts in. */
  readonly format: CountFormat;
}

export const countTokensService: Service<CountTranslation> = { booked: false, inspect, prepare, relay };

// ---

async function inspect({ body, format, pathModel }: IncomingRequest, limits: Limits): Promise<RequestFacts> {
  const scan = await scanJsonInSlices(body, { depth: limits.json_depth, nodes: limits.json_nodes });
  return {
    format,
    passable: true,
    hasRouterFields: false,
    hasEnvelopes: false,
    model: modelName(pathModel?.model ?? modelField(body, scan)),
    stream: false,
    asList: false,
    includeUsage: false,
    endUser: undefined,
    needs: { kind: 'chat', capabilities: [], input: 0, output: undefined, answers: 1, searches: 0 },
    scan,
  };
}

async function prepare(
  { incoming, facts, plan, services }: Exchange,
  target: Target,
  provider: Provider,
): Promise<Candidate<CountTranslation>> {
  const { body, format, headers } = incoming;
  const { bodyWorker } = services;
  const account = provider.accounts[0];
  const work = workBytes(body.length, facts.scan.values);
  const counter = target === plan.targets[0] ? countEndpoint(provider, target) : undefined; // another model counts otherwise
  if (counter === undefined) {
    await bodyWorker.run(incoming.key.id, 'checkCountRequest', { from: format, body }, work);
    return { kind: 'local', target, account, dropped: [], response: estimated(format, facts.scan) };
  }
  const written = await bodyWorker.run(
    incoming.key.id,
    'encodeCountRequest',
    { from: format, body, to: counter.format, target, chosen: isChosen(plan, target) },
    work,
  );
  const sameWire = counter.format === format;
  const sent = await authorize(provider, account, sameWire ? toUpstream(headers) : ['accept', 'application/json']);
  const common = {
    target,
    account,
    dropped: [],
    request: { url: counter.url, headers: sent, body: asBuffer(written) },
  };
  return sameWire
    ? { ...common, kind: 'passthrough', format, hideUsage: false }
    : { ...common, kind: 'translated', format: counter.format, translation: { format: counter.format } };
}

const missing: ReadonlySet<number> = new Set([404, 405, 501]);

async function relay(
  answered: Answered<CountTranslation>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { response, target } = answered;
  const { status } = response;
  const { ownKeys } = context;
  const bytes = ownKeys.bytes(await readAll(response, context.limits.error_body_bytes));
  if (answered.kind === 'local' || missing.has(status)) {
    const body = answered.kind === 'local' ? bytes : printed(context.format, estimateCount(context.scan));
    return endResponse(context, progress, 200, headersOf('estimated', context), body);
  }
  if (isPage(response) || isMarkup(bytes)) throw progress.failure ?? new GatewayError('upstream_garbage');
  if (answered.kind === 'passthrough')
    return endResponse(context, progress, status, toClient(response.headers, ownKeys, context.headers), bytes);
  if (status >= 400)
    throw translateError(
      status,
      bytes,
      acrossWires(response.headers, context.dialect, ownKeys),
      target,
      answered.account,
    );
  const counted = decodeCountResponse(answered.translation.format, bytes);
  endResponse(context, progress, 200, headersOf('counted', context), printed(context.format, counted));
}

function headersOf(tokens: 'counted' | 'estimated', { headers }: Pick<ResponseContext, 'headers'>): HeaderList {
  return withOwnHeaders({ 'content-type': 'application/json', 'x-ovth-tokens': tokens }, headers);
}

function estimated(format: Format, scan: JsonScan) {
  return alreadyRead({ status: 200, headers: {} }, printed(format, estimateCount(scan)));
}

/** Bytes of a prompt a token stands for, on average; reservations count fewer, to be on the safe side. */
const bytesPerToken = 4;

function estimateCount(scan: JsonScan): number {
  return Math.ceil(scan.textBytes / bytesPerToken + scan.denseTokens) + scan.mediaTokens;
}

function printed(format: Format, tokens: number): Buffer {
  return asBuffer(encodeCountResponse(format, tokens));
}
