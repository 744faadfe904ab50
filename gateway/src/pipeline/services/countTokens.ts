// Token counts: by the provider's own counter where it has one, with tools, images and system prompt in it; else by an
// estimate, which says so. A count is free and is not booked.

import type { ServerResponse } from 'node:http';
import type { Provider } from '../../../../config/load';
import { isoDay } from '../../../../config/calendar';
import type { Target } from '../../../../config/target';
import { watchClient } from '../clientConnection';
import { GatewayError } from '../../core/errors';
import { translateError } from '../../upstream/providerErrors';
import type { Services, IncomingRequest } from '../handle';
import { acrossWires, toClient, toUpstream } from '../../upstream/headers';
import { modelField, modelName } from '../inspect';
import { type JsonScan, scanJsonInSlices } from '../../core/jsonScan';
import { withCredential } from '../../upstream/providers';
import { plan } from '../plan';
import { type Prepared, failover } from '../failover';
import type { Json } from '../../wire/codec';
import type { CountFormat } from '../../wire/countRequest';
import { countOr, objectOr } from '../../wire/shared/json';
import type { Format } from '../../wire/neutral';
import { asBuffer, type BodyWorker } from '../bodyWorker';

/** @throws GatewayError where nothing has been sent to the client yet */
export async function countTokens(gateway: Services, incoming: IncomingRequest): Promise<void> {
  const { config, health, now } = gateway;
  const { body, format, raw, id, startedAt } = incoming;
  const leaving = watchClient(raw, gateway.stopping);
  const seen = await scanJsonInSlices(body, { depth: config.limits.json_depth, nodes: config.limits.json_nodes });
  const model = modelName(incoming.named?.model ?? modelField(body, seen));
  const estimate = estimateCount(seen);
  const needs = { capabilities: [], input: 0, output: undefined };
  const chosen = plan(config, model, needs, health, { now: startedAt, day: isoDay(startedAt), chance: Math.random() });
  const [target] = chosen.targets;
  if (target === undefined) throw new GatewayError('no_capable_target');
  const headers = {
    'x-request-id': id,
    'x-ovth-route': `${model.slice(0, 200).replace(/[^\x20-\x7e]/g, '?')} -> ${target.label}`,
  };
  const provider = config.providers.get(target.provider);
  const counter = provider === undefined ? undefined : counterOf(provider, target);
  if (provider === undefined || counter === undefined) {
    await gateway.workshop.run('checkCountRequest', { from: format, body }, body.length);
    return end(raw, 200, { ...headers, 'x-ovth-tokens': 'estimated' }, printed(format, estimate));
  }
  // One target: another model would count otherwise.
  const one = { ...chosen, targets: [target] };
  const sent = await failover(
    one,
    { config, upstream: gateway.upstream, health, now, onAttempt: () => undefined },
    leaving,
    () => prepare(incoming, counter, provider, target, gateway.workshop),
  );
  const bytes = await sent.answer.readAll(config.limits.error_body_bytes);
  const status = sent.answer.status;
  if (status === 404 || status === 405 || status === 501)
    return end(raw, 200, { ...headers, 'x-ovth-tokens': 'estimated' }, printed(format, estimate));
  if (sent.sameWire) return end(raw, status, { ...toClient(sent.answer.headers), ...headers }, bytes);
  if (status >= 400) throw translateError(status, bytes, acrossWires(sent.answer.headers, incoming.dialect), target);
  const counted = countOr(objectOr(JSON.parse(bytes.toString('utf8')))[counter.field]);
  end(raw, 200, { ...headers, 'x-ovth-tokens': 'counted' }, printed(format, counted));
}

// ---

interface CountCall extends Prepared {
  readonly sameWire: boolean;
}

interface Counter {
  readonly format: CountFormat;
  readonly url: URL;
  /** Where the answer holds the count. */
  readonly field: string;
}

function counterOf(provider: Provider, target: Target): Counter | undefined {
  const base = provider.baseUrl;
  switch (provider.wire) {
    case 'anthropic':
      return { format: 'messages', url: new URL(`${base}/v1/messages/count_tokens`), field: 'input_tokens' };
    case 'gemini': {
      const url = new URL(`${base}/v1beta/models/${encodeURIComponent(target.model)}:countTokens`);
      return { format: 'generate', url, field: 'totalTokens' };
    }
    case 'openai':
      if (!provider.responses) return undefined;
      return { format: 'responses', url: new URL(`${base}/responses/input_tokens`), field: 'input_tokens' };
  }
}

async function prepare(
  { format, body, headers }: IncomingRequest,
  counter: Counter,
  provider: Provider,
  target: Target,
  workshop: BodyWorker,
): Promise<CountCall> {
  const sameWire = counter.format === format;
  const made = await workshop.run(
    'encodeCountRequest',
    { from: format, body, to: counter.format, target },
    body.length,
  );
  const sent = withCredential(provider, sameWire ? toUpstream(headers) : ['accept', 'application/json']);
  return { call: { url: counter.url, headers: sent, body: asBuffer(made) }, dropped: [], sameWire };
}

/** Bytes of a prompt a token stands for, on average; reservations count fewer, to be on the safe side. */
const bytesPerToken = 4;

function estimateCount(seen: JsonScan): number {
  return Math.ceil(seen.textBytes / bytesPerToken) + seen.mediaCount * 1_600;
}

function printed(format: Format, tokens: number): Buffer {
  const shapes: Readonly<Record<Format, Json>> = {
    messages: { input_tokens: tokens },
    generate: { totalTokens: tokens },
    responses: { object: 'response.input_tokens', input_tokens: tokens },
    chat: { input_tokens: tokens },
  };
  return Buffer.from(JSON.stringify(shapes[format]));
}

function end(raw: ServerResponse, status: number, headers: Record<string, string>, bytes: Buffer): void {
  raw.writeHead(status, { 'content-type': 'application/json', ...headers, 'content-length': bytes.length });
  raw.end(bytes);
}
