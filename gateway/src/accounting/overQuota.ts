// What is said where a request does not fit into a limit.

import { GatewayError } from '../core/errors';
import type { LimitState } from '../storage/entries';
import { rateLimitHeaders, subscriptionHeaders } from './limitHeaders';
import { amountText, type QuotaLimit, secondsUntilReset, titleOf } from './quota';

/**
 * The refusal of a request that does not fit: of a budget, of a rate by the minute, or for what is in flight.
 * @param now milliseconds since 1970
 */
export function overQuota(limit: QuotaLimit, state: LimitState, wanted: number, now: number): GatewayError {
  if (limit.measure === 'parallel')
    return new GatewayError('too_many_of_key', {
      message: `The ${limit.whose} has ${state.reserved} requests in flight, and may have ${limit.amount} (parallel). Send the next one when one of them has ended.`,
      headers: { 'retry-after': '1' },
    });
  const { spent, reserved, left, amount = limit.amount } = state;
  const { per } = limit.rule;
  if (per === 'minute' && wanted > amount) return neverFits(limit, amount, wanted);
  const reset = limit.resetsAt === undefined ? '' : ` It resets at ${new Date(limit.resetsAt).toISOString()}.`;
  const held = reserved > 0 ? ` and ${amountText(limit, reserved)} held by requests in flight` : '';
  const fewer = left > 0 && limit.measure !== 'requests' ? ' A lower maximum of output tokens may fit.' : '';
  return new GatewayError(per === 'minute' ? 'over_rate' : 'over_quota', {
    message:
      `${capitalized(titleOf(limit))} ${per === 'minute' ? 'limit' : 'quota'} reached for ${limit.whose}: ` +
      `${amountText(limit, spent)} of ${amountText(limit, amount)} ${units[limit.measure]} spent${held}, ` +
      `this request needs ${amountText(limit, wanted)}.${reset}${fewer}`,
    headers: {
      'retry-after': String(secondsUntilReset(limit, now)),
      ...recordOfPairs(rateLimitHeaders({ limit, left, amount }, now)),
      ...(per === 'minute' ? {} : subscriptionHeaders(limit, 'rejected', spent / Math.max(1, amount))),
    },
  });
}

// ---

const units = { tokens: 'tokens', usd: 'USD', requests: 'requests', parallel: 'requests' } as const;

// Who is told to come back in a minute would come back for ever.
function neverFits(limit: QuotaLimit, amount: number, wanted: number): GatewayError {
  const unit = units[limit.measure];
  const setting = 'short' in limit.rule && limit.rule.short !== undefined ? ` (${limit.rule.short})` : '';
  return new GatewayError('larger_than_limit', {
    message: `This request needs ${amountText(limit, wanted)} ${unit}, and the limit of the ${limit.whose} is ${amountText(limit, amount)} a minute${setting}: it fits into no minute. Ask for fewer output tokens, send a shorter prompt, or have the limit raised.`,
  });
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function recordOfPairs(list: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < list.length; at += 2) record[list[at] ?? ''] = list[at + 1] ?? '';
  return record;
}
