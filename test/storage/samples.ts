// Entries and rows for tests of storages, sound unless a test makes them otherwise.

import { windowStart } from '../../config/calendar';
import type { Period } from '../../config/calendar';
import type {
  ExtendEntry,
  LimitSubject,
  LimitWindow,
  OpenRequest,
  ReserveEntry,
  SettleEntry,
} from '../../gateway/src/storage/entries';
import type { KeyRow, RequestRow } from '../../gateway/src/storage/rows';

/** 2026-11-25, a Wednesday, 10:00 UTC. */
export const morning = Date.UTC(2026, 10, 25, 10);
export const hour = 3_600_000;
export const day = 24 * hour;

export function keyRow(id: string, more: Partial<KeyRow> = {}): KeyRow {
  return {
    id, sha256: `hash of ${id}`, previous_sha256: null, previous_until: null, hint: 'h', label: id, user: null, tags: '[]',
    limits: '[]', models: null, routes: null, parallel: null, expires_at: null, source: 'admin', created_at: 1, rotated_at: null,
    revoked_at: null, generation: null, revoked_generation: null, note: null, ...more,
  }; // prettier-ignore
}

export function limit(
  subject: LimitSubject,
  measure: LimitWindow['measure'],
  amount: number,
  at = morning,
  per: Period = 'day',
): LimitWindow {
  const whose = subject.kind === 'all' ? 'all' : `${subject.kind}:${subject.name}`;
  return { id: `${whose} ${measure} ${per}`, subject, measure, window: windowStart(per, at), amount };
}

export function openRequest(more: Partial<OpenRequest> = {}): OpenRequest {
  return {
    key: 'k1', user: null, tags: '[]', route: null, requested: 'm', provider: 'openai', account: 'default', model: 'm',
    wire_in: 'chat', stream: 0, started_at: morning, input_estimate: 10, max_output: null, ...more,
  }; // prettier-ignore
}

/** Ten tokens of input, and as much output as is named; one nano-USD a token of input, two of output. */
export function reserveEntry(
  id: string,
  limits: readonly LimitWindow[] = [],
  output: number | 'unnamed' = 90,
  request: Partial<OpenRequest> = {},
  more: Partial<ReserveEntry> = {},
): ReserveEntry {
  return {
    type: 'reserve',
    id,
    key: request.key ?? 'k1',
    limits,
    input: 10,
    output: output === 'unnamed' ? undefined : output,
    defaultOutput: 50,
    nanoPerInput: 1,
    nanoPerOutput: 2,
    request: openRequest(request),
    ...more,
  };
}

export function extendEntry(id: string, limits: readonly LimitWindow[], from: number, by: number): ExtendEntry {
  return { type: 'extend', id, limits, from, by, nanoPerOutput: 2 };
}

/** The settlement of a reservation that used some tokens of input and output. */
export function settleEntry(
  { id, limits, request }: ReserveEntry,
  input: number,
  output: number,
  more: Partial<RequestRow> = {},
): SettleEntry {
  const above = (by: number) => Math.min(Number.MAX_SAFE_INTEGER, (more.cost ?? input + 2 * output) + by);
  const row: RequestRow = {
    ...request,
    id, instance: 'a', kind: 'request', corrects: null, session: null, client: null, end_user: null, address: null,
    app_title: null, wire_out: 'chat', first_byte_at: null, first_token_at: null, ended_at: request.started_at + 5, status: 200,
    outcome: 'ok', error: null, attempts: '[]', needs: '[]', prefix_hash: null, input, cache_read: 0, cache_write_5m: 0,
    cache_write_1h: 0, output, reasoning: 0, audio: 0, searches: 0, counted: input + output, raw: input + output,
    cost: input + 2 * output, provider_cost: null, rates: 'r1', estimated: 0, dropped: '[]', shadowed: '[]', hash: null, uncached: above(7),
    dearest: null, dearest_rates: null, dearest_cost: above(11), ...more,
  }; // prettier-ignore
  return { type: 'settle', limits, row, rates: '{"base":{}}' };
}
