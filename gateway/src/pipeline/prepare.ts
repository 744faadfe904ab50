// The ways to put a request: one target after another, each prepared when its turn has come, past those that cannot carry
// it. `handle` owns the generator, `failover` takes from it.

import { type ErrorCode, GatewayError } from '../core/errors';
import type { Candidate, Exchange, ProviderRefusal, Service } from './context';
import { targetKey } from './plan';

/** What was wrong with the candidate before: its target refused it, or its context is too small. */
export type NextCandidate = ProviderRefusal | { readonly largerThan: number };

/** The ways to put a request, in turn. */
export type Candidates<T> = AsyncGenerator<Candidate<T> | undefined, undefined, NextCandidate | undefined>;

/**
 * Yields the plan's targets in turn, at most `limits.attempts` of them, past those that rest. After a refusal
 * (`next(refusal)`) it yields the request in other words for the same target, or undefined where none would help; after
 * `next({ largerThan })` the next target that holds more tokens.
 * @throws GatewayError where no target can carry the request: the first one's refusal
 */
export async function* openCandidates<T>(exchange: Exchange, service: Service<T>): Candidates<T> {
  const { config, plan, services } = exchange;
  let largerThan = 0;
  let refused: GatewayError | undefined;
  let prepared = 0;
  for (const target of plan.targets) {
    if (prepared >= config.limits.attempts) return undefined;
    const provider = config.providers.get(target.provider);
    if (provider === undefined || (largerThan > 0 && (target.context ?? 0) <= largerThan)) continue;
    if (prepared > 0 && services.health.isResting(targetKey(config, target), services.now())) continue;
    let candidate: Candidate<T> | undefined;
    try {
      const preparing = service.prepare(exchange, target, provider);
      candidate = preparing instanceof Promise ? await preparing : preparing;
    } catch (error) {
      // Once one was sent to, what it answered is the answer, whatever is wrong with the request for the others.
      if (!(error instanceof GatewayError) || (prepared === 0 && !notCarried.has(error.code))) throw error;
      refused ??= error;
      continue;
    }
    prepared++;
    let next = yield candidate;
    while (next !== undefined) {
      if ('largerThan' in next) {
        ({ largerThan } = next);
        break;
      }
      candidate = candidate === undefined ? undefined : await reworded(exchange, service, candidate, next);
      next = yield candidate;
    }
  }
  if (prepared === 0 && refused !== undefined) throw refused;
  return undefined;
}

// ---

// In other words; undefined also where those cannot be carried, so that the next target is asked.
async function reworded<T>(
  exchange: Exchange,
  service: Service<T>,
  candidate: Candidate<T>,
  refusal: ProviderRefusal,
): Promise<Candidate<T> | undefined> {
  try {
    return await service.reword?.(exchange, candidate, refusal);
  } catch (error) {
    if (error instanceof GatewayError && notCarried.has(error.code)) return undefined;
    throw error;
  }
}

/** Refusals of ours that say nothing against another target. */
const notCarried = new Set<ErrorCode>(['cannot_translate', 'cannot_thread', 'no_capable_target']);
