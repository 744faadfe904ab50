// Rounds of a thousand requests at once, of random sizes under random limits, through one gateway process or two on one ledger.
// What was admitted is held back at the provider until all are decided. Then nothing may have passed a limit, and nothing
// that was refused may fit beside what was admitted: what is held only grows in between, so that a refusal that was right when
// it was given is right at the end.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { startSimulators, type Simulators } from '../simulators';
import { ask, type ChildGateway, makeFolder, startChild } from './child';
import { masterKey } from './gateway';
import { providersAt } from './guide';

/** Requests of a round. */
const crowd = 1_000;
/** Tokens of output that requests name. */
const sizes = [50, 90, 150, 210, 300, 400] as const;

/** Amounts of the limits of one subject; tokens and requests, and dollars in requests of the middle size. */
const amounts = fc.record({
  tokens: fc.option(fc.integer({ min: 20_000, max: 150_000 })),
  usd: fc.option(fc.integer({ min: 80, max: 700 })),
  requests: fc.option(fc.integer({ min: 60, max: 600 })),
});
const round = fc.record({
  user: amounts,
  tag: amounts,
  keys: fc.tuple(amounts, amounts),
  parallel: fc.option(fc.integer({ min: 60, max: 600 })),
  asks: fc.array(fc.record({ key: fc.nat({ max: 1 }), size: fc.constantFrom(...sizes), process: fc.nat({ max: 1 }) }), { minLength: crowd, maxLength: crowd, size: 'max' }), // prettier-ignore
});
type AdmissionRound = typeof round extends fc.Arbitrary<infer R> ? R : never;
type RoundAmounts = AdmissionRound['user'];

/** What one request holds: tokens as counted, nano-USD. */
type Held = Readonly<Record<'tokens' | 'usd' | 'requests', number>>;

/** What came of some rounds. */
export interface Rounds {
  readonly rounds: number;
  readonly admitted: number;
  readonly refused: number;
}

/** Plays rounds, one after the other. @throws what `expect` does */
export async function playRounds(seeds: readonly number[], processes: 1 | 2): Promise<Rounds> {
  const simulators = await startSimulators({ record: false });
  const rounds = seeds.map((seed) => fc.sample(round, { seed, numRuns: 1 })[0]!);
  const config = `limits: {in_flight: ${2 * crowd}, in_flight_per_key: ${2 * crowd}}\n${providersAt(simulators)}`;
  const folder = makeFolder(config);
  const children: ChildGateway[] = [];
  const start = async () => {
    children.push(await startChild({ folder: folder.path, env: { OPENAI_API_KEY: simulators.openai.key } }));
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    for (const child of children) child.process.kill(signal);
    for (const child of children.splice(0)) await child.ended;
  };
  try {
    await start();
    const held = await probe(children[0]!.url, folder.path, simulators);
    await end('SIGTERM');
    writeFileSync(join(folder.path, 'config.yaml'), config + quotaOf(rounds, held));
    for (let i = 0; i < processes; i++) await start();
    const sum = { rounds: rounds.length, admitted: 0, refused: 0 };
    for (const [i, each] of rounds.entries()) {
      const admitted = await play(i, each, { held, simulators, folder: folder.path, urls: children.map(({ url }) => url) }); // prettier-ignore
      sum.admitted += admitted;
      sum.refused += crowd - admitted;
    }
    return sum;
  } finally {
    await end('SIGKILL');
    folder.remove();
    await simulators.close();
  }
}

// ---

interface Played {
  /** By the output that a request names. */
  readonly held: ReadonlyMap<number, Held>;
  readonly simulators: Simulators;
  readonly folder: string;
  /** Of the processes. */
  readonly urls: readonly string[];
}

const columns = { tokens: 'tokens', usd: 'nano', requests: 'requests' } as const;
const measures = ['tokens', 'usd', 'requests'] as const;
/** All names of gates have one length, so that requests of one size hold the same. */
const textHeldBy = (gate: string) => `[[sim: hold=${gate.padEnd(8, '.')} usage=40/10]] hi`;

