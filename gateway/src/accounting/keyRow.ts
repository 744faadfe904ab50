// An application key as it is kept: what it begins with, its settings, and whether it may still be used.

import type { KeyBody, KeyChange } from '../../../config/keySettings';
import { type LimitRule, minuteRules, type WrittenRule, writtenRules } from '../../../config/limitRule';
import type { KeyRow } from '../storage/rows';

/** Why a key may not be used; undefined where it may. @param now milliseconds since 1970 */
export function endOf(key: KeyRow | undefined, now: number): 'revoked_key' | 'expired_key' | undefined {
  if (key === undefined || key.revoked_at !== null) return 'revoked_key';
  return key.expires_at !== null && key.expires_at <= now ? 'expired_key' : undefined;
}

/** Until when a secret works that is not the key's present one; undefined for the present one. Milliseconds since 1970. */
export function graceOf(key: KeyRow, sha256: string): number | undefined {
  return key.sha256 === sha256 ? undefined : (key.previous_until ?? undefined);
}

/** What a key begins with. */
export const newKey = {
  previous_sha256: null,
  previous_until: null,
  tags: '[]',
  models: null,
  routes: null,
  parallel: null,
  expires_at: null,
  rotated_at: null,
  revoked_at: null,
  generation: null,
  revoked_generation: null,
  note: null,
} as const satisfies Partial<KeyRow>;

/** A moment as it is kept: milliseconds since 1970; null for none. @param text ISO 8601 */
export function momentOf(text: string | null | undefined): number | null {
  return text == null ? null : Date.parse(text);
}

type KeySettings = Pick<
  KeyBody,
  'user' | 'tags' | 'quota' | 'models' | 'routes' | 'expires_at' | 'rpm' | 'tpm' | 'parallel' | 'note'
>;

/** What is said of a key, as it is kept; the same of keys in the configuration and of minted ones. */
export function settingsOf(key: KeySettings) {
  const list = (values: readonly string[] | undefined) => (values === undefined ? null : JSON.stringify(values));
  return {
    user: key.user ?? null,
    tags: list(key.tags) ?? '[]',
    limits: JSON.stringify([...writtenRules(key.quota), ...minuteRules(key)].map(({ rule }) => rule)),
    models: list(key.models),
    routes: list(key.routes),
    parallel: key.parallel ?? null,
    expires_at: momentOf(key.expires_at),
    note: key.note ?? null,
  } satisfies Partial<KeyRow>;
}

/**
 * A key's limits after a change of some of its settings: what is absent stays, `null` takes away.
 * @param limits JSON of its rules before
 */
export function changedLimits(limits: string, change: Pick<KeyChange, 'quota' | 'rpm' | 'tpm'>): string {
  const isMinutes = ({ short }: LimitRule) => short === 'rpm' || short === 'tpm';
  const before = JSON.parse(limits) as LimitRule[];
  const quota =
    change.quota === undefined
      ? before.filter((rule) => !isMinutes(rule))
      : rulesOf(writtenRules(change.quota ?? undefined));
  const minutes = before.filter((rule) => isMinutes(rule) && change[rule.short as 'rpm' | 'tpm'] === undefined);
  return JSON.stringify([...quota, ...minutes, ...rulesOf(minuteRules(change))]);
}

/**
 * The short form that limits a second time what one of the key's `quota.limits` does; undefined where none does.
 * @param limits JSON of its rules
 */
export function repeatedShort(limits: string): LimitRule['short'] {
  const rules = JSON.parse(limits) as LimitRule[];
  const long = rules.filter(({ short, per, enforce }) => short === undefined && per === 'minute' && enforce);
  return rules.find((rule) => rule.short !== undefined && long.some(({ measure }) => measure === rule.measure))?.short;
}

// ---

const rulesOf = (written: readonly WrittenRule[]) => written.map(({ rule }) => rule);
