// The ledger's rows for the administration.

import { openrouterCost, openrouterFee } from '../../accounting/openrouter';
import { costParts, type TargetRates } from '../../accounting/pricing';
import { GatewayError } from '../../core/errors';
import type { Reports, RequestFilter } from '../../storage/reports';
import type { RequestRow } from '../../storage/rows';
import { momentIn, numberIn, refusedQuery, requireKnown } from './query';

export interface RequestAdmin {
  /** Rows of the ledger that match, newest first. @throws GatewayError bad_request */
  list(query: URLSearchParams): Promise<object>;
  /** @throws GatewayError not_found */
  show(id: string): Promise<object>;
}

/** Rows of one answer, unless it asks for fewer or more. */
const rowsByDefault = 100;
const mostRows = 1_000;
/** Reads of one answer, each of `rowsPerRead` rows: where few match, the answer says from where to go on. */
const mostReads = 10;

/** The administration of settled requests. */
export function openRequestAdmin(reports: Pick<Reports, 'requests' | 'requestById' | 'rates'>): RequestAdmin {
  // What rows were priced at stands beside them, so that their amounts can be computed again.
  const describeAll = async (rows: readonly RequestRow[]) => {
    const ids = new Set(rows.flatMap((row) => [row.rates, row.dearest_rates ?? '']).filter((id) => id !== ''));
    const found = ids.size === 0 ? [] : [...(await reports.rates([...ids]))];
    const rates = new Map(found.map(([id, json]) => [id, JSON.parse(json) as TargetRates]));
    return {
      data: rows.map((row) => describeRequest(row, rates.get(row.rates))),
      beside: { priced_at: Object.fromEntries(rates), openrouter: openrouterFee },
    };
  };
  return {
    async list(query) {
      requireKnown(query, [...texts, 'status', 'shadowed', 'from', 'to', 'limit', 'cursor']);
      const filter = filterIn(query);
      const limit = numberIn(query, 'limit', mostRows) ?? rowsByDefault;
      let place = numberIn(query, 'cursor', Number.MAX_SAFE_INTEGER);
      const rows: RequestRow[] = [];
      for (let reads = 0; reads < mostReads && rows.length < limit; reads++) {
        const page = await reports.requests(filter, place, limit - rows.length);
        rows.push(...page.rows);
        place = page.reached;
        if (place === undefined) break;
      }
      const { data, beside } = await describeAll(rows);
      return {
        object: 'list',
        data,
        has_more: place !== undefined,
        next_cursor: place === undefined ? null : String(place),
        ...beside,
      };
    },
    async show(id) {
      const row = await reports.requestById(id);
      if (row === undefined)
        throw new GatewayError('not_found', { message: `There is no settled request "${id.slice(0, 60)}".` });
      const { data, beside } = await describeAll([row]);
      return { ...data[0], ...beside };
    },
  };
}

// ---

const texts = ['key', 'user', 'model', 'outcome', 'session', 'client', 'address'] as const;

function filterIn(query: URLSearchParams): RequestFilter {
  const filter: { -readonly [name in keyof RequestFilter]: RequestFilter[name] } = {};
  for (const name of texts) {
    const value = query.get(name);
    if (value !== null) filter[name] = value;
  }
  const status = numberIn(query, 'status', 999);
  if (status !== undefined) filter.status = status;
  const shadowed = query.get('shadowed');
  if (shadowed !== null && shadowed !== 'true') throw refusedQuery('shadowed', 'must be true, or be left out.');
  if (shadowed !== null) filter.shadowed = true;
  for (const name of ['from', 'to'] as const) {
    const at = momentIn(query, name);
    if (at !== undefined) filter[name] = at;
  }
  return filter;
}

// Amounts in people's units, lists as lists, moments as ISO dates.
function describeRequest(row: RequestRow, rates: TargetRates | undefined): object {
  const {
    started_at,
    ended_at,
    first_byte_at,
    first_token_at,
    stream,
    estimated,
    cost,
    provider_cost,
    counted,
    raw,
    uncached,
    dearest,
    dearest_rates,
    dearest_cost,
    ...rest
  } = row;
  const moment = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    object: 'request',
    ...rest,
    target: `${row.provider}/${row.model}`,
    tags: JSON.parse(row.tags) as unknown,
    needs: JSON.parse(row.needs) as unknown,
    attempts: JSON.parse(row.attempts) as unknown,
    dropped: JSON.parse(row.dropped) as unknown,
    shadowed: JSON.parse(row.shadowed) as unknown,
    started_at: moment(started_at),
    first_byte_at: moment(first_byte_at),
    first_token_at: moment(first_token_at),
    first_byte_ms: first_byte_at === null ? null : first_byte_at - started_at,
    ended_at: moment(ended_at),
    stream: stream === 1,
    estimated: estimated === 1,
    tokens: counted,
    raw_tokens: raw,
    cost_usd: cost / 1e9,
    cost_parts: rates === undefined ? null : partsOf(row, rates),
    would_have_cost: {
      openrouter_usd: openrouterCost(cost) / 1e9,
      uncached_usd: uncached / 1e9,
      dearest: dearest === null ? null : { target: dearest, rates: dearest_rates },
      dearest_usd: dearest_cost / 1e9,
    },
    provider_cost_usd: provider_cost === null ? null : provider_cost / 1e9,
  };
}

// In US dollars; together they are the cost. `other` is what the rates of the answer do not say: attempts before it, and what is
// booked as it was reserved.
function partsOf(row: RequestRow, rates: TargetRates): object {
  const { input, cache_read: cacheRead, cache_write_5m: cacheWrite5m, cache_write_1h: cacheWrite1h, output } = row;
  const usage = { input, cacheRead, cacheWrite5m, cacheWrite1h, output };
  const parts = costParts({ ...usage, reasoning: row.reasoning, inputAudio: row.audio, searches: row.searches }, rates);
  const named = parts.input + parts.cacheRead + parts.cacheWrite + parts.output + parts.searches;
  return {
    input_usd: parts.input / 1e9,
    cache_read_usd: parts.cacheRead / 1e9,
    cache_write_usd: parts.cacheWrite / 1e9,
    output_usd: parts.output / 1e9,
    searches_usd: parts.searches / 1e9,
    other_usd: (row.cost - named) / 1e9,
  };
}
