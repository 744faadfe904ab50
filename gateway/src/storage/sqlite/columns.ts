// The columns of rows in the order they are bound. A missing one is a type error.

import type { CredentialRow } from '../administration';
import type { KeyRow, RequestRow } from '../rows';

type Value = string | number | null;

/** Every column of `requests` but `seq`. */
export const requestColumns = [
  'id', 'instance', 'kind', 'corrects', 'key', 'user', 'tags', 'session', 'client', 'end_user', 'address', 'app_title', 'route',
  'requested', 'provider', 'account', 'model', 'wire_in', 'wire_out', 'stream', 'started_at', 'first_byte_at', 'first_token_at',
  'ended_at', 'status', 'outcome', 'error', 'attempts', 'input_estimate', 'max_output', 'needs', 'prefix_hash', 'input',
  'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning', 'audio', 'searches', 'counted', 'raw', 'cost',
  'provider_cost', 'rates', 'estimated', 'dropped', 'hash', 'shadowed', 'uncached', 'dearest',
  'dearest_rates', 'dearest_cost',
] as const satisfies readonly (keyof RequestRow)[]; // prettier-ignore

/** Every column of `keys`. */
export const keyColumns = [
  'id', 'sha256', 'previous_sha256', 'previous_until', 'hint', 'label', 'user', 'tags', 'limits', 'models', 'routes', 'parallel',
  'expires_at', 'source', 'created_at', 'rotated_at', 'revoked_at', 'generation', 'revoked_generation', 'note',
] as const satisfies readonly (keyof KeyRow)[]; // prettier-ignore

/** Every column of `credentials`. */
export const credentialColumns = [
  'id', 'sha256', 'label', 'scopes', 'created_at', 'expires_at', 'revoked_at',
] as const satisfies readonly (keyof CredentialRow)[]; // prettier-ignore

type Listed = [(typeof requestColumns)[number], (typeof keyColumns)[number], (typeof credentialColumns)[number]];
const complete: [keyof RequestRow, keyof KeyRow, keyof CredentialRow] extends Listed ? true : false = true;
void complete;

/** A row's values in the order of its columns. */
export function valuesOf<Row>(row: Row, columns: readonly (keyof Row)[]): Value[] {
  return columns.map((name) => row[name] as Value);
}

/**
 * A row's values in the order of `requestColumns`. Written out, as it is done twice for every request: by name each of the 53
 * would be looked up in a table (60 ns), and a list that `map` makes is one with holes, which a structured clone writes and
 * reads by index and value instead of value by value.
 */
export function requestValues(r: RequestRow): Value[] {
  return [
    r.id, r.instance, r.kind, r.corrects, r.key, r.user, r.tags, r.session, r.client, r.end_user, r.address, r.app_title,
    r.route, r.requested, r.provider, r.account, r.model, r.wire_in, r.wire_out, r.stream, r.started_at, r.first_byte_at,
    r.first_token_at, r.ended_at, r.status, r.outcome, r.error, r.attempts, r.input_estimate, r.max_output, r.needs,
    r.prefix_hash, r.input, r.cache_read, r.cache_write_5m, r.cache_write_1h, r.output, r.reasoning, r.audio, r.searches,
    r.counted, r.raw, r.cost, r.provider_cost, r.rates, r.estimated, r.dropped, r.hash, r.shadowed, r.uncached, r.dearest,
    r.dearest_rates, r.dearest_cost,
  ]; // prettier-ignore
}

/**
 * The row that `requestValues` was given. Written out too: V8 keeps an object of so many properties as a hash table where they
 * are added in a loop.
 */
export function requestRow(v: readonly unknown[]): RequestRow {
  return {
    id: v[0], instance: v[1], kind: v[2], corrects: v[3], key: v[4], user: v[5], tags: v[6], session: v[7], client: v[8],
    end_user: v[9], address: v[10], app_title: v[11], route: v[12], requested: v[13], provider: v[14], account: v[15],
    model: v[16], wire_in: v[17], wire_out: v[18], stream: v[19], started_at: v[20], first_byte_at: v[21],
    first_token_at: v[22], ended_at: v[23], status: v[24], outcome: v[25], error: v[26], attempts: v[27],
    input_estimate: v[28], max_output: v[29], needs: v[30], prefix_hash: v[31], input: v[32], cache_read: v[33],
    cache_write_5m: v[34], cache_write_1h: v[35], output: v[36], reasoning: v[37], audio: v[38], searches: v[39],
    counted: v[40], raw: v[41], cost: v[42], provider_cost: v[43], rates: v[44], estimated: v[45], dropped: v[46],
    hash: v[47], shadowed: v[48], uncached: v[49], dearest: v[50], dearest_rates: v[51], dearest_cost: v[52],
  } as RequestRow; // prettier-ignore
}
