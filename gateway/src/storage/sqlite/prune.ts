// Old rows go in the order in which their requests began, which is not quite that in which they were settled. A row that stays
// and whose predecessor in the chain has gone needs that one's hash: `chain_cuts` keeps it.

import type { Writer } from './statements';

interface Old {
  readonly seq: number;
  readonly instance: string;
  readonly hash: string | null;
}

/**
 * Deletes the oldest rows that began before a moment, and sums of sessions that are not read any more, `count` of each at most.
 * Within a transaction. @returns how many went, of the one of which more did
 */
export function pruneRequests(sql: Writer, before: number, count: number): number {
  const old = sql.oldest.all(before, count) as unknown as Old[];
  if (old.length > 0) sql.pruned.run(before);
  for (const { seq } of old) sql.dropRequest.run(seq);
  for (const [instance, rows] of byInstance(old)) cutChain(sql, instance, rows);
  return Math.max(old.length, Number(sql.dropSessionDaysBefore.run(count).changes));
}

// ---

function byInstance(rows: readonly Old[]): Map<string, Old[]> {
  const found = new Map<string, Old[]>();
  for (const row of [...rows].sort((a, b) => a.seq - b.seq)) {
    const known = found.get(row.instance);
    if (known === undefined) found.set(row.instance, [row]);
    else known.push(row);
  }
  return found;
}

// `rows` are gone, in order. Of a run of rows that went one after the other only the last one's hash is needed.
function cutChain(sql: Writer, instance: string, rows: readonly Old[]): void {
  const end = (sql.head.get(instance) as { seq: number } | undefined)?.seq ?? 0;
  const isKept = (after: number, until: number) => sql.nextOfInstance.get(instance, after, until) !== undefined;
  rows.forEach(({ seq, hash }, i) => {
    const next = rows[i + 1];
    // A cut that this row followed is no longer one: the rows up to it are all gone.
    const cut = sql.cutBefore.get(instance, seq) as { seq: number } | undefined;
    if (cut !== undefined && !isKept(cut.seq, seq)) sql.dropCut.run(cut.seq);
    const later = sql.cutAfter.get(instance, seq) as { seq: number } | undefined;
    const until = Math.min(next?.seq ?? end + 1, later?.seq ?? end + 1);
    // What comes after the last one is not settled yet.
    const needed = seq === end || (until > seq + 1 && isKept(seq, until));
    if (hash !== null && needed) sql.cut.run(seq, instance, hash);
  });
}
