// CPU time a request, and requests a second: small requests at several numbers of connections, large ones at one.

import type { BodyName } from '../bodies';
import type { ContenderName } from '../contender';
import { microsecondsEach } from '../figures';
import type { LoadResult } from '../jobs';
import { Unavailable } from '../litellm';
import { missingRows, row, type Row, type Run } from '../run';

const everybody: readonly ContenderName[] = ['direct', 'ovth-process', 'ovth', 'bare-fastify', 'bare-http', 'portkey'];
const rampMs = 250;
/** LiteLLM answers about 90 requests a second: fewer rounds, each long enough to count more than one a connection. */
const slowRounds = { rounds: 2, rampMs: 1_000, ms: 2_000 };

/** 1 KB at 1, 16 and 64 connections; LiteLLM at 16 and 64, where this machine can run it. */
export async function smallRequests(run: Run): Promise<Row[]> {
  const rows: Row[] = [];
  const unavailable = await whyUnavailable(run, 'litellm');
  for (const connections of [1, 16, 64]) {
    const measure = `1 KB, ${connections} conn`;
    const withLitellm = connections > 1 && unavailable === undefined;
    const names = withLitellm ? [...everybody, 'litellm' as const] : everybody;
    const results = await interleaved(run, names, '1 KB', connections, run.effort.rounds);
    rows.push(...cpuRows(measure, results));
    if (connections > 1 && unavailable !== undefined)
      rows.push(...missingRows(measure, 'litellm', ['CPU a request', 'requests/s'], unavailable));
    const portkey = perSecond(results.get('portkey') ?? []);
    for (const [name, rounds] of results)
      rows.push(row(measure, name, 'requests/s', '/s', perSecond(rounds), name === 'portkey' ? undefined : portkey));
  }
  return rows;
}

/** 100 KB and 1 MB, as a conversation and as one image, at 8 connections. */
export async function largeRequests(run: Run): Promise<Row[]> {
  const rows: Row[] = [];
  const names: readonly ContenderName[] = ['ovth-process', 'bare-fastify', 'bare-http', 'portkey'];
  for (const body of ['100 KB text', '100 KB image', '1 MB text', '1 MB image'] as const) {
    const results = await interleaved(run, names, body, 8, run.effort.otherRounds);
    rows.push(...cpuRows(`${body}, 8 conn`, results));
  }
  return rows;
}

// ---

async function whyUnavailable(run: Run, name: ContenderName): Promise<Unavailable | undefined> {
  try {
    await run.warm(name);
    return undefined;
  } catch (error) {
    if (error instanceof Unavailable) return error;
    throw error;
  }
}

// Rounds in turn, A B A B: what else the machine does falls on all alike.
async function interleaved(
  run: Run,
  names: readonly ContenderName[],
  body: BodyName,
  connections: number,
  rounds: number,
): Promise<Map<ContenderName, LoadResult[]>> {
  const results = new Map<ContenderName, LoadResult[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const slow = name === 'litellm';
      if (slow && round >= slowRounds.rounds) continue;
      const { pid, target } = await run.warm(name);
      const times = slow ? { rampMs: slowRounds.rampMs, ms: slowRounds.ms } : { rampMs, ms: run.effort.roundMs };
      const job = { type: 'load', target, body, connections, pid, ...times } as const;
      const result = await run.load.do<'load'>(job);
      if (result.failures > 0) throw new Error(`${name}: ${result.failures} of ${result.requests} requests failed (${body})`); // prettier-ignore
      results.get(name)?.push(result);
    }
  }
  return results;
}

function cpuRows(measure: string, results: Map<ContenderName, LoadResult[]>): Row[] {
  const bare = cpuEach(results.get('bare-fastify') ?? []);
  return [...results]
    .filter(([name]) => name !== 'direct')
    .map(([name, rounds]) => row(measure, name, 'CPU a request', 'µs', cpuEach(rounds), bare));
}

const cpuEach = (rounds: readonly LoadResult[]) => rounds.map((r) => microsecondsEach(r.cpuMs, r.requests));
const perSecond = (rounds: readonly LoadResult[]) => rounds.map((r) => (r.requests * 1_000) / r.ms);
