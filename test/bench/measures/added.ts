// What a contender adds to one request at a time, as the difference to a request straight to the upstream just before.

import type { ContenderName } from '../contender';
import type { PairsResult, SyncResult } from '../jobs';
import { row, type Row, type Run } from '../run';

/**
 * To the whole answer. The disk's fdatasync is timed in the same rounds: a durable commit waits for one at least, so
 * that `ovth` (durability power_loss) is compared with bare-fastify and one fdatasync.
 */
export async function addedLatency(run: Run): Promise<Row[]> {
  const measure = 'added latency';
  const { added, syncs } = await measureAdded(run, '1 KB', ['ovth-process', 'ovth', 'bare-fastify', 'bare-http', 'portkey']); // prettier-ignore
  const p50 = (name: ContenderName) => (added.get(name) ?? []).map((result) => result.p50);
  const bare = p50('bare-fastify');
  const above = (name: ContenderName) => p50(name).map((value, i) => value - (bare[i] ?? NaN));
  const syncP50 = syncs.map((result) => result.p50);
  const syncP99 = syncs.map((result) => result.p99);
  return [
    ...rowsOf(measure, added),
    row('fdatasync of 4 KB', 'disk', 'p50', 'ms', syncP50),
    row('fdatasync of 4 KB', 'disk', 'p99', 'ms', syncP99),
    row(measure, 'ovth-process', 'p50 above bare-fastify', 'ms', above('ovth-process')),
    row(measure, 'ovth', 'p50 above bare-fastify', 'ms', above('ovth')),
    row(
      measure,
      'ovth',
      'p50 above bare-fastify and one fdatasync (p50)',
      'ms',
      above('ovth').map((value, i) => value - (syncP50[i] ?? NaN)),
    ),
  ];
}

/** To the first event of a stream. Portkey's npm package fails every stream on this Node, so it is not in here. */
export async function addedFirstToken(run: Run): Promise<Row[]> {
  const { added } = await measureAdded(run, 'first token', ['ovth-process', 'ovth', 'bare-fastify', 'bare-http']);
  return rowsOf('added first token', added);
}

// ---

// Rounds in turn. The disk's turn comes right after that of the contender that waits for it.
async function measureAdded(run: Run, body: '1 KB' | 'first token', names: readonly ContenderName[]) {
  const { target: direct } = await run.warm('direct');
  const added = new Map<ContenderName, PairsResult[]>(names.map((name) => [name, []]));
  const syncs: SyncResult[] = [];
  const most = body === '1 KB' ? run.effort.pairs : Math.ceil(run.effort.pairs / 4);
  for (let round = 0; round < run.effort.otherRounds; round++) {
    for (const [name, results] of added) {
      const { target } = await run.warm(name);
      const count = name === 'portkey' ? Math.ceil(most / 4) : most;
      results.push(await run.load.do<'pairs'>({ type: 'pairs', target, direct, body, count }));
      if (name === 'ovth' && body === '1 KB')
        syncs.push(await run.load.do<'sync'>({ type: 'sync', folder: run.folder, count: most }));
    }
  }
  return { added, syncs };
}

function rowsOf(measure: string, added: ReadonlyMap<ContenderName, readonly PairsResult[]>): Row[] {
  const bare = added.get('bare-fastify') ?? [];
  return [...added].flatMap(([name, rounds]) =>
    (['p50', 'p99'] as const).map((figure) => {
      const of = (list: readonly PairsResult[]) => list.map((result) => result[figure]);
      return row(measure, name, figure, 'ms', of(rounds), of(bare));
    }),
  );
}
