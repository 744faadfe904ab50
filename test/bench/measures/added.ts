// What a contender adds to one request at a time, as the difference to a request straight to the upstream just before.

import type { ContenderName } from '../contender';
import type { PairsResult } from '../jobs';
import { row, type Row, type Run } from '../run';

/** To the whole answer. */
export function addedLatency(run: Run): Promise<Row[]> {
  return added(run, 'added latency', '1 KB', ['ovth-process', 'ovth', 'bare-fastify', 'bare-http', 'portkey']);
}

/** To the first event of a stream. Portkey's npm package fails every stream on this Node, so it is not in here. */
export function addedFirstToken(run: Run): Promise<Row[]> {
  return added(run, 'added first token', 'first token', ['ovth-process', 'ovth', 'bare-fastify', 'bare-http']);
}

// ---

async function added(
  run: Run,
  measure: string,
  body: '1 KB' | 'first token',
  names: readonly ContenderName[],
): Promise<Row[]> {
  const { target: direct } = await run.warm('direct');
  const results = new Map<ContenderName, PairsResult[]>(names.map((name) => [name, []]));
  const most = body === '1 KB' ? run.effort.pairs : Math.ceil(run.effort.pairs / 4);
  for (let round = 0; round < run.effort.otherRounds; round++) {
    for (const name of names) {
      const { target } = await run.warm(name);
      const count = name === 'portkey' ? Math.ceil(most / 4) : most;
      results.get(name)?.push(await run.load.do<'pairs'>({ type: 'pairs', target, direct, body, count }));
    }
  }
  const bare = results.get('bare-fastify') ?? [];
  return [...results].flatMap(([name, rounds]) =>
    (['p50', 'p99'] as const).map((figure) => {
      const of = (list: readonly PairsResult[]) => list.map((result) => result[figure]);
      return row(measure, name, figure, 'ms', of(rounds), of(bare));
    }),
  );
}
