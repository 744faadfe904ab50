// A wait of at most two seconds that a provider asks for (`retry-after`). The request waits instead of being refused, because
// its client would only send it again. A longer wait is told to the client.

import type { ErrorCode, GatewayError } from '../core/errors';
import { retryAfterMs } from '../upstream/targetHealth';
import { waitWith } from './clientConnection';
import type { Exchange } from './context';

const longestWaitMs = 2_000;
/** A timer may be early by the length of the turn that it was set in. */
const timerMs = 50;
/** Refusals that a short wait may cure. */
const passing: ReadonlySet<ErrorCode> = new Set(['upstream_rate_limited', 'upstream_overloaded']);

/**
 * How long to wait before the same target is asked again, in milliseconds; undefined where a wait cures nothing, or where the
 * provider names none or a longer one.
 * @param now milliseconds since 1970
 */
export function shortWaitMs({ code, headers }: GatewayError, now: number): number | undefined {
  if (!passing.has(code)) return undefined;
  const ms = retryAfterMs(headers['retry-after'], now);
  return ms === undefined || ms > longestWaitMs ? undefined : ms;
}

/**
 * Waits. The further attempt has been taken from the route's budget, and is given back where there will be none.
 * @param ms as `shortWaitMs` says; the rest that the provider asked for is over afterwards
 * @param isProbed whether another request is finding out now whether the target is well
 * @returns whether the target is to be asked again
 * @throws the reason the client's signal gives
 */
export async function waitShortly(
  ms: number,
  route: string,
  { services, client }: Pick<Exchange, 'services' | 'client'>,
  isProbed: () => boolean,
): Promise<boolean> {
  let sends = false;
  try {
    await waitWith(client, ms + timerMs);
    sends = !isProbed();
    return sends;
  } finally {
    if (!sends) services.retries.giveBack(route);
  }
}
