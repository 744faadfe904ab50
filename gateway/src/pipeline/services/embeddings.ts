// Embeddings: OpenAI's request and answer, from OpenAI-compatible hosts as they are and from Gemini translated.

import type { Limits } from '../../../../config/limits';
import type { Provider } from '../../../../config/load';
import type { Target } from '../../../../config/target';
import { type RequestFacts, estimateInput, modelField, modelName } from '../inspect';
import { GatewayError } from '../../core/errors';
import type { Services, IncomingRequest, Service } from '../handle';
import { toClient, toUpstream } from '../../upstream/headers';
import { type JsonScan, scanJsonInSlices, splice } from '../../core/jsonScan';
import { validCounts, tokenCount } from '../../core/usage';
import type { Outgoing } from '../prepare';
import { withCredential } from '../../upstream/providers';
import { type ResponseContext, endResponse, type ResponseProgress, relayError, usageOfWhole } from '../relay';
import type { Plan } from '../plan';
import type { Prepared, Sent } from '../failover';
import { objectOr, wrong } from '../../wire/shared/json';
import { asBuffer } from '../bodyWorker';

interface PreparedEmbedding extends Prepared {
  readonly sameWire: boolean;
  /** How the client wants its numbers. */
  readonly base64: boolean;
  /** Tokens, where the provider does not count them. */
  readonly estimate: number;
}

export const embedding: Service<PreparedEmbedding> = { read, prepare, relay };

// ---

async function read({ body }: IncomingRequest, limits: Limits): Promise<RequestFacts> {
  const seen = await scanJsonInSlices(body, { depth: limits.json_depth, nodes: limits.json_nodes });
  const model = modelName(modelField(body, seen));
  if (!isTextOrList(body, seen)) wrong('input', 'a text or a list of texts');
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
    needs: { capabilities: [], input: estimateInput(seen), output: 0 },
    scan: seen,
  };
}

// By its first byte: it may be as large as the body, and is the provider's to read.
function isTextOrList(body: Buffer, seen: JsonScan): boolean {
  const span = seen.fields.get('input');
  if (span === undefined) return false;
  const first = body[span.start];
  return first === 0x22 || (first === 0x5b && !/^\[\s*\]$/.test(body.toString('latin1', span.start, span.start + 100)));
}

function prepare(
  { ask, body, headers }: Outgoing,
  target: Target,
  provider: Provider,
  _plan: Plan,
  { workshop }: Services,
): PreparedEmbedding | Promise<PreparedEmbedding> {
  const estimate = ask.needs.input;
  switch (provider.wire) {
    case 'openai': {
      const span = ask.scan.fields.get('model');
      const edits =
        span === undefined || ask.model === target.model ? [] : [{ ...span, text: JSON.stringify(target.model) }];
      const url = new URL(`${provider.baseUrl}/embeddings`);
      const call = { url, headers: withCredential(provider, toUpstream(headers)), body: splice(body, edits) };
      return { call, dropped: [], sameWire: true, base64: false, estimate };
    }
    case 'gemini': {
      const url = new URL(`${provider.baseUrl}/v1beta/models/${encodeURIComponent(target.model)}:batchEmbedContents`);
      const made = workshop.run('embeddingsToGemini', { body, model: target.model }, body.length);
      return Promise.resolve(made).then(({ body: written, dropped, base64 }) => ({
        call: { url, headers: withCredential(provider, ['accept', 'application/json']), body: asBuffer(written) },
        dropped,
        sameWire: false,
        base64,
        estimate,
      }));
    }
    case 'anthropic':
      throw new GatewayError('no_capable_target', {
        field: 'model',
        message: `${target.label} makes no embeddings: name an embedding model of another provider.`,
      });
  }
}

/** Of an answer with embeddings, what was counted. */
const usageReader = {
  format: 'chat' as const,
  usageIn: (body: Readonly<Record<string, unknown>>) =>
    validCounts({ input: tokenCount(objectOr(body['usage'])['prompt_tokens']), output: 0 }),
};

async function relay(sent: Sent<PreparedEmbedding>, client: ResponseContext, passage: ResponseProgress): Promise<void> {
  const { answer, sameWire, base64, estimate } = sent;
  passage.status = answer.status;
  if (answer.status >= 400) return relayError(sent, client, passage);
  const bytes = await answer.readAll(client.limits.answer_bytes);
  if (sameWire) {
    passage.usage = await usageOfWhole(usageReader, bytes);
    return endResponse(client, passage, answer.status, toClient(answer.headers), bytes);
  }
  // Google counts nothing here: what is booked is the estimate, and is marked so.
  passage.usage = undefined;
  const task = { bytes, model: sent.target.model, base64, estimate };
  const made = await client.workshop.run('embeddingsFromGemini', task, bytes.length);
  const headers = { 'content-type': 'application/json', 'x-ovth-tokens': 'estimated' };
  endResponse(client, passage, 200, headers, asBuffer(made));
}
