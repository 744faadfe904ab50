// Open streams while another process keeps the ledger's disk busy: a commit that waits for the disk must not hold up the
// events of other requests.

import { streamShape } from '../bodies';
import { besideSyncs } from '../helpers';
import type { LoadResult } from '../jobs';
import { row, type Row, type Run } from '../run';

const names = ['ovth', 'ovth-process', 'bare-fastify'] as const;
const connections = 64;
const measure = `${connections} paced streams beside a syncing process`;
/** Every stream has begun by then. */
const rampMs = 2_000;

interface Round {
  readonly delays: NonNullable<LoadResult['delays']>;
  readonly syncsPerSecond: number;
  /** Share of the time in %. */
  readonly coreWait: number;
}

/**
 * 64 streams of 64 events, 20 ms apart, while a process appends 1 MB and syncs without pause on the ledger's disk: how
 * long each event is on its way, and how much longer than through bare-fastify, which writes nothing. The time that the
 * main thread waited for its core says how much the rest of the machine disturbed a round.
 */
export async function streamsBesideSyncs(run: Run): Promise<Row[]> {
  const results = new Map<(typeof names)[number], Round[]>(names.map((name) => [name, []]));
  for (let round = 0; round < run.effort.rounds; round++)
    for (const [name, rounds] of results) rounds.push(await measureRound(run, name));
  const of = (name: (typeof names)[number], read: (round: Round) => number) => (results.get(name) ?? []).map(read);
  return names.flatMap((name) => [
    ...(['p50', 'p99'] as const).flatMap((figure) => {
      const delays = of(name, (round) => round.delays[figure]);
      const bare = of('bare-fastify', (round) => round.delays[figure]);
      const rows = [row(measure, name, `delay of an event, ${figure}`, 'ms', delays, bare)];
      if (name === 'bare-fastify') return rows;
      const above = delays.map((delay, i) => delay - (bare[i] ?? NaN));
      return [...rows, row(measure, name, `${figure} above bare-fastify`, 'ms', above)];
    }),
    row(
      measure,
      name,
      'time its main thread waited for its core',
      '%',
      of(name, (round) => round.coreWait),
    ),
    row(
      measure,
      name,
      'syncs of 1 MB by the other process',
      '/s',
      of(name, (round) => round.syncsPerSecond),
    ),
  ]);
}

// ---

async function measureRound(run: Run, name: (typeof names)[number]): Promise<Round> {
  const { pid, target } = await run.warm(name);
  const ms = Math.max(run.effort.roundMs * 2, streamShape.events * streamShape.gapMs);
  const job = { type: 'load', target, body: 'stamped stream', connections, rampMs, ms, pid } as const;
  const { result, syncsPerSecond } = await besideSyncs(run.folder, rampMs + ms + 5_000, () => run.load.do<'load'>(job));
  if (result.failures > 0) throw new Error(`${name}: ${result.failures} of ${result.requests} streams failed`);
  if (result.delays === undefined) throw new Error(`${name}: no event came`);
  return { delays: result.delays, syncsPerSecond, coreWait: ((result.coreWaitMs ?? NaN) * 100) / result.ms };
}
