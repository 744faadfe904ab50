// How long bodies of 8 MB hold the event loop at a time: everybody else's streams stand still meanwhile.

import type { BodyName } from '../bodies';
import { row, type Row, type Run } from '../run';

const untouched: readonly BodyName[] = ['8 MB text', '8 MB image', '8 MB of short turns'];
const translated: readonly BodyName[] = [
  '8 MB text, translated',
  '8 MB image, translated',
  '8 MB of short turns, translated',
];
const requests = 10;

/** A new process each; the first request counts like the others. Beside a bare proxy, which only carries the bytes. */
export async function stalls(run: Run): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of ['ovth-process', 'ovth', 'bare-fastify'] as const) {
    const longest = await run.fresh(
      name,
      async (contender) => {
        const found: number[] = [];
        for (const body of name === 'bare-fastify' ? untouched : [...untouched, ...translated]) {
          const target = translated.includes(body) ? { ...contender.target, path: '/v1/messages' } : contender.target;
          const { pid } = contender;
          await contender.stallMs(); // what came before is not this body's
          const job = { type: 'load', target, body, connections: 1, rampMs: 0, ms: 30_000, requests, pid } as const;
          const { failures } = await run.load.do<'load'>(job);
          if (failures > 0) throw new Error(`${name}: ${failures} requests with ${body} failed`);
          const stall = await contender.stallMs();
          found.push(stall);
          rows.push(row(body, name, 'longest stall', 'ms', [stall]));
        }
        return Math.max(...found);
      },
      true,
    );
    rows.push(row('8 MB bodies', name, 'longest stall', 'ms', [longest]));
  }
  return rows;
}
