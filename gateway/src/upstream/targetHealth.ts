// What is known of each target by experience: whether it is resting after failures, and how fast it begins to answer. An
// account rests as a whole where its key or its credit is the trouble.

import type { ErrorCode } from '../core/errors';

/** The names of a target and of the account it is called with. */
export interface TargetKey {
  readonly target: string;
  readonly account: string;
  /** A client has made the target's name up: `provider/anything`, of which neither configuration nor catalogue knows. */
  readonly madeUp: boolean;
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

/** A request that may find out whether a target is well again: the same object throughout. */
export type Prober = object;

export interface TargetHealth {
  /**
   * Whether it is better left alone: it rests, or one request is just finding out whether it is well again.
   * @param prober that request is not kept from its own target
   */
  isResting(key: TargetKey, now: number, prober?: Prober): boolean;
  /** Milliseconds since 1970 at which its rest is over, or was; 0 where it is well. */
  restsUntil(key: TargetKey): number;
  /** Makes the coming request the one that finds out; does nothing for a target that is well. */
  claimProbe(key: TargetKey, now: number, prober: Prober): void;
  /** The request has ended without an answer: its client left. Where it was to find out, the next one does. */
  dropProbe(key: TargetKey, prober: Prober): void;
  /**
   * Smoothed milliseconds to the first byte, to choose the fastest by; 0 before the first answer, so that it comes to be
   * measured, and Infinity while its last request failed lately.
   */
  firstByte(key: TargetKey, now: number): number;
  /** @param firstByteMs undefined where the answer was a refusal: it shows that the target lives, and not how fast it is */
  succeeded(key: TargetKey, firstByteMs: number | undefined): void;
  failed(key: TargetKey, now: number, failure: TargetFailure, prober: Prober): void;
}

/** Failures in a row before a target rests; a rest that a provider asks for counts at once. */
const failuresBeforeRest = 5;
const restMs = 10_000;
/** The shortest and the longest rest that a provider's own wait is taken for. */
const waitBounds = { least: 1_000, most: 60_000 };
/** Targets with made-up names that are remembered. Those of the configuration and the catalogue are few, and all are. */
const mostMadeUp = 1_000;
/** Weight of the newest observation. */
const smoothing = 0.2;

/** Nothing is known of any target yet. @param resting told when a target or account begins to rest */
export function openTargetHealth(resting: (rest: Rest) => void = () => undefined): TargetHealth {
  const records = openRecords();
  const isTired = (name: string, now: number, prober: Prober | undefined): boolean => {
    const record = records.find(name);
    return record !== undefined && record.until > 0 && (rests(record, now) || isProbed(record, now, prober));
  };
  const claim = (name: string, now: number, by: Prober): void => {
    const record = records.find(name);
    if (record !== undefined && record.until > 0 && record.until <= now) record.probe = { by, at: now };
  };
  const drop = (name: string, by: Prober): void => {
    const record = records.find(name);
    if (record?.probe?.by === by) record.probe = undefined;
  };
  const dropProbe = ({ target, account }: TargetKey, by: Prober): void => {
    drop(target, by);
    drop(account, by);
  };
  const rest = (name: string, record: HealthRecord, code: ErrorCode, now: number, ms: number): void => {
    if (record.until <= now) resting({ name: name.slice(0, 200), code, ms }); // a client may have chosen it
    record.until = Math.max(record.until, now + ms);
  };
  return {
    isResting: ({ target, account }, now, prober) => isTired(target, now, prober) || isTired(account, now, prober),
    restsUntil: ({ target, account }) => Math.max(records.find(target)?.until ?? 0, records.find(account)?.until ?? 0),
    claimProbe({ target, account }, now, prober) {
      claim(target, now, prober);
      claim(account, now, prober);
    },
    dropProbe,
    firstByte({ target }, now) {
      const record = records.find(target);
      if (record === undefined) return 0;
      return record.failures > 0 && now - record.failedAt < restMs ? Infinity : (record.firstByte ?? 0);
    },
    succeeded(key, firstByteMs) {
      records.forget(key.account);
      const record = key.madeUp ? records.find(key.target) : records.of(key, 0); // no route ranks it by its speed
      if (record === undefined) return;
      record.failures = 0;
      record.until = 0;
      record.probe = undefined;
      if (firstByteMs === undefined) return;
      record.firstByte =
        record.firstByte === undefined ? firstByteMs : record.firstByte + smoothing * (firstByteMs - record.firstByte);
    },
    failed(key, now, failure, prober) {
      dropProbe(key, prober);
      const record = records.of(key, now);
      record.failures++;
      record.failedAt = now;
      const tired = record.failures >= failuresBeforeRest || record.until > 0; // of a probe one failure is enough
      const ms = failure.restMs ?? (tired ? restMs : undefined);
      if (ms === undefined) return;
      if (failure.ofAccount === true) rest(key.account, records.ofAccount(key.account), failure.code, now, ms);
      else rest(key.target, record, failure.code, now, ms);
    },
  };
}

/**
 * `retry-after` in milliseconds: seconds or an HTTP date, within bounds whatever it says; undefined for anything else.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3.
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
  /** Milliseconds since 1970: of the last failure, and until when it rests (0: it is well). */
  failedAt: number;
  until: number;
  /** The request that is finding out whether it is well again, and since when. */
  probe: { readonly by: Prober; readonly at: number } | undefined;
  firstByte: number | undefined;
}

/** The records by name. What clients make up has a place of its own, so that it never takes that of a target of the operator's. */
function openRecords() {
  const known = new Map<string, HealthRecord>();
  const madeUp = new Map<string, HealthRecord>();
  const find = (name: string): HealthRecord | undefined => known.get(name) ?? madeUp.get(name);
  const ofAccount = (account: string): HealthRecord => {
    let record = known.get(account);
    if (record === undefined) known.set(account, (record = newRecord()));
    return record;
  };
  return {
    find,
    ofAccount,
    /** The record of a target; a new one where there is none. @param now milliseconds since 1970 */
    of(key: TargetKey, now: number): HealthRecord {
      let record = find(key.target);
      if (record === undefined || (!key.madeUp && madeUp.delete(key.target))) {
        record ??= newRecord();
        if (key.madeUp && madeUp.size >= mostMadeUp) madeUp.delete(leastMissed(madeUp, now));
        (key.madeUp ? madeUp : known).set(key.target, record);
      }
      return record;
    },
    forget: (account: string) => void known.delete(account),
  };
}

function rests({ until }: HealthRecord, now: number): boolean {
  const left = until - now;
  return left > 0 && left <= waitBounds.most; // or the clock was set back
}

function isProbed({ probe }: HealthRecord, now: number, prober: Prober | undefined): boolean {
  if (probe === undefined || probe.by === prober) return false;
  const age = now - probe.at;
  return age >= 0 && age < restMs;
}

// The oldest of those that do not rest, or of all.
function leastMissed(records: ReadonlyMap<string, HealthRecord>, now: number): string {
  for (const [name, { until }] of records) if (until <= now) return name;
  return records.keys().next().value ?? '';
}

function newRecord(): HealthRecord {
  return { failures: 0, failedAt: -Infinity, until: 0, probe: undefined, firstByte: undefined };
}
