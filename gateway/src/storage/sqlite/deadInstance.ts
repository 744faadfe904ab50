// Requests that a dead instance left open are settled at what they had reserved: their provider may have charged for them.

import * as admission from '../admission';
import type { LimitWindow, OpenRequest, RequestRow } from '../storage';
import { openRequestOf } from './batchCodec';
import { requestColumns, valuesOf } from './columns';
import type { Ledger } from './engine';

/** Settles all open requests of an instance and forgets it. Within a transaction. @returns how many there were */
export function settleDeadInstance(instance: string, { sql, budgets, usage }: Ledger, now: number): number {
  const open = sql.openRequestsOf.all(instance) as unknown as OpenRow[];
  for (const { id, limits, tokens, nano, output, request } of open) {
    sql.dropOpenRequest.run(id);
    const held = { tokens, nano, requests: 1 };
    for (const limit of JSON.parse(limits) as LimitWindow[]) admission.settle(budgets.find(limit), held, held);
    const known = openRequestOf(JSON.parse(request) as (string | number | null)[]);
    const row = valuesOf(crashRow(id, instance, known, { tokens, nano, output }, now), requestColumns);
    sql.addRequest.run(...row);
    usage.add(row);
  }
  usage.write();
  budgets.write();
  sql.dropInstance.run(instance);
  return open.length;
}

// ---

interface OpenRow {
  readonly id: string;
  readonly limits: string;
  readonly tokens: number;
  readonly nano: number;
  readonly output: number;
  readonly request: string;
}

function crashRow(
  id: string,
  instance: string,
  request: OpenRequest,
  held: { tokens: number; nano: number; output: number },
  now: number,
): RequestRow {
  return {
    ...request,
    id,
    instance,
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
    hash: null,
  };
}
