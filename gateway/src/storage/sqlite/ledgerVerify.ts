// Whether the rows of a ledger are those that were settled: the hash chain of every instance is computed again, from slice to
// slice, beside a gateway that runs or without one.

import type { DatabaseSync } from 'node:sqlite';
import type { RequestRow } from '../rows';
import { chainStart, rowHash } from './chainHash';
import { openReader } from './database';
import { epochIn } from './ledgerFile';
import { openPeople, type People } from './people';

/** What became of a head that was noted elsewhere. */
export type HeadState = 'found' | 'pruned' | 'missing';

/** What the chains say. */
export interface VerifyReport {
  readonly ledger: string;
  /** Rows whose hash was computed again. */
  readonly rows: number;
  /** Rows that an earlier version settled, without a hash. */
  readonly unchained: number;
  /** Where each chain ends. */
  readonly heads: readonly {
    readonly instance: string;
    readonly seq: number;
    readonly hash: string;
    readonly at: number;
  }[];
  /** Heads that were asked for, in order. */
  readonly asked: readonly { readonly hash: string; readonly state: HeadState }[];
  /** One sentence each; empty for a ledger in which nothing was changed. */
  readonly problems: readonly string[];
}

/** What is told while it runs. */
export type Progress = (done: number, all: number) => void;

/**
 * Verifies the ledger at a path, which must exist.
 * @param asked hashes noted outside of the ledger, which must be in it
 * @throws SQLite's error for a file that is no ledger, or that cannot be opened
 */
export function verifyLedger(
  path: string,
  asked: readonly string[],
  progress: Progress = () => undefined,
): VerifyReport {
  const db = openReader(path);
  try {
    if (!hasChain(db)) return unchainedReport(db, asked);
    return walk(db, asked, progress);
  } finally {
    db.close();
  }
}

// ---

/** Rows of one read: while it lasts, the write-ahead log cannot be cut. */
const rowsAtOnce = 10_000;
/** Sentences of one kind. */
const mostNamed = 5;
/** No request takes so long from its beginning to its settlement, not even one that is settled after an outage. */
const longestMs = 7 * 86_400_000;

type Row = RequestRow & { readonly seq: number };

/** An instance's chain, as far as it was walked. */
interface Chain {
  seq: number;
  hash: string;
}

interface Walk {
  readonly db: DatabaseSync;
  readonly ledger: string;
  readonly chains: Map<string, Chain>;
  readonly people: People;
  readonly wanted: ReadonlySet<string>;
  readonly found: Set<string>;
  readonly broken: string[];
  readonly unknown: string[];
  rows: number;
  unchained: number;
  /** The row before, of any instance. */
  seq: number;
  /** When the last request before it ended. */
  endedAt: number;
}

// A ledger that no newer gateway has opened yet.
function hasChain(db: DatabaseSync): boolean {
  return db.prepare("select 1 from sqlite_schema where name = 'chain_cuts'").get() !== undefined;
}

function unchainedReport(db: DatabaseSync, asked: readonly string[]): VerifyReport {
  const { n } = db.prepare('select count(*) n from requests').get() as { n: number };
  const states = asked.map((hash) => ({ hash, state: 'missing' as const }));
  return { ledger: epochIn(db), rows: 0, unchained: n, heads: [], asked: states, problems: missingHeads(states) };
}

function walk(db: DatabaseSync, asked: readonly string[], progress: Progress): VerifyReport {
  const salt = db.prepare('select salt from people where name = ?');
  const state: Walk = {
    db,
    ledger: epochIn(db),
    chains: new Map(),
    people: openPeople((name) => (salt.get(name) as { salt: string | null } | undefined)?.salt),
    wanted: new Set(asked),
    found: new Set(),
    broken: [],
    unknown: [],
    rows: 0,
    unchained: 0,
    seq: 0,
    endedAt: 0,
  };
  const { all } = db.prepare('select count(*) "all" from requests').get() as { all: number };
  const slice = db.prepare('select * from requests where seq > ? order by seq limit ?');
  for (;;) {
    // The rows of a slice, the places where the chain was cut, and at the end the heads, all of one moment.
    db.exec('begin');
    const rows = slice.all(state.seq, rowsAtOnce) as unknown as Row[];
    const before = prunedBefore(db);
    for (const row of rows) follow(state, row, before);
    if (rows.length < rowsAtOnce) break;
    db.exec('commit');
    progress(state.rows + state.unchained, all);
  }
  const heads = db.prepare('select instance, seq, hash, at from ledger_heads order by at, instance').all();
  const ends = heads as unknown as VerifyReport['heads'];
  const problems = [...named(state.broken, 'places'), ...named(state.unknown, 'rows'), ...endProblems(state, ends)];
  const states = asked.map((hash) => ({ hash, state: headState(state, hash) }));
  db.exec('commit');
  return {
    ledger: state.ledger,
    rows: state.rows,
    unchained: state.unchained,
    heads: ends,
    asked: states,
    problems: [...problems, ...missingHeads(states)],
  };
}

