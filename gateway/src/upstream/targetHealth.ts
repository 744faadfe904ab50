// What is known of each target by experience: whether it is resting after failures, and how fast it begins to answer. An
// account rests as a whole where its key or its credit is the trouble.

import type { ErrorCode } from '../core/errors';

/** The names of a target and of the account it is called with. */
export interface TargetKey {
  readonly target: string;
  readonly account: string;
}

/** A failure that counts against a target. */
export interface TargetFailure {
  readonly code: ErrorCode;
  /** Milliseconds it is to rest at once; absent where only failures in a row make it rest. */
  readonly restMs?: number | undefined;
  /** All targets of the account rest with it. */
  readonly ofAccount?: boolean;
}

/** A target or an account that begins to rest, for the log. */
export interface Rest {
  readonly name: string;
  readonly code: ErrorCode;
  readonly ms: number;
}

export interface TargetHealth {
  /** Whether it is better left alone: it rests, or one request is just finding out whether it is well again. */
  isResting(key: TargetKey, now: number): boolean;
  /** Milliseconds since 1970 at which its rest is over, or was; 0 where it is well. */
  restsUntil(key: TargetKey): number;
  /** Makes the coming request the one that finds out; does nothing for a target that is well. */
  claimProbe(key: TargetKey, now: number): void;
  /** The request that was to find out has ended without an answer: its client left. */
  dropProbe(key: TargetKey): void;
  /**
   * Smoothed milliseconds to the first byte, to choose the fastest by; 0 before the first answer, so that it comes to be
   * measured, and Infinity while its last request failed lately.
   */
  firstByte(key: TargetKey, now: number): number;
  /** @param firstByteMs undefined where the answer was a refusal: it shows that the target lives, and not how fast it is */
  succeeded(key: TargetKey, firstByteMs: number | undefined): void;
  failed(key: TargetKey, now: number, failure: TargetFailure): void;
}

/** Failures in a row before a target rests; a rest that a provider asks for counts at once. */
const failuresBeforeRest = 5;
const restMs = 10_000;
/** The shortest and the longest rest that a provider's own wait is taken for. */
const waitBounds = { least: 1_000, most: 60_000 };
/** Clients may name `provider/anything`: as many targets are remembered, the oldest forgotten. */
const mostRecords = 10_000;
/** Weight of the newest observation. */
const smoothing = 0.2;

/** Nothing is known of any target yet. @param resting told when a target or account begins to rest */
export function openTargetHealth(resting: (rest: Rest) => void = () => undefined): TargetHealth {
  const records = new Map<string, HealthRecord>();
  const isTired = (name: string, now: number): boolean => {
    const record = records.get(name);
    if (record === undefined || record.until === 0) return false;
    const left = record.until - now;
    const probed = now - record.probedAt;
    return (left > 0 && left <= waitBounds.most) || (probed >= 0 && probed < restMs); // or the clock was set back
  };
  const claim = (name: string, now: number): void => {
    const record = records.get(name);
    if (record !== undefined && record.until > 0 && record.until <= now) record.probedAt = now;
  };
  const rest = (name: string, record: HealthRecord, code: ErrorCode, now: number, ms: number): void => {
    if (record.until <= now) resting({ name: name.slice(0, 200), code, ms }); // a client may have chosen it
    record.until = Math.max(record.until, now + ms);
    record.probedAt = -Infinity;
  };
  return {
    isResting: ({ target, account }, now) => isTired(target, now) || isTired(account, now),
    restsUntil: ({ target, account }) => Math.max(records.get(target)?.until ?? 0, records.get(account)?.until ?? 0),
    claimProbe({ target, account }, now) {
      claim(target, now);
      claim(account, now);
    },
    dropProbe({ target, account }) {
      for (const record of [records.get(target), records.get(account)])
        if (record !== undefined) record.probedAt = -Infinity;
    },
    firstByte({ target }, now) {
      const record = records.get(target);
      if (record === undefined) return 0;
      return record.failures > 0 && now - record.failedAt < restMs ? Infinity : (record.firstByte ?? 0);
    },
    succeeded({ target, account }, firstByteMs) {
      records.delete(account);
      const record = recordIn(records, target);
      record.failures = 0;
      record.until = 0;
      if (firstByteMs === undefined) return;
      record.firstByte =
        record.firstByte === undefined ? firstByteMs : record.firstByte + smoothing * (firstByteMs - record.firstByte);
    },
    failed({ target, account }, now, failure) {
      const record = recordIn(records, target);
      record.failures++;
      record.failedAt = now;
      const tired = record.failures >= failuresBeforeRest || record.until > 0; // of a probe one failure is enough
      const ms = failure.restMs ?? (tired ? restMs : undefined);
      if (ms === undefined) return;
      if (failure.ofAccount === true) rest(account, recordIn(records, account), failure.code, now, ms);
      else rest(target, record, failure.code, now, ms);
    },
  };
}

/**
 * `retry-after` in milliseconds: seconds or an HTTP date, within bounds whatever it says; undefined for anything else.
 * Source: RFC 9110 section 10.2.3.
 */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  const number = Number(text);
  const ms = text === '' ? NaN : Number.isNaN(number) ? Date.parse(text) - now : number * 1_000;
  return Number.isNaN(ms) ? undefined : Math.min(waitBounds.most, Math.max(waitBounds.least, Math.round(ms)));
}

// ---

interface HealthRecord {
  /** In a row. */
  failures: number;
  /** Milliseconds since 1970: of the last failure; until when it rests (0: it is well); when it was last probed. */
  failedAt: number;
  until: number;
  probedAt: number;
  firstByte: number | undefined;
}

function recordIn(records: Map<string, HealthRecord>, name: string): HealthRecord {
  let record = records.get(name);
  if (record === undefined) {
    const oldest = records.size >= mostRecords ? records.keys().next().value : undefined;
    if (oldest !== undefined) records.delete(oldest);
    records.set(
      name,
      (record = { failures: 0, failedAt: -Infinity, until: 0, probedAt: -Infinity, firstByte: undefined }),
    );
  }
  return record;
}
