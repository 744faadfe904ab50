// Requests whose use nobody can tell are settled at what they had reserved: their provider may have charged for them. Their
// owner is dead, or told a use that cannot be kept.

import * as admission from '../admission';
import type { LimitWindow, OpenRequest } from '../entries';
import type { RequestRow } from '../rows';
import type { BatchState } from './batchState';

/** A row of `open_requests`. */
export interface OpenRow {
  readonly id: string;
  readonly instance: string;
  /** JSON of `LimitWindow[]`. */
  readonly limits: string;
  readonly tokens: number;
  readonly nano: number;
  readonly output: number;
  /** JSON of `OpenRequest`. */
  readonly request: string;
}

/** Books an open request as a crash, at what it holds. Within a transaction. @param now milliseconds since 1970 */
export function bookAsReserved(open: OpenRow, { sql, budgets, usage, chain }: BatchState, now: number): void {
  const held = { tokens: open.tokens, nano: open.nano, requests: 1 };
  const found = (JSON.parse(open.limits) as LimitWindow[]).map(budgets.find); // before the row goes: see applyEntry.ts
  for (const budget of found) admission.settle(budget, held, held);
  sql.dropOpenRequest.run(open.id);
  const row = crashRow(open, JSON.parse(open.request) as OpenRequest, now);
  chain.add(row);
  usage.add(row);
}

// ---

function crashRow(held: OpenRow, request: OpenRequest, now: number): RequestRow {
  return {
    ...request,
    id: held.id,
    instance: held.instance,
    kind: 'crash',
    corrects: null,
    session: null,
    client: null,
    end_user: null,
    address: null,
    app_title: null,
    wire_out: null,
    first_byte_at: null,
    first_token_at: null,
    ended_at: now,
    status: 0,
    outcome: 'crashed',
    error: null,
    attempts: '[]',
    needs: '[]',
    prefix_hash: null,
    input: held.tokens - held.output,
    cache_read: 0,
    cache_write_5m: 0,
    cache_write_1h: 0,
    output: held.output,
    reasoning: 0,
    audio: 0,
    searches: 0,
    counted: held.tokens,
    raw: held.tokens,
    cost: held.nano,
    provider_cost: null,
    rates: '',
    estimated: 1,
    dropped: '[]',
    shadowed: '[]',
    uncached: held.nano,
    dearest: null,
    dearest_rates: null,
    dearest_cost: held.nano,
    hash: null,
  };
}
