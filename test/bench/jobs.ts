// What the load generator can be asked to do, and what it answers.

import type { BodyName } from './bodies';

/** Where requests go. */
export interface Target {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Keeps a number of connections busy with one request after another. */
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

/** What was counted between the two ends of a `LoadJob`'s count. */
export interface LoadResult {
  readonly requests: number;
  readonly events: number;
  readonly failures: number;
  readonly ms: number;
  readonly cpuMs: number | undefined;
  /** How long the main thread of the process waited for its core. */
  readonly coreWaitMs: number | undefined;
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

/** Times in ms: what the target adds to a request straight to the upstream, and that request's own. */
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

/** The moment of leaving; the upstream tells when it saw it. */
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

/** Memory of the process that is measured. */
export interface StuckResult {
  /** Of the process, while they were held. */
  readonly residentMb: number;
}

/** Writes 4 KB and calls fdatasync, again and again: what one durable commit costs on this disk at least. */
export interface SyncJob {
  readonly type: 'sync';
  /** A folder on the disk that is measured. The file in it is removed afterwards. */
  readonly folder: string;
  readonly count: number;
}

/** Time of one write of 4 KB and its fdatasync, in ms. */
export interface SyncResult {
  readonly p50: number;
  readonly p99: number;
}

/** What the load generator can do: a job's fields and its result's. */
export interface Jobs {
  load: [LoadJob, LoadResult];
  stuck: [StuckJob, StuckResult];
  pairs: [PairsJob, PairsResult];
  leave: [LeaveJob, LeaveResult];
  sync: [SyncJob, SyncResult];
}

/** Milliseconds on the clock that all processes of a machine share. */
export const clockMs = () => Number(process.hrtime.bigint()) / 1e6;

/** A moment in ms as it stands in an event, and is found again. */
export const stampOf = (ms: number) => `at${Math.round(ms * 1_000)}t`;
/** Finds stamps in the text of events; the first group is the moment in µs. */
export const stamps = /at(\d{6,})t/g;
