// What every measure works with: the helpers, the contenders that are up, and how long it may take.

import { join } from 'node:path';
import { type Contender, type ContenderName, startContender } from './contender';
import type { FixedUpstream, Load } from './helpers';
import { median } from './figures';
import type { Unavailable } from './litellm';

/** How much is done. A whole run has to end within the deadline of bench.ts. */
export interface Effort {
  /** Of small requests, and of streams beside a syncing process. */
  readonly rounds: number;
  /** Of everything else. */
  readonly otherRounds: number;
  readonly roundMs: number;
  /** Until the engine has compiled what is hot: its own threads took 70 µs of a gateway's request just after the start, 25 later. */
  readonly warmUpMs: number;
  readonly pairs: number;
  readonly memoryRequests: number;
  readonly starts: number;
  readonly leavings: number;
}

/** `quick` is for a look at one change; its figures scatter more. */
export const efforts: Readonly<Record<'full' | 'quick', Effort>> = {
  full: {
    rounds: 5,
    otherRounds: 3,
    roundMs: 1_600,
    warmUpMs: 8_000,
    pairs: 1_000,
    memoryRequests: 100_000,
    starts: 7,
    leavings: 100,
  },
  quick: {
    rounds: 3,
    otherRounds: 2,
    roundMs: 500,
    warmUpMs: 1_500,
    pairs: 200,
    memoryRequests: 20_000,
    starts: 3,
    leavings: 30,
  },
};

/** What every measure is given. */
export interface Run {
  readonly effort: Effort;
  readonly load: Load;
  readonly upstream: FixedUpstream;
  readonly folder: string;
  /** One that is up and warm; it is started at its first use and stays until the run ends. */
  warm(name: ContenderName): Promise<Contender>;
  /** A new one of its own, stopped when the work is done. */
  fresh<T>(name: ContenderName, work: (contender: Contender) => Promise<T>, watched?: boolean): Promise<T>;
}

/** One figure of the report. */
export interface Row {
  readonly measure: string;
  /** `disk`: a figure of the machine's, measured in the same run. */
  readonly contender: ContenderName | 'disk';
  readonly figure: string;
  readonly unit: string;
  /** Median of the rounds. */
  readonly value: number;
  /** Against bare-fastify (or, for requests/s, Portkey) in the same round; median of the rounds. */
  readonly ratio: number | undefined;
  /** What was measured round by round. */
  readonly rounds: readonly number[];
  /** The same for the ratio. */
  readonly ratioRounds: readonly number[];
  /** Why there is no value: this contender cannot be had here. */
  readonly missing?: string;
}

/** One row of rounds; where those of another contender are given too, with the ratio of each pair of rounds. */
export function row(
  measure: string,
  contender: Row['contender'],
  figure: string,
  unit: string,
  rounds: readonly number[],
  against?: readonly number[],
): Row {
  const ratioRounds = against === undefined ? [] : rounds.map((value, i) => value / (against[i] ?? NaN));
  return {
    measure,
    contender,
    figure,
    unit,
    value: median(rounds),
    ratio: against === undefined ? undefined : median(ratioRounds),
    rounds,
    ratioRounds,
  };
}

/** The rows of a contender that this machine cannot measure. */
export function missingRows(
  measure: string,
  contender: ContenderName,
  figures: readonly string[],
  reason: Unavailable,
): Row[] {
  return figures.map((figure) => ({ ...row(measure, contender, figure, '', []), missing: reason.message }));
}

/** Keeps contenders for a run, and ends them. Times in ms. @param against the folder of the tree of `ovth-against` */
export function openContenders(
  upstream: FixedUpstream,
  load: Load,
  folder: string,
  effort: Effort,
  against: string | undefined,
) {
  const up = new Map<ContenderName, Contender>();
  let count = 0;
  return {
    async warm(name: ContenderName): Promise<Contender> {
      const found = up.get(name);
      if (found !== undefined) return found;
      const contender = await startContender(name, upstream.port, join(folder, name), false, against);
      up.set(name, contender);
      const { target } = contender;
      await load.do<'load'>({ type: 'load', target, body: '1 KB', connections: 16, rampMs: 0, ms: effort.warmUpMs, pid: undefined }); // prettier-ignore
      return contender;
    },
    async fresh<T>(name: ContenderName, work: (contender: Contender) => Promise<T>, watched = false): Promise<T> {
      const contender = await startContender(name, upstream.port, join(folder, `${name}-${++count}`), watched);
      try {
        return await work(contender);
      } finally {
        await contender.stop();
      }
    },
    async close(): Promise<void> {
      await Promise.all([...up.values()].map((contender) => contender.stop()));
    },
  };
}