// Rows that began before this moment may have been pruned; 0 where none ever was.
function prunedBefore(db: DatabaseSync): number {
  const pruned = db.prepare('select before from pruned').get() as { before: number } | undefined;
  const oldest = db.prepare('select min(started_at) at from requests').get() as { at: number | null };
  return Math.min(pruned?.before ?? 0, oldest.at ?? Infinity);
}

function follow(state: Walk, row: Row, pruned: number): void {
  const { chains, people, broken, unknown } = state;
  if (row.hash === null) {
    state.unchained++;
    if (state.rows > 0) unknown.push(`${row.id} (place ${row.seq})`);
  } else {
    state.rows++;
    const before = hashBefore(state, row, pruned);
    if (rowHash(before, row, people.of(row)) !== row.hash) broken.push(placeOf(row));
    else if (state.wanted.has(row.hash)) state.found.add(row.hash);
    chains.set(row.instance, { seq: row.seq, hash: row.hash });
  }
  state.seq = row.seq;
  if (row.kind === 'request') state.endedAt = row.ended_at;
}

// The hash of the row before: of the one that is there, or of the last one that was pruned after it.
function hashBefore(state: Walk, row: Row, pruned: number): string {
  const chain = state.chains.get(row.instance);
  const cut = cutBetween(state.db, row.instance, chain?.seq ?? 0, row.seq);
  if (cut === undefined) return chain?.hash ?? chainStart(state.ledger, row.instance);
  // A row that was settled after one that stays, and is gone, must have begun before what may have been pruned.
  return state.endedAt - pruned > longestMs ? '' : cut;
}

function cutBetween(db: DatabaseSync, instance: string, after: number, until: number): string | undefined {
  const found = db
    .prepare('select hash from chain_cuts where instance = ? and seq > ? and seq < ? order by seq desc limit 1')
    .get(instance, after, until) as { hash: string } | undefined;
  return found?.hash;
}

// The last rows of a chain are those that its head names, unless they were pruned.
function endProblems({ db, chains }: Walk, heads: VerifyReport['heads']): string[] {
  const pruned = prunedBefore(db);
  const unended = heads.filter(({ instance, seq, hash, at }) => {
    const chain = chains.get(instance);
    if (chain?.seq === seq) return chain.hash !== hash;
    return (chain !== undefined && chain.seq > seq) || at - pruned > longestMs;
  });
  const headless = [...chains.keys()].filter((instance) => !heads.some((head) => head.instance === instance));
  return [
    ...unended.map(
      ({ instance, seq }) => `the newest rows of instance ${instance} are missing: its last one was at place ${seq}.`,
    ),
    ...headless.map((instance) => `the end of the rows of instance ${instance} is not recorded.`),
  ];
}

function headState({ db, found }: Walk, hash: string): HeadState {
  if (found.has(hash)) return 'found';
  const known = db.prepare(
    'select 1 from chain_cuts where hash = ?1 union all select 1 from ledger_heads where hash = ?1',
  );
  return known.get(hash) === undefined ? 'missing' : 'pruned';
}

function missingHeads(states: VerifyReport['asked']): string[] {
  return states
    .filter(({ state }) => state === 'missing')
    .map(({ hash }) => `no row has the hash ${hash}: rows up to it were changed, or pruned since it was noted.`);
}

const placeOf = ({ id, instance, seq }: Row) => `${id} (place ${seq}, instance ${instance})`;

function named(found: readonly string[], kind: 'places' | 'rows'): string[] {
  const what = {
    places: 'the chain breaks there: that row was changed, or the one before it was changed, left out or put in.',
    rows: 'it has no hash, but rows before it have: it was put in, or settled by an earlier version of the gateway.',
  }[kind];
  const more = found.length - mostNamed;
  return [
    ...found.slice(0, mostNamed).map((place) => `${place}: ${what}`),
    ...(more > 0 ? [`and ${more} more ${kind} of that kind.`] : []),
  ];
}
