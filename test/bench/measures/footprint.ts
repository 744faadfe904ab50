// Memory idle and after load, and the time to start.

import { join } from 'node:path';
import { type ContenderName, startContender } from '../contender';
import { Unavailable } from '../litellm';
import { residentMbOf } from '../procfs';
import { missingRows, row, type Row, type Run } from '../run';

/**
 * A process of its own each: idle a moment after its start, and again a moment after the load. Of LiteLLM only the
 * first, where this machine can run it: the load would take it a quarter of an hour.
 */
export async function memory(run: Run): Promise<Row[]> {
  const rows: Row[] = [];
  // Portkey answers too slowly for the whole number.
  const shares: readonly (readonly [ContenderName, number])[] = [['ovth-process', 1], ['bare-fastify', 1], ['portkey', 0.1]]; // prettier-ignore
  for (const [name, share] of shares) rows.push(...(await memoryOf(run, name, run.effort.memoryRequests * share)));
  try {
    rows.push(...(await memoryOf(run, 'litellm', 0)));
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    rows.push(...missingRows('memory', 'litellm', ['idle'], error));
  }
  return rows;
}

/** To the line that says it listens. The first start makes the ledger, the others find it. */
export async function start(run: Run): Promise<Row[]> {
  const names: readonly ContenderName[] = ['ovth', 'bare-fastify', 'portkey'];
  const times = new Map<ContenderName, number[]>(names.map((name) => [name, []]));
  for (let i = 0; i < run.effort.starts; i++) {
    for (const name of names) {
      const contender = await startContender(name, run.upstream.port, join(run.folder, `${name}-start`));
      times.get(name)?.push(contender.startMs);
      await contender.stop();
    }
  }
  return [...times].flatMap(([name, list]) => [
    row('start', name, 'median', 'ms', list),
    { ...row('start', name, 'best', 'ms', [Math.min(...list)]) },
  ]);
}

// ---

function memoryOf(run: Run, name: ContenderName, requests: number): Promise<Row[]> {
  return run.fresh(name, async ({ pid, target }) => {
    if (pid === undefined) return [];
    await settled();
    const rows = [row('memory', name, 'idle', 'MB', [residentMbOf(pid)])];
    if (requests === 0) return rows;
    const ms = 120_000;
    const job = { type: 'load', target, body: '1 KB', connections: 64, rampMs: 0, ms, requests, pid } as const;
    await run.load.do<'load'>(job, ms + 5_000);
    await settled();
    return [...rows, row('memory', name, `after ${requests.toLocaleString('en')} requests`, 'MB', [residentMbOf(pid)])];
  });
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 1_500));
