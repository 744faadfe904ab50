// What the load generator can be asked to do, and what it answers.

import type { BodyName } from './bodies';

/** Where requests go. */
export interface Target {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LoadJob {
  readonly type: 'load';
  readonly target: Target;
  readonly body: BodyName;
  readonly connections: number;
  /** Runs this long before it begins to count. */
  readonly rampMs: number;
  /** Counts this long, or ... */
  readonly ms: number;
  /** ... until so many requests are answered. */
  readonly requests?: number;
  /** The process whose CPU time is read at both ends of the count. */
  readonly pid: number | undefined;
}

export interface LoadResult {
  readonly requests: number;
  readonly events: number;
  readonly failures: number;
  readonly ms: number;
  readonly cpuMs: number | undefined;
  /** Of stamped events: the time from the provider's sending to their arrival, in ms. */
  readonly delays: { readonly p50: number; readonly p99: number; readonly max: number } | undefined;
}

/** One request to each in turn, on one connection each. */
export interface PairsJob {
  readonly type: 'pairs';
  readonly target: Target;
  readonly direct: Target;
  readonly body: BodyName;
  readonly count: number;
}

export interface PairsResult {
  readonly p50: number;
  readonly p99: number;
  readonly directP50: number;
}

/** Opens a stream, and closes the connection at its first event. */
export interface LeaveJob {
  readonly type: 'leave';
  readonly target: Target;
  readonly body: BodyName;
}

export interface LeaveResult {
  /** When it closed, on the machine's monotonic clock in ms. */
  readonly leftAt: number;
}

/** Opens streams and reads nothing of them. */
export interface StuckJob {
  readonly type: 'stuck';
  readonly target: Target;
  readonly body: BodyName;
  readonly connections: number;
  /** How long they are held before the memory is read. */
  readonly ms: number;
  readonly pid: number;
}

export interface StuckResult {
  /** Of the process, while they were held. */
  readonly residentMb: number;
}

export interface Jobs {
  load: [LoadJob, LoadResult];
  stuck: [StuckJob, StuckResult];
  pairs: [PairsJob, PairsResult];
  leave: [LeaveJob, LeaveResult];
}

/** Milliseconds on the clock that all processes of a machine share. */
export const clockMs = () => Number(process.hrtime.bigint()) / 1e6;

/** A moment as it stands in an event, and is found again. */
export const stampOf = (ms: number) => `at${Math.round(ms * 1_000)}t`;
export const stamps = /at(\d{6,})t/g;
