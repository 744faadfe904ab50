// Streams: CPU time an event when events come one by one, and how soon a client's leaving reaches the provider.

import { streamShape } from '../bodies';
import type { ContenderName } from '../contender';
import type { LoadResult } from '../jobs';
import { microsecondsEach, percentile } from '../figures';
import { residentMbOf } from '../procfs';
import { row, type Row, type Run } from '../run';

const names: readonly ContenderName[] = ['ovth-process', 'ovth', 'bare-fastify', 'bare-http'];
const connections = 64;
const many = 256;
const stuck = 64;
const translating: readonly ContenderName[] = ['ovth-process', 'ovth'];

/** 64 streams of 64 events, 20 ms apart; the client did not ask for usage, so that the gateway has an event to hide. */
export async function pacedStreams(run: Run): Promise<Row[]> {
  const oneStreamMs = streamShape.events * streamShape.gapMs;
  const results = new Map<ContenderName, LoadResult[]>(names.map((name) => [name, []]));
  for (let round = 0; round < run.effort.otherRounds; round++) {
    for (const name of names) {
      const { pid, target } = await run.warm(name);
      const ms = Math.max(run.effort.roundMs * 2, oneStreamMs);
      const job = { type: 'load', target, body: 'stream', connections, rampMs: 300, ms, pid } as const;
      const result = await run.load.do<'load'>(job);
      if (result.failures > 0) throw new Error(`${name}: ${result.failures} of ${result.requests} streams failed`);
      results.get(name)?.push(result);
    }
  }
  const each = (list: readonly LoadResult[]) => list.map((r) => microsecondsEach(r.cpuMs, r.events));
  const bare = each(results.get('bare-fastify') ?? []);
  return [...results].map(([name, rounds]) =>
    row(`${connections} paced streams`, name, 'CPU an event', 'µs', each(rounds), bare),
  );
}

/** The same streams told to a client of Anthropic's: every event is read and written anew. Beside the bare pipe. */
export async function translatedStreams(run: Run): Promise<Row[]> {
  const oneStreamMs = streamShape.events * streamShape.gapMs;
  const results = new Map<ContenderName, number[]>([...translating, 'bare-fastify' as const].map((name) => [name, []]));
  for (let round = 0; round < run.effort.otherRounds; round++) {
    for (const [name, list] of results) {
      const { pid, target } = await run.warm(name);
      const bare = name === 'bare-fastify';
      const job = {
        type: 'load',
        target: bare ? target : { ...target, path: '/v1/messages' },
        body: bare ? 'stream' : 'translated stream',
        connections,
        rampMs: 300,
        ms: Math.max(run.effort.roundMs * 2, oneStreamMs),
        pid,
      } as const;
      const result = await run.load.do<'load'>(job);
      if (result.failures > 0) throw new Error(`${name}: ${result.failures} of ${result.requests} streams failed`);
      list.push(microsecondsEach(result.cpuMs, result.events));
    }
  }
  const bare = results.get('bare-fastify') ?? [];
  return [...results].map(([name, each]) =>
    row(`${connections} translated streams`, name, 'CPU an event', 'µs', each, bare),
  );
}

/**
 * 256 streams of 64 events, 20 ms apart: how many events come through, beside the same streams without anybody between,
 * and how long each is on its way. Who falls behind delays each event more than the one before, and gets fewer through.
 */
export async function manyStreams(run: Run): Promise<Row[]> {
  const rows: Row[] = [];
  let direct: readonly number[] = [];
  const kinds = [
    { measure: `${many} paced streams`, body: 'stamped stream', path: undefined, names: ['direct', ...names] },
    {
      measure: `${many} translated streams`,
      body: 'translated stamped stream',
      path: '/v1/messages',
      names: translating,
    },
  ] as const;
  for (const { measure, body, path, names } of kinds) {
    for (const name of names) {
      const { pid, target } = await run.warm(name);
      const results: LoadResult[] = [];
      for (let round = 0; round < run.effort.otherRounds; round++) {
        const ms = Math.max(run.effort.roundMs * 2, streamShape.events * streamShape.gapMs);
        const aim = path === undefined ? target : { ...target, path };
        const job = { type: 'load', target: aim, body, connections: many, rampMs: 2_000, ms, pid } as const;
        const result = await run.load.do<'load'>(job);
        if (result.failures > 0) throw new Error(`${name}: ${result.failures} of ${result.requests} streams failed`);
        results.push(result);
      }
      const each = (read: (result: LoadResult) => number | undefined) => results.map((result) => read(result) ?? NaN);
      const perSecond = each(({ events, ms }) => (events * 1_000) / ms);
      if (name === 'direct') direct = perSecond;
      rows.push(
        row(
          measure,
          name,
          'delay of an event, p50',
          'ms',
          each(({ delays }) => delays?.p50),
        ),
        row(
          measure,
          name,
          'delay of an event, p99',
          'ms',
          each(({ delays }) => delays?.p99),
        ),
        row(
          measure,
          name,
          'events/s',
          '/s',
          perSecond,
          // A translated stream has another number of events.
          path === undefined && name !== 'direct' ? direct : undefined,
        ),
        row(
          measure,
          name,
          'share of its core',
          '%',
          each(({ cpuMs, ms }) => cpuMs && (cpuMs * 100) / ms),
        ),
      );
    }
  }
  return rows;
}

/** What the gateway holds for a client that asked for a stream of 64 MB and reads nothing of it. */
export async function stuckReaders(run: Run): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of ['ovth-process', 'ovth', 'bare-fastify'] as const) {
    const each = await run.fresh(name, async ({ pid, target }) => {
      if (pid === undefined) return NaN;
      const warmUp = { type: 'load', target, body: '1 KB', connections: stuck, rampMs: 0, ms: 1_000, pid } as const;
      await run.load.do<'load'>(warmUp);
      const before = residentMbOf(pid);
      const job = { type: 'stuck', target, body: 'flood', connections: stuck, ms: 3_000, pid } as const;
      const { residentMb } = await run.load.do<'stuck'>(job);
      return (residentMb - before) / stuck;
    });
    rows.push(row('stuck readers', name, 'memory each', 'MB', [each]));
  }
  return rows;
}

/** From the client's closing in the middle of a stream to the close of the provider's connection. */
export async function leaving(run: Run): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of names) {
    const { target } = await run.warm(name);
    const times: number[] = [];
    for (let i = 0; i < run.effort.leavings; i++) {
      const { leftAt } = await run.load.do<'leave'>({ type: 'leave', target, body: 'stream' });
      times.push((await run.upstream.leftAfter(leftAt)) - leftAt);
    }
    rows.push(row('client leaves', name, 'p50', 'ms', [percentile(times, 0.5)]));
    rows.push(row('client leaves', name, 'p99', 'ms', [percentile(times, 0.99)]));
  }
  return rows;
}
