// This gateway beside another version of it, in turn: on a machine where a figure moves by a half from run to run, the ratio of
// two rounds that follow each other moves by some hundredths.

import type { BodyName } from '../bodies';
import { microsecondsEach } from '../figures';
import type { PairsResult } from '../jobs';
import { row, type Row, type Run } from '../run';

const names = ['ovth-against', 'ovth-process'] as const;
type Name = (typeof names)[number];

/** What is sent, on how many connections; `paced` streams are counted by events, and need longer rounds. */
const loads: readonly { body: BodyName; connections: number; path?: string; paced?: true }[] = [
  { body: '1 KB', connections: 64 },
  { body: '1 KB', connections: 16 },
  { body: '100 KB text', connections: 8 },
  { body: '100 KB image', connections: 8 },
  { body: '1 MB text', connections: 8 },
  { body: '1 MB image', connections: 8 },
  { body: 'first token', connections: 16 },
  { body: 'stream', connections: 64, paced: true },
  { body: 'translated stream', connections: 64, paced: true, path: '/v1/messages' },
];

/** CPU and added latency of both. The ratio is to the other version, and not to the bare proxy. */
export async function against(run: Run): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { body, connections, path, paced } of loads) {
    const times = paced === true ? { rampMs: 500, ms: 2_600 } : { rampMs: 300, ms: run.effort.roundMs / 2 };
    const cpu = await inTurn(run, async (name): Promise<number> => {
      const { pid, target } = await run.warm(name);
      const aim = path === undefined ? target : { ...target, path };
      const result = await run.load.do<'load'>({ type: 'load', target: aim, body, connections, pid, ...times });
      if (result.failures > 0) throw new Error(`${name}: ${result.failures} of ${result.requests} failed (${body})`);
      return microsecondsEach(result.cpuMs, paced === true ? result.events : result.requests);
    });
    const figure = paced === true ? 'CPU an event' : 'CPU a request';
    rows.push(...beside(`${body}, ${connections} conn, beside the other version`, figure, 'µs', cpu, (each) => each));
  }
  const { target: direct } = await run.warm('direct');
  for (const body of ['1 KB', 'first token'] as const) {
    const count = Math.ceil(run.effort.pairs / (body === '1 KB' ? 3 : 8));
    const added = await inTurn(run, async (name) => {
      const { target } = await run.warm(name);
      return run.load.do<'pairs'>({ type: 'pairs', target, direct, body, count });
    });
    for (const figure of ['p50', 'p99'] as const)
      rows.push(...beside(`added latency, ${body}, beside the other version`, figure, 'ms', added, (each: PairsResult) => each[figure])); // prettier-ignore
  }
  return rows;
}

// ---

// Who comes first changes from round to round.
async function inTurn<T>(run: Run, work: (name: Name) => Promise<T>): Promise<Map<Name, T[]>> {
  const found = new Map<Name, T[]>(names.map((name) => [name, []]));
  for (let round = 0; round < 2 * run.effort.rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed()) found.get(name)?.push(await work(name));
  return found;
}

function beside<T>(
  measure: string,
  figure: string,
  unit: string,
  found: Map<Name, T[]>,
  value: (each: T) => number,
): Row[] {
  const of = (name: Name) => (found.get(name) ?? []).map(value);
  return names.map((name) => row(measure, name, figure, unit, of(name), of('ovth-against')));
}
