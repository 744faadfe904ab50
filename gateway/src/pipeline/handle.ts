// The story of one inference request: read what it asks, plan, reserve, send, pass the answer on, settle, log.

import { defaultOutputTokens } from '../../../config/quotaSettings';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Config, Provider } from '../../../config/load';
import { isoDay } from '../../../config/calendar';
import type { Target } from '../../../config/target';
import { type RequestFacts, type PathModel, inspect } from './inspect';
import { ClientGone, watchClient } from './clientConnection';
import type { Dialect } from '../core/errorBody';
import type { CancelSignal } from '../core/cancellation';
import { GatewayError } from '../core/errors';
import type { TargetHealth } from '../upstream/targetHealth';
import { type Ledger, type Outcome, rateLimitHeaders, type Reservation } from '../accounting/ledger';
import type { Log } from '../telemetry/log';
import { costOf, countedTokens, noUsage, ratesOf, type Usage } from '../core/usage';
import { type ResponseContext, newProgress, type ResponseProgress, relay } from './relay';
import { expectedCost, plan, type Plan } from './plan';
import { type Outgoing, prepare, type PreparedAnswer } from './prepare';
import { type Prepared, failover, type Sent } from './failover';
import type { KeyRow } from '../storage/sqlite/store';
import type { BodyWorker } from './bodyWorker';
import type { UpstreamPool } from '../upstream/pool';
import type { ReasoningCache } from './reasoningCache';
import type { Format } from '../wire/neutral';

/** What every request shares. */
export interface Services {
  /** The configuration of this moment; a request keeps the one it began with. */
  readonly config: Config;
  readonly ledger: Ledger;
  readonly upstream: UpstreamPool;
  readonly health: TargetHealth;
  readonly vault: ReasoningCache;
  readonly workshop: BodyWorker;
  readonly log: Log;
  readonly now: () => number;
  /** Ends when the time to drain is over. */
  readonly stopping: CancelSignal;
}

export interface IncomingRequest {
  readonly id: string;
  readonly key: KeyRow;
  /** The format of the path, which its caller is answered in. */
  readonly format: Format;
  /** What the path says of the request, where it says anything. */
  readonly named?: PathModel;
  readonly dialect: Dialect;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly raw: ServerResponse;
  readonly startedAt: number;
}

/** What a kind of request needs of its own; the story around it is the same for all. */
export interface Service<P extends Prepared> {
  read(incoming: IncomingRequest, limits: Config['limits']): RequestFacts | Promise<RequestFacts>;
  prepare(outgoing: Outgoing, target: Target, provider: Provider, plan: Plan, gateway: Services): P | Promise<P>;
  relay(sent: Sent<P>, client: ResponseContext, passage: ResponseProgress): Promise<void>;
}

/** A model's answer to a conversation. */
export const answering: Service<PreparedAnswer> = {
  read: (incoming, limits) => inspect(incoming.format, incoming.body, limits, incoming.named),
  prepare,
  relay,
};

/** @throws GatewayError where nothing has been sent to the client yet */
export async function handle<P extends Prepared>(
  gateway: Services,
  incoming: IncomingRequest,
  service: Service<P>,
): Promise<void> {
  const { config, ledger, health, now } = gateway;
  const { id, key, format, dialect, raw, startedAt } = incoming;
  const leaving = watchClient(raw, gateway.stopping);
  const asking = service.read(incoming, config.limits);
  const ask = asking instanceof Promise ? await asking : asking;
  const day = isoDay(startedAt);
  const chosen = plan(config, ask.model, ask.needs, health, { now: startedAt, day, chance: Math.random() });
  const first = chosen.targets[0];
  if (first === undefined) throw new GatewayError('no_capable_target');

  const quota = config.settings.quota;
  const reservation = await ledger.reserve({
    id,
    keyId: key.id,
    quota,
    input: ask.needs.input,
    output: ask.needs.output,
    defaultOutput: quota?.default_output_tokens ?? defaultOutputTokens,
    requested: ask.model.slice(0, 200),
    target: first.label,
    rates: ratesOf(first, day),
  });

  const passage = newProgress();
  let target: Target | undefined;
  let sent: Sent<P> | undefined;
  let failure: unknown;
  try {
    const outgoing: Outgoing = {
      format,
      keyId: key.id,
      headers: incoming.headers,
      body: incoming.body,
      ask,
    };
    sent = await failover(
      chosen,
      { config, upstream: gateway.upstream, health, now, onAttempt: (next) => (target = next) },
      leaving,
      (to, provider) => service.prepare(outgoing, to, provider, chosen, gateway),
    );
    const client: ResponseContext = {
      raw,
      ending: leaving,
      format,
      stream: ask.stream,
      asList: ask.asList,
      dialect,
      requestId: id,
      headers: answerHeaders(id, chosen, sent, reservation, ask.needs, day, startedAt),
      created: Math.floor(startedAt / 1_000),
      includeUsage: ask.includeUsage,
      keep: gateway.vault.rememberFor(key.id),
      workshop: gateway.workshop,
      limits: config.limits,
      mayGoOn: (estimate) =>
        estimate <= reservation.output ||
        ledger.extend(
          reservation,
          Math.max(quota?.default_output_tokens ?? defaultOutputTokens, estimate - reservation.output),
        ),
    };
    await service.relay(sent, client, passage);
  } catch (error) {
    failure = error;
    sent?.answer.cancel();
    if (error instanceof GatewayError && !passage.begun) passage.status = error.status;
    if (!passage.begun && !(error instanceof ClientGone)) throw error;
  } finally {
    const outcome = outcomeOf(failure, passage);
    const { usage, estimated } = finalUsage(
      passage,
      outcome,
      sent !== undefined || (target !== undefined && outcome === 'client_gone'),
      ask.needs.input,
    );
    const rates = ratesOf(target ?? first, day);
    const count = quota?.count ?? 'weighted';
    const firstByteMs = sent?.firstByteMs;
    const label = (target ?? first).label;
    const settled = ledger.settle(reservation, {
      usage, estimated, rates, count, target: label, stream: ask.stream, status: passage.status, outcome, firstByteMs, endUser: ask.endUser,
    }); // prettier-ignore
    settled.catch((cause: unknown) => gateway.log.error('a settlement failed', cause));
    gateway.log.request({
      id,
      key: key.label,
      key_id: key.id,
      path: format,
      model: ask.model.slice(0, 200),
      target: label,
      strategy: chosen.strategy,
      attempts: sent?.attempts ?? 0,
      status: passage.status,
      outcome,
      stream: ask.stream,
      usage,
      counted: countedTokens(usage, count),
      cost_nano_usd: costOf(usage, rates),
      estimated,
      first_byte_ms: firstByteMs,
      ms: now() - startedAt,
      dropped: sent?.dropped ?? [],
      lost: passage.lost,
      warning: chosen.warning,
      failure: outcome === 'ok' ? undefined : failure,
    });
  }
}

