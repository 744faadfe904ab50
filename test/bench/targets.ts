// The targets of the benchmark, row by row. The report prints each beside its row and whether it was met.

import type { Row } from './run';

/** A bound for a row's value (in the row's unit) or for its ratio; both bounds are allowed values. */
export interface Goal {
  readonly of: 'value' | 'ratio';
  readonly most?: number;
  readonly least?: number;
}

/** A goal that holds for both settings of storage.durability. */
const both = ['ovth-process', 'ovth'];

const goals: readonly (Goal & { measure: string; figure: string; contenders: readonly string[] })[] = [
  { measure: '1 KB, 1 conn', figure: 'CPU a request', contenders: ['ovth-process'], of: 'ratio', most: 1.8 },
  { measure: '1 KB, 16 conn', figure: 'CPU a request', contenders: ['ovth-process'], of: 'ratio', most: 1.6 },
  { measure: '1 KB, 64 conn', figure: 'CPU a request', contenders: ['ovth-process'], of: 'ratio', most: 1.6 },
  { measure: '1 KB, 64 conn', figure: 'CPU a request', contenders: ['ovth'], of: 'ratio', most: 1.8 },
  { measure: '1 KB, 64 conn', figure: 'requests/s', contenders: both, of: 'ratio', least: 4 },
  { measure: '1 MB text, 8 conn', figure: 'CPU a request', contenders: ['ovth-process'], of: 'ratio', most: 1.7 },
  { measure: '1 MB image, 8 conn', figure: 'CPU a request', contenders: ['ovth-process'], of: 'ratio', most: 1.2 },
  { measure: 'added latency', figure: 'p50 above bare-fastify', contenders: ['ovth-process'], of: 'value', most: 0.15 },
  {
    measure: 'added latency',
    figure: 'p50 above bare-fastify and one fdatasync (p50)',
    contenders: ['ovth'],
    of: 'value',
    most: 0.2,
  },
  { measure: 'added latency', figure: 'p99', contenders: ['ovth-process'], of: 'value', most: 1 },
  { measure: 'added latency', figure: 'p99', contenders: ['ovth'], of: 'value', most: 2 },
  { measure: 'added first token', figure: 'p50', contenders: both, of: 'value', most: 1 },
  { measure: '64 paced streams', figure: 'CPU an event', contenders: ['ovth-process'], of: 'ratio', most: 1.15 },
  {
    measure: '64 translated streams',
    figure: 'CPU an event',
    contenders: ['ovth-process'],
    of: 'ratio',
    most: 1.6,
  },
  { measure: '256 paced streams', figure: 'events/s', contenders: both, of: 'ratio', least: 0.98 },
  { measure: '256 paced streams', figure: 'delay of an event, p99', contenders: both, of: 'value', most: 20 },
  { measure: '256 translated streams', figure: 'delay of an event, p99', contenders: both, of: 'value', most: 20 },
  {
    measure: '64 paced streams beside a syncing process',
    figure: 'p99 above bare-fastify',
    contenders: both,
    of: 'value',
    most: 5,
  },
  { measure: 'stuck readers', figure: 'memory each', contenders: both, of: 'value', most: 1 },
  { measure: '8 MB bodies', figure: 'longest stall', contenders: both, of: 'value', most: 10 },
  { measure: '100 KB conversation', figure: 'slowest pair', contenders: ['ovth-process'], of: 'value', most: 1 },
  { measure: 'memory', figure: 'idle', contenders: ['ovth-process'], of: 'value', most: 110 },
  { measure: 'memory', figure: 'after 100,000 requests', contenders: ['ovth-process'], of: 'value', most: 150 },
  {
    measure: '1,000,000 requests',
    figure: 'report of hourly sums, p99',
    contenders: ['ovth-process'],
    of: 'value',
    most: 200,
  },
  {
    measure: '1,000,000 requests',
    figure: 'report of sessions, 31 days',
    contenders: ['ovth-process'],
    of: 'value',
    most: 2_000,
  },
  {
    measure: '1,000,000 requests',
    figure: 'write-ahead log beside it',
    contenders: ['ovth-process'],
    of: 'value',
    most: 64,
  },
  { measure: 'hash chain', figure: 'share of a request', contenders: ['ovth-process'], of: 'value', most: 2 },
  { measure: 'start', figure: 'median', contenders: ['ovth'], of: 'value', most: 300 },
];

/** The goal of a row; undefined where none is set. */
export function goalOf(row: Row): Goal | undefined {
  return goals.find(
    (goal) => goal.measure === row.measure && goal.figure === row.figure && goal.contenders.includes(row.contender),
  );
}

/** Whether a row reaches its goal. A row without a value does not. */
export function isMet(row: Row, goal: Goal): boolean {
  const value = goal.of === 'ratio' ? (row.ratio ?? NaN) : row.value;
  return value <= (goal.most ?? Infinity) && value >= (goal.least ?? -Infinity);
}
