// What the clock said before, kept over restarts: a time is trusted for deleting when gateways have run for a day since it
// was observed and the clock has not been behind it in between. A clock that is a year ahead for an hour is so never
// believed; one that is behind only delays.

import type { DatabaseSync } from 'node:sqlite';

const dayMs = 86_400_000;
/** Less is a correction of the clock. */
const toleranceMs = 600_000;

/** The one row. */
interface Observation {
  /** The time that is being confirmed, milliseconds since 1970. */
  readonly observed: number;
  /** Milliseconds that gateways have run since. */
  readonly ran: number;
  /** When one last said so. */
  readonly last: number;
  readonly confirmed: number | null;
}

/**
 * Notes what the clock says. Within a transaction.
 * @param now milliseconds since 1970
 * @param ran milliseconds that this gateway has run since it noted last, by a clock without steps
 * @returns the latest time that two observations a day apart agree on; undefined where there is none
 */
export function observeClock(db: DatabaseSync, now: number, ran: number): number | undefined {
  const known = db.prepare('select observed, ran, last, confirmed from clock').get() as Observation | undefined;
  const next = following(known, now, ran);
  db.prepare('insert or replace into clock (id, observed, ran, last, confirmed) values (1, ?, ?, ?, ?)').run(
    next.observed,
    next.ran,
    next.last,
    next.confirmed,
  );
  return next.confirmed ?? undefined;
}

// ---

function following(known: Observation | undefined, now: number, ran: number): Observation {
  if (known === undefined) return { observed: now, ran: 0, last: now, confirmed: null };
  // It was ahead when it was last asked, or when it was observed: nothing of that is believed.
  if (now < known.last - toleranceMs) {
    const confirmed = known.confirmed !== null && known.confirmed <= now ? known.confirmed : null;
    return { observed: now, ran: 0, last: now, confirmed };
  }
  // Several gateways on one ledger say it: together they have not run longer than the clock went.
  const sum = known.ran + Math.max(0, Math.min(Math.round(ran), now - known.last));
  const last = Math.max(known.last, now);
  if (sum < dayMs) return { ...known, ran: sum, last };
  return { observed: now, ran: 0, last, confirmed: known.observed };
}