// ---

function outcomeOf(failure: unknown, passage: ResponseProgress): Outcome {
  // Some clients hang up on the last event, without waiting for the stream's end.
  if (failure instanceof ClientGone) return passage.complete ? 'ok' : 'client_gone';
  if (failure instanceof GatewayError) {
    if (failure.code === 'over_quota') return 'over_quota';
    return passage.begun ? 'upstream_died' : 'error';
  }
  if (failure !== undefined || passage.failed) return 'error';
  return 'ok';
}

// What is booked: what the provider reported; else, once it had the request, our estimate. An error answer costs nothing.
function finalUsage(
  passage: ResponseProgress,
  outcome: Outcome,
  reached: boolean,
  input: number,
): { usage: Usage; estimated: boolean } {
  const reported = passage.usage;
  const complete = reported?.input !== undefined && reported.output !== undefined && reported.incomplete !== true;
  if (outcome === 'ok' && complete) return { usage: { ...noUsage, ...reported }, estimated: false };
  const billed =
    outcome === 'ok' ||
    outcome === 'client_gone' ||
    outcome === 'over_quota' ||
    outcome === 'upstream_died' ||
    reported !== undefined;
  if (!reached || !billed) return { usage: noUsage, estimated: false };
  // A stream that broke off has reported its input at most, and its output so far at best.
  const output = Math.max(reported?.output ?? 0, passage.estimatedOutput);
  const { incomplete, ...told } = { ...noUsage, input, ...reported };
  const counted = incomplete === true && told.input === 0 ? input : told.input;
  return { usage: { ...told, input: counted, output }, estimated: true };
}

function answerHeaders(
  id: string,
  chosen: Plan,
  sent: Sent<Prepared>,
  reservation: Reservation,
  needs: Parameters<typeof expectedCost>[1],
  day: string,
  now: number,
): Record<string, string> {
  const headers: Record<string, string> = {
    'x-request-id': id,
    'x-ovth-route': describeRoute(chosen, sent, needs, day),
  };
  if (sent.dropped.length > 0) headers['x-ovth-dropped'] = sent.dropped.map(printable).join(', ').slice(0, 2_000);
  if (chosen.warning !== undefined) headers['x-ovth-warning'] = printable(chosen.warning);
  if (reservation.room !== undefined)
    Object.assign(headers, rateLimitHeaders(reservation.room.limit, reservation.room.left, now));
  return headers;
}

/** `auto -> google/gemini…; strategy=cheapest-capable; candidates=9; attempt=1; expected_usd=0.000213`. */
function describeRoute(
  chosen: Plan,
  sent: Sent<Prepared>,
  needs: Parameters<typeof expectedCost>[1],
  day: string,
): string {
  const price = (expectedCost(sent.target, needs, day) / 1e9).toFixed(6);
  const unknown = sent.target.priced === 'unknown' ? ' (price unknown: conservative tier)' : '';
  return `${printable(chosen.requested)} -> ${printable(sent.target.label)}; strategy=${chosen.strategy}; candidates=${chosen.targets.length}; attempt=${sent.attempts}; expected_usd=${price}${unknown}`;
}

const unprintable = /[^\x20-\x7e]/;

// Header values are ASCII; what is not is shown as escapes.
function printable(text: string): string {
  if (text.length <= 300 && !unprintable.test(text)) return text;
  return text
    .slice(0, 300)
    .replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character.isWellFormed() ? character : '?'));
}