function query<T>(folder: string, sql: string): T[] {
  const db = new DatabaseSync(join(folder, 'data/ledger.db'), { readOnly: true, timeout: 5_000 });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

// What requests of each size hold, of a key that nothing limits.
async function probe(url: string, folder: string, simulators: Simulators): Promise<ReadonlyMap<number, Held>> {
  const { key } = await mintKey(url, { label: 'probe' });
  const answers = sizes.map((size) => ask(url, key, textHeldBy('probe'), { max_completion_tokens: size }));
  await simulators.openai.waitForStarted(sizes.length);
  const found = query<{ output: number; tokens: number; nano: number }>(folder, 'select output, tokens, nano from open_requests'); // prettier-ignore
  simulators.release('probe'.padEnd(8, '.'));
  for (const answer of answers) await (await answer).arrayBuffer();
  simulators.reset();
  return new Map(found.map(({ output, tokens, nano }) => [output, { tokens, usd: nano, requests: 1 }]));
}

function quotaOf(rounds: readonly AdmissionRound[], held: ReadonlyMap<number, Held>): string {
  const of = (name: string, which: 'user' | 'tag') =>
    Object.fromEntries(rounds.map((each, i) => [`${name}${i}`, { limits: limitsOf(each[which], 'month', held) }]));
  return `quota: ${JSON.stringify({ users: of('user', 'user'), tags: of('tag', 'tag') })}\n`;
}

function limitsOf(asked: RoundAmounts, per: 'month' | 'lifetime', held: ReadonlyMap<number, Held>): object[] {
  return measures.flatMap((measure) => {
    const amount = asked[measure];
    if (amount === null) return [];
    return [{ [measure]: measure === 'usd' ? nanoOf(amount, held) / 1e9 : amount, per }];
  });
}

const nanoOf = (requests: number, held: ReadonlyMap<number, Held>) => requests * held.get(sizes[2])!.usd;

async function mintKey(url: string, body: object): Promise<{ id: string; key: string }> {
  const headers = { authorization: `Bearer ${masterKey}` };
  const answer = await fetch(`${url}/admin/keys`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { id: string; key: string };
}

// How many were admitted. Two keys of one user, of which one carries a tag and the other may have so many at once.
async function play(index: number, asked: AdmissionRound, { held, simulators, folder, urls }: Played): Promise<number> {
  const keys = await Promise.all(
    asked.keys.map((own, i) =>
      mintKey(urls[0]!, {
        label: `k${index}-${i}`,
        user: `user${index}`,
        quota: { limits: limitsOf(own, 'lifetime', held) },
        ...(i === 0 ? { tags: [`tag${index}`] } : asked.parallel === null ? {} : { parallel: asked.parallel }),
      }),
    ),
  );
  // Something is spent when the others come.
  const spent = await ask(urls[0]!, keys[0]!.key, '[[sim: usage=900/100]] hi');
  await spent.arrayBuffer();
  expect(spent.status).toBe(200);
  simulators.reset();

  const gate = `gate${index}`;
  let decided = 0;
  const answers = asked.asks.map(async ({ key, size, process }) => {
    const url = urls[process % urls.length]!;
    const answer = await ask(url, keys[key]!.key, textHeldBy(gate), { max_completion_tokens: size });
    if (answer.status !== 200) decided++;
    await answer.arrayBuffer();
    return answer.status;
  });
  while (decided + simulators.openai.counts.started < crowd) await new Promise((resolve) => setTimeout(resolve, 20));
  const admitted = simulators.openai.counts.started;
  const counters = countersOf(folder);
  const open = openOf(folder);
  simulators.release(gate.padEnd(8, '.'));
  const statuses = await Promise.all(answers);
  expect(statuses.filter((status) => status === 200)).toHaveLength(admitted);
  expect(statuses.filter((status) => status === 429)).toHaveLength(crowd - admitted);
  expect(open.reduce((sum, { requests }) => sum + requests, 0)).toBe(admitted);

  const own = (key: number) => [
    ...subject(`key:${keys[key]!.id}`, asked.keys[key]!, 'lifetime', [key]),
    ...subject(`user:user${index}`, asked.user, 'month', [0, 1]),
    ...(key === 0 ? subject(`tag:tag${index}`, asked.tag, 'month', [0]) : parallelOf(keys[1]!.id, asked.parallel)),
  ];
  const checked = [own(0), own(1)].map((limits) =>
    limits.map((limit) => {
      const { spent, reserved } = counters.get(limit.id)!;
      const amount = limit.measure === 'usd' ? nanoOf(limit.amount, held) : limit.amount;
      const used = (limit.isParallel ? 0 : spent[limit.measure]) + reserved[limit.measure];
      const theirs = open.filter(({ key }) => limit.keys.some((each) => keys[each]!.id === key));
      const sum = theirs.reduce((all, each) => all + each[limit.measure], 0);
      expect([limit.id, used <= amount, reserved[limit.measure]]).toEqual([limit.id, true, sum]);
      return { ...limit, left: amount - used };
    }),
  );
  const fitting = asked.asks.filter(({ key, size }, i) => {
    const needs = held.get(size)!;
    return statuses[i] === 429 && checked[key]!.every(({ measure, left }) => needs[measure] <= left);
  });
  expect(fitting).toEqual([]);
  while (openOf(folder).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const { spent, reserved } of countersOf(folder).values()) expect([reserved, spent.tokens >= 0]).toEqual([{ tokens: 0, usd: 0, requests: 0 }, true]); // prettier-ignore
  return admitted;
}

interface RoundLimit {
  readonly id: string;
  readonly measure: (typeof measures)[number];
  readonly amount: number;
  /** Indices of the keys that it limits. */
  readonly keys: readonly number[];
  readonly isParallel: boolean;
}

function subject(name: string, asked: RoundAmounts, per: string, keys: readonly number[]): RoundLimit[] {
  return measures.flatMap((measure) => {
    const amount = asked[measure];
    return amount === null ? [] : [{ id: `${name} ${measure} ${per}`, measure, amount, keys, isParallel: false }];
  });
}

function parallelOf(key: string, amount: number | null): RoundLimit[] {
  if (amount === null) return [];
  return [{ id: `key:${key} parallel lifetime`, measure: 'requests', amount, keys: [1], isParallel: true }];
}

function countersOf(folder: string): ReadonlyMap<string, { readonly spent: Held; readonly reserved: Held }> {
  const rows = query<Record<string, number> & { limit_id: string }>(folder, 'select * from budgets');
  const of = (row: Record<string, number>, kind: 'spent' | 'reserved'): Held => ({
    tokens: row[`${kind}_${columns.tokens}`]!,
    usd: row[`${kind}_${columns.usd}`]!,
    requests: row[`${kind}_${columns.requests}`]!,
  });
  return new Map(rows.map((row) => [row.limit_id, { spent: of(row, 'spent'), reserved: of(row, 'reserved') }]));
}

function openOf(folder: string): (Held & { readonly key: string })[] {
  return query(folder, 'select key, sum(tokens) tokens, sum(nano) usd, count(*) requests from open_requests group by key'); // prettier-ignore
}
