// Top-ups and overrides of a key: which limits they change. Those of which the key is the subject; where it has none, its user's.

import type { Period } from '../../../config/calendar';
import type { KeyChange } from '../../../config/keySettings';
import { amountOf, type Measure, measuresOf } from '../../../config/limitRule';
import { GatewayError } from '../core/errors';
import type { LimitChange } from '../storage/administration';
import { momentOf } from './keyRow';
import type { QuotaLimit } from './quota';

/**
 * What is added to pots: the limits per `lifetime` of each measure named.
 * @param limits all that a request of the key falls under
 * @throws GatewayError bad_request where there is no such limit
 */
export function topUpChanges(limits: readonly QuotaLimit[], amounts: NonNullable<KeyChange['top_up']>): LimitChange[] {
  return measuresOf(amounts).flatMap((measure) => {
    const pots = limitsOf(limits, measure, 'lifetime');
    if (pots.length === 0)
      throw refusal(
        'top_up',
        `there is no limit {"${measure}": N, "per": "lifetime"} to top up, of the key or of its user; set one under quota.limits first.`,
      );
    return pots.map(({ id }) => ({ id, topUp: amountOf(measure, amounts[measure] ?? 0) }));
  });
}

/**
 * What holds for a while instead of an amount.
 * @param now milliseconds since 1970
 * @throws GatewayError bad_request where no limit is meant, or not one alone, or where it has ended already
 */
export function overrideChanges(
  limits: readonly QuotaLimit[],
  override: NonNullable<KeyChange['override']>,
  now: number,
): LimitChange[] {
  const [measure] = measuresOf(override);
  const until = momentOf(override.until) ?? 0;
  if (until <= now) throw refusal('override.until', 'must be a moment to come.');
  const meant = measure === undefined ? [] : limitsOf(limits, measure, override.per);
  const periods = [...new Set(meant.map(({ rule }) => rule.per))];
  if (measure === undefined || periods.length === 0)
    throw refusal(
      'override',
      `there is no limit of ${measure ?? ''}${override.per === undefined ? '' : ` per ${override.per}`} to override, of the key or of its user; set one under quota.limits first.`,
    );
  if (periods.length > 1)
    throw refusal(
      'override.per',
      `must name the limit that is meant: ${measure} is limited per ${periods.join(', ')}.`,
    );
  const amount = amountOf(measure, override[measure] ?? 0);
  return meant.map(({ id }) => ({ id, override: { amount, until } }));
}

// ---

function limitsOf(limits: readonly QuotaLimit[], measure: Measure, per: Period | undefined): readonly QuotaLimit[] {
  const of = (kind: 'key' | 'user') =>
    limits.filter(
      (limit) =>
        limit.subject.kind === kind &&
        limit.measure === measure &&
        limit.shadow !== true &&
        (per === undefined || limit.rule.per === per),
    );
  const own = of('key');
  return own.length > 0 ? own : of('user');
}

function refusal(field: string, why: string): GatewayError {
  return new GatewayError('bad_request', { field, message: `"${field}": ${why}` });
}
