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
