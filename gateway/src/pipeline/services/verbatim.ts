// Requests that only hosts with OpenAI's API have: the client's bytes, and the host's. Another wire has nothing that they
// could be translated to.

import type { Limits } from '../../../../config/limits';
import type { Provider } from '../../../../config/load';
import type { Target } from '../../../../config/target';
import { GatewayError } from '../../core/errors';
import { field, type JsonScan, scanJsonInSlices, splice } from '../../core/jsonScan';
import { toUpstream } from '../../upstream/headers';
import { authorize, type VerbatimKind, verbatimUrl } from '../../upstream/providers';
import { countOf, firstCount } from '../../wire/shared/settings';
import type { AnswerTranslation } from '../answerTranslation';
import { asBuffer } from '../bodyWorker';
import type { Candidate, Exchange, IncomingRequest, Service } from '../context';
import { bounded, endUserOf, estimateInput, inspect, modelField, modelName, mostAnswers, streamOf, type RequestFacts } from '../inspect'; // prettier-ignore
import { answerService } from './answer';

export type { VerbatimKind } from '../../upstream/providers';

/** Kind → its service. */
export const verbatimServices: Readonly<Record<VerbatimKind, Service<AnswerTranslation>>> = {
  completions: serviceOf('completions'),
  fim: serviceOf('fim'),
  compact: serviceOf('compact'),
};

// ---

function serviceOf(kind: VerbatimKind): Service<AnswerTranslation> {
  return {
    booked: true,
    optionalPath: true,
    inspect: kind === 'compact' ? inspectCompaction : inspectCompletion,
    prepare: (exchange, target, provider) => prepare(kind, exchange, target, provider),
    relay: (answered, context, progress) => answerService.relay(answered, context, progress),
  };
}

const names: Readonly<Record<VerbatimKind, string>> = {
  completions: 'completions (/v1/completions)',
  fim: 'fill-in-the-middle (/v1/fim/completions)',
  compact: 'compaction (/v1/responses/compact)',
};

function inspectCompaction({ body }: IncomingRequest, limits: Limits): RequestFacts | Promise<RequestFacts> {
  return inspect('responses', body, limits);
}

async function inspectCompletion({ body }: IncomingRequest, limits: Limits): Promise<RequestFacts> {
  const scan = await scanJsonInSlices(body, { depth: limits.json_depth, nodes: limits.json_nodes });
  const setting = (name: string) => field(body, scan, name);
  const answers = Math.max(countOf(setting('n')) ?? 1, countOf(setting('best_of')) ?? 1);
  return {
    format: 'chat',
    passable: true,
    hasRouterFields: false,
    hasEnvelopes: false,
    model: modelName(modelField(body, scan)),
    stream: streamOf(setting('stream')),
    asList: false,
    includeUsage: false,
    endUser: endUserOf(setting('user')),
    needs: {
      kind: 'chat',
      capabilities: [],
      searches: 0,
      input: estimateInput(scan),
      output: bounded(firstCount(setting, ['max_tokens'])),
      answers: Math.min(answers * promptsIn(body, scan), mostAnswers),
    },
    scan,
  };
}

/** Bytes of a list of prompts that is counted; a longer one is taken for the most there may be. */
const countedBytes = 1024 * 1024;

// A list of texts, or of lists of tokens, holds prompts that are each answered; a list of tokens is one.
function promptsIn(body: Buffer, scan: JsonScan): number {
  const span = scan.fields.get('prompt');
  if (span === undefined || body[span.start] !== 0x5b) return 1;
  if (span.end - span.start > countedBytes) return mostAnswers;
  const prompts = field(body, scan, 'prompt');
  return Array.isArray(prompts) && typeof prompts[0] !== 'number' ? Math.max(1, prompts.length) : 1;
}

async function prepare(
  kind: VerbatimKind,
  { incoming, facts, services }: Exchange,
  target: Target,
  provider: Provider,
): Promise<Candidate<AnswerTranslation>> {
  const url = verbatimUrl(provider, kind);
  if (url === undefined)
    throw new GatewayError('no_capable_target', {
      field: 'model',
      message: `${target.label} has no ${names[kind]}: ${kind === 'compact' ? "only OpenAI's Responses have it" : "only hosts with OpenAI's API may have it"}.`,
    });
  const [account] = provider.accounts;
  const span = facts.scan.fields.get('model');
  const isNamed = span === undefined || facts.model === target.model;
  let body = isNamed ? incoming.body : splice(incoming.body, [{ ...span, text: JSON.stringify(target.model) }]);
  if (facts.hasEnvelopes) {
    const task = { format: facts.format, body, envelopes: true, plainTurns: false, plainImages: false };
    body = asBuffer(await services.bodyWorker.run(incoming.key.id, 'sanitizePassthrough', task, body.length));
  }
  return {
    kind: 'passthrough',
    target,
    account,
    dropped: [],
    request: { url, headers: await authorize(provider, account, toUpstream(incoming.headers)), body },
    format: facts.format,
    ...(kind === 'compact' ? {} : { answerFormat: 'completion' as const }),
    hideUsage: false,
  };
}
