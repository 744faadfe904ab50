// What is known of each target by experience: whether it is resting after failures, and how fast it begins to answer.

export interface TargetHealth {
  /** Milliseconds since 1970 until which the target is better left alone; 0 when it is well. */
  cooldownUntil(target: string): number;
  /** Smoothed milliseconds to the first byte; undefined before the first answer. */
  firstByte(target: string): number | undefined;
  succeeded(target: string, firstByteMs: number): void;
  /** @param retryAfterMs what the provider asked for, if it did */
  failed(target: string, now: number, retryAfterMs?: number): void;
}

/** Failures in a row before a target rests; a provider's own retry-after counts at once. */
const failuresBeforeRest = 5;
const restMs = 10_000;
const longestRestMs = 60_000;
/** Clients may name `provider/anything`: as many targets are remembered, the oldest forgotten. */
const mostRecords = 10_000;
/** Weight of the newest observation. */
const smoothing = 0.2;

/** Nothing is known of any target yet. Targets are named by `healthName` (pipeline/plan.ts). */
export function openTargetHealth(): TargetHealth {
  const records = new Map<string, { failures: number; until: number; firstByte: number | undefined }>();
  const recordOf = (target: string) => {
    let record = records.get(target);
    if (record === undefined) {
      const oldest = records.size >= mostRecords ? records.keys().next().value : undefined;
      if (oldest !== undefined) records.delete(oldest);
      records.set(target, (record = { failures: 0, until: 0, firstByte: undefined }));
    }
    return record;
  };
  return {
    cooldownUntil: (target) => records.get(target)?.until ?? 0,
    firstByte: (target) => records.get(target)?.firstByte,
    succeeded(target, firstByteMs) {
      const record = recordOf(target);
      record.failures = 0;
      record.until = 0;
      record.firstByte =
        record.firstByte === undefined ? firstByteMs : record.firstByte + smoothing * (firstByteMs - record.firstByte);
    },
    failed(target, now, retryAfterMs) {
      const record = recordOf(target);
      record.failures++;
      if (retryAfterMs !== undefined) record.until = now + Math.min(retryAfterMs, longestRestMs);
      else if (record.failures >= failuresBeforeRest) record.until = now + restMs;
    },
  };
}

/** `retry-after` in milliseconds: seconds or an HTTP date. */
export function retryAfterMs(value: string | string[] | undefined, now: number): number | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
