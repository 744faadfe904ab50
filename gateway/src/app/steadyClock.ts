// The wall clock, without its mistakes: a step is believed when it has stood for five minutes, so that a clock that is wrong
// for a moment opens no window of a quota, ends no key and lets no target rest for a year. Slow corrections (NTP slews by
// at most 0.5 ms a second) are followed, and so is the time that a machine has slept. A time that has itself not stood for as
// long is not defended: a machine that has just begun is often put right by NTP seconds later.

import { uptime } from 'node:os';

/** Where time comes from, in milliseconds. */
export interface TimeSources {
  /** Since 1970. */
  readonly wall: () => number;
  /** Since any moment, without steps; stands while the machine sleeps. */
  readonly monotonic: () => number;
  /** Since any moment, without steps; goes on while the machine sleeps. Asked only after a step. */
  readonly sinceBoot: () => number;
}

const believeMs = 5 * 60_000;
/** Less is a correction. */
const stepMs = 10_000;

const machine: TimeSources = { wall: Date.now, monotonic: () => performance.now(), sinceBoot: () => uptime() * 1_000 };

/**
 * @param told of a step that is not believed yet: how far the clock went
 * @returns milliseconds since 1970, an integer
 */
export function openSteadyClock(told: (stepMs: number) => void, sources = machine): () => number {
  const { wall, monotonic, sinceBoot } = sources;
  let at = wall();
  let elapsed = monotonic();
  let slept = sinceBoot() - elapsed;
  let stoodSince = elapsed;
  let step: { by: number; since: number } | undefined;

  const follow = (now: number, mono: number): number => {
    at = now;
    elapsed = mono;
    step = undefined;
    return now;
  };
  const stepped = (now: number, mono: number, by: number): number => {
    const asleep = sinceBoot() - mono - slept;
    const isSleep = Math.abs(by - asleep) < stepMs;
    if (!isSleep && mono - stoodSince >= believeMs) {
      if (step === undefined || Math.abs(by - step.by) >= stepMs) {
        told(by);
        step = { by, since: mono };
      }
      if (mono - step.since < believeMs) return Math.round(now - by);
    }
    if (!isSleep) stoodSince = mono;
    slept += asleep;
    return follow(now, mono);
  };
  return () => {
    const now = wall();
    const mono = monotonic();
    const by = now - at - (mono - elapsed);
    return Math.abs(by) < stepMs ? follow(now, mono) : stepped(now, mono, by);
  };
}
