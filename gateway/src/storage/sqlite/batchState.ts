// What a batch changes, and what is remembered between batches.

import type { BudgetCache } from './budgetCache';
import type { KeyUses } from './keyUses';
import type { Writer } from './statements';
import type { HashChain } from './hashChain';
import type { UsageSums } from './usageSums';

export interface BatchState {
  readonly sql: Writer;
  readonly budgets: BudgetCache;
  readonly usage: UsageSums;
  /** Takes the settled rows. */
  readonly chain: HashChain;
  readonly keyUses: KeyUses;
  readonly instance: string;
  /** Whether a key is there and not revoked. */
  stands(key: string): boolean;
  /** Keeps rates under their id, once. */
  readonly addRates: (id: string, json: string) => void;
  /** Forgets what was remembered and not written. */
  readonly forget: () => void;
}
