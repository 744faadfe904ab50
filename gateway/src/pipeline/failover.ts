// Attempts: the same request to one target after another, until one answers. Nothing has reached the client yet.

import type { Config, Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import type { CancelSignal } from '../core/cancellation';
import { type ErrorCode, GatewayError } from '../core/errors';
import { type TargetHealth, retryAfterMs } from '../upstream/targetHealth';
import type { Plan } from './plan';
import type { UpstreamResponse, UpstreamRequest, UpstreamPool } from '../upstream/pool';

/** A request as one target gets it. */
export interface Prepared {
  readonly call: UpstreamRequest;
  /** Paths of what the target cannot carry. */
  readonly dropped: readonly string[];
  /** Another way to put it, once it was refused with one of these statuses; undefined where none would help. */
  readonly otherwise?: {
    readonly after: ReadonlySet<number>;
    way(status: number, refusal: Buffer): Prepared | Promise<Prepared> | undefined;
  };
}

/** The one that was answered, and how. */
export type Sent<P extends Prepared> = Omit<P, 'call' | 'otherwise'> & {
  readonly target: Target;
  readonly answer: UpstreamResponse;
  readonly attempts: number;
  /** Milliseconds from the last attempt's start to its first byte. */
  readonly firstByteMs: number;
};

export interface SendContext {
  readonly config: Config;
  readonly upstream: UpstreamPool;
  readonly health: TargetHealth;
  readonly now: () => number;
  /** Called when a target is about to be sent to, so that what is booked names the one that was. */
  onAttempt(target: Target): void;
}

// Statuses after which another target may do better: the failure is the provider's or our credential's, not the client's.
const worthAnother = new Set([401, 408, 429, 500, 502, 503, 504, 529]);

/**
 * Sends to the plan's targets in turn, past those that cannot carry the request. A client's own 4xx ends it at once; the
 * last failure is returned as the answer it was, or thrown where there was none.
 * @throws GatewayError upstream_unreachable, upstream_timeout; cannot_translate and the like where no target can carry it
 */
export async function failover<P extends Prepared>(
  plan: Plan,
  way: SendContext,
  ending: CancelSignal,
  prepare: (target: Target, provider: Provider) => P | Promise<P>,
): Promise<Sent<P>> {
  const { config, upstream, health, now } = way;
  const candidates = openCandidates(plan, config, prepare);
  let attempts = 0;
  for (let candidate = await candidates.next(); candidate !== undefined;) {
    const { target } = candidate;
    let { prepared } = candidate;
    let following: Candidate<P> | undefined;
    way.onAttempt(target);
    for (let retries = 0; ; retries++) {
      attempts++;
      const startedAt = now();
      let answer: UpstreamResponse;
      try {
        answer = await upstream.send(prepared.call, ending);
      } catch (error) {
        if (ending.reason !== undefined || !(error instanceof GatewayError)) throw error;
        health.failed(target.label, now());
        if (retries === 0 && wasStale(error)) continue;
        // A request that was sent whole and never answered may have been done: another try could be paid twice.
        if (error.code === 'upstream_timeout') throw error;
        following = await candidates.next();
        if (following === undefined) throw error;
        break;
      }
      const firstByteMs = now() - startedAt;
      if (prepared.otherwise?.after.has(answer.status) === true) {
        const refusal = await answer.readAll(config.limits.error_body_bytes);
        const other = prepared.otherwise.way(answer.status, refusal);
        if (other !== undefined) {
          prepared = (await other) as P;
          continue;
        }
        answer = alreadyRead(answer, refusal);
      }
      if (worthAnother.has(answer.status) || isGarbage(answer)) {
        health.failed(
          target.label,
          now(),
          answer.status === 429 || answer.status === 503
            ? retryAfterMs(answer.headers['retry-after'], now())
            : undefined,
        );
        following = await candidates.next();
        if (following !== undefined) {
          answer.cancel();
          break;
        }
        if (isGarbage(answer)) {
          answer.cancel();
          throw new GatewayError('upstream_garbage');
        }
      } else {
        health.succeeded(target.label, firstByteMs);
      }
      const { call: _call, otherwise: _otherwise, ...rest } = prepared;
      return { ...rest, target, answer, attempts, firstByteMs };
    }
    candidate = following;
  }
  throw new GatewayError('upstream_unreachable');
}

// ---

interface Candidate<P> {
  readonly target: Target;
  readonly prepared: P;
}

// Refusals of ours that say nothing against another target.
const notCarried = new Set<ErrorCode>(['cannot_translate', 'cannot_thread', 'no_capable_target']);

// The plan's targets, each prepared when its turn has come; one that cannot carry the request has no turn. The first
// refusal is told if all refuse.
function openCandidates<P>(
  plan: Plan,
  { providers, limits }: Config,
  prepare: (target: Target, provider: Provider) => P | Promise<P>,
) {
  const waiting = [...plan.targets];
  let refusal: GatewayError | undefined;
  let taken = 0;
  return {
    async next(): Promise<Candidate<P> | undefined> {
      while (taken < limits.attempts) {
        const target = waiting.shift();
        if (target === undefined) break;
        const provider = providers.get(target.provider);
        if (provider === undefined) continue;
        try {
          const making = prepare(target, provider);
          const prepared = making instanceof Promise ? await making : making;
          taken++;
          return { target, prepared };
        } catch (error) {
          // Once one was sent to, what it said is the answer, whatever is wrong with the request for the others.
          if (!(error instanceof GatewayError) || (taken === 0 && !notCarried.has(error.code))) throw error;
          refusal ??= error;
        }
      }
      if (taken === 0 && refusal !== undefined) throw refusal;
      return undefined;
    },
  };
}

// An answer whose body had to be looked at, as if it had not been.
function alreadyRead({ status, headers }: UpstreamResponse, body: Buffer): UpstreamResponse {
  return {
    status,
    headers,
    readAll: () => Promise.resolve(body),
    forEachChunk: async (take) => take(body),
    cancel: () => undefined,
  };
}

// The provider closed an idle connection just as we wrote to it: nothing was processed.
function wasStale(error: GatewayError): boolean {
  const cause = error.cause as { code?: string; socket?: { bytesRead?: number } } | undefined;
  return (
    error.code === 'upstream_unreachable' &&
    (cause?.code === 'UND_ERR_SOCKET' || cause?.code === 'ECONNRESET' || cause?.code === 'EPIPE') &&
    (cause.socket?.bytesRead ?? 1) > 0
  );
}

function isGarbage(answer: UpstreamResponse): boolean {
  if (answer.status >= 300 && answer.status < 400) return true; // redirects are never followed
  const type = answer.headers['content-type'];
  return answer.status < 300 && typeof type === 'string' && !/json|event-stream/.test(type);
}
