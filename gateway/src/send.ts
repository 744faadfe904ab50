// Attempts: the same request to one target after another, until one answers. Nothing has reached the client yet.

import type { Config, Provider } from '../../config/load';
import type { Target } from '../../config/target';
import type { Ending } from './ending';
import { GatewayError } from './errors';
import { type Health, retryAfterMs } from './health';
import type { Plan } from './route';
import type { Answer, Call, Upstream } from './upstream';

/** A request as one target gets it. */
export interface Prepared {
  readonly call: Call;
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
  readonly answer: Answer;
  readonly attempts: number;
  /** Milliseconds from the last attempt's start to its first byte. */
  readonly firstByteMs: number;
};

export interface Way {
  readonly config: Config;
  readonly upstream: Upstream;
  readonly health: Health;
  readonly now: () => number;
  /** Called when a target is about to be sent to, so that what is booked names the one that was. */
  onAttempt(target: Target): void;
}

// Statuses after which another target may do better: the failure is the provider's or our credential's, not the client's.
const worthAnother = new Set([401, 408, 429, 500, 502, 503, 504, 529]);

/**
 * Sends to the plan's targets in turn. A client's own 4xx ends it at once; the last failure is returned as the answer
 * it was, or thrown where there was none.
 * @throws GatewayError upstream_unreachable, upstream_timeout, cannot_translate
 */
export async function send<P extends Prepared>(
  plan: Plan,
  way: Way,
  ending: Ending,
  prepare: (target: Target, provider: Provider) => P | Promise<P>,
): Promise<Sent<P>> {
  const { config, upstream, health, now } = way;
  const targets = plan.targets.slice(0, config.limits.attempts);
  let attempts = 0;
  for (const [i, target] of targets.entries()) {
    const provider = config.providers.get(target.provider);
    if (provider === undefined) continue;
    const last = i === targets.length - 1;
    const making = prepare(target, provider);
    let prepared = making instanceof Promise ? await making : making;
    way.onAttempt(target);
    for (let retries = 0; ; retries++) {
      attempts++;
      const startedAt = now();
      let answer: Answer;
      try {
        answer = await upstream.send(prepared.call, ending);
      } catch (error) {
        if (ending.reason !== undefined || !(error instanceof GatewayError)) throw error;
        health.failed(target.label, now());
        if (retries === 0 && wasStale(error)) continue;
        // A request that was sent whole and never answered may have been done: another try could be paid twice.
        if (last || error.code === 'upstream_timeout') throw error;
        break;
      }
      const firstByteMs = now() - startedAt;
      if (prepared.otherwise?.after.has(answer.status) === true) {
        const refusal = await answer.whole(config.limits.error_body_bytes);
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
        if (!last) {
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
  }
  throw new GatewayError('upstream_unreachable');
}

// ---

// An answer whose body had to be looked at, as if it had not been.
function alreadyRead({ status, headers }: Answer, body: Buffer): Answer {
  return {
    status,
    headers,
    whole: () => Promise.resolve(body),
    each: async (take) => take(body),
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

function isGarbage(answer: Answer): boolean {
  if (answer.status >= 300 && answer.status < 400) return true; // redirects are never followed
  const type = answer.headers['content-type'];
  return answer.status < 300 && typeof type === 'string' && !/json|event-stream/.test(type);
}
