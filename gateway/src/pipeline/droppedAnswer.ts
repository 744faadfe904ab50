// An answer that is dropped because another target is tried: its provider may charge for it all the same.

import { costOf, rawTokens, ratesOf } from '../accounting/pricing';
import type { ErrorCode } from '../core/errors';
import { noUsage } from '../core/usage';
import type { ResponseProgress } from './responseProgress';

/**
 * Notes at the last attempt why its answer is dropped, and what its provider says that it charges for it (nano-USD).
 * @param day ISO date on which it is priced
 */
export function noteDropped({ attempts, usage, target }: ResponseProgress, code: ErrorCode, day: string): void {
  const last = attempts.at(-1);
  if (last === undefined) return;
  const charged = usage?.input !== undefined && usage.output !== undefined && usage.incomplete !== true;
  const used = charged ? { ...noUsage, ...usage } : noUsage;
  attempts[attempts.length - 1] = {
    ...last,
    cause: last.cause ?? code,
    ...(target === undefined || rawTokens(used) === 0 ? {} : { usage: used, cost: costOf(used, ratesOf(target, day)) }),
  };
}
