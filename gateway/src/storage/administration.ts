// The part of the storage's interface that the administration is made of: top-ups and overrides of single limits, credentials
// of its own, and the row that every act leaves.

import { saturatingAdd } from '../core/usage';

/** What the administration has changed of a limit. It is kept under the limit's id, whatever becomes of the settings. */
export interface LimitAdjustment {
  /** All that was ever added to the amount: tokens, requests, or nano-USD. */
  readonly toppedUp: number;
  readonly override: LimitOverride | null;
}

/** An amount that holds instead of a limit's own for a while. */
export interface LimitOverride {
  /** Tokens, requests, or nano-USD. */
  readonly amount: number;
  /** It ends by itself, milliseconds since 1970. */
  readonly until: number;
}

/** A change of a limit: what is absent stays. */
export interface LimitChange {
  /** The limit's id. */
  readonly id: string;
  /** Added to what was topped up before. */
  readonly topUp?: number;
  /** Instead of the one before; null ends it. */
  readonly override?: LimitOverride | null;
}

/** Who does something, when and from where. */
export interface Act {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `master`, the id of a credential, or `configuration`. */
  readonly credential: string;
  /** Null for what no request asked for. */
  readonly address: string | null;
  /** Such as `key.mint`. */
  readonly action: string;
  readonly once?: Once;
}

/** By what an act is known again when it is repeated, because its answer was lost: then it changes nothing. */
export interface Once {
  /** Chosen by who asks, for this act alone. */
  readonly idempotencyKey: string;
  /** Digest of what is asked. */
  readonly contents: string;
}

/** The row that an act leaves. It is written once, with what it tells of. */
export interface AuditRow extends Omit<Act, 'once'> {
  /** The id of the key or credential. */
  readonly subject: string;
  /** JSON of `Change`. */
  readonly change: string;
}

/** The fields that an act changed, before and after it; without secrets and their hashes. None where it found nothing to change. */
export interface Change {
  /** Null where there was nothing. */
  readonly before: object | null;
  readonly after: object;
}

/** A part of the audit, read from its end. */
export interface AuditPage {
  /** Newest first. */
  readonly rows: readonly AuditRow[];
  /** Place of the oldest row that was looked at; undefined where the beginning was reached. */
  readonly reached: number | undefined;
}

/** A credential that administers within its scopes. The secret itself is never kept. */
export interface CredentialRow {
  readonly id: string;
  /** Lower-case hex of the secret's SHA-256. */
  readonly sha256: string;
  readonly label: string;
  /** JSON list of scopes. */
  readonly scopes: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

/** A limit that nobody has changed. */
export const unadjusted: LimitAdjustment = { toppedUp: 0, override: null };

/** The most that may be spent and reserved in a limit at a moment. @param now milliseconds since 1970 */
export function amountAt(
  { amount }: { readonly amount: number },
  { toppedUp, override }: LimitAdjustment,
  now: number,
): number {
  return saturatingAdd(override !== null && now < override.until ? override.amount : amount, toppedUp);
}

/** An adjustment after a change. */
export function adjusted(before: LimitAdjustment, { topUp = 0, override }: LimitChange): LimitAdjustment {
  return {
    toppedUp: saturatingAdd(before.toppedUp, topUp),
    override: override === undefined ? before.override : override,
  };
}
