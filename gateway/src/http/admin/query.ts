// What a query of the administration says, checked name by name.

import { GatewayError } from '../../core/errors';

/** @throws GatewayError bad_request for a name that is not known */
export function requireKnown(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys())
    if (!known.includes(name)) throw refusedQuery(name, `is not known here; there are ${known.join(', ')}.`);
}

/**
 * A moment of the query, milliseconds since 1970; undefined where it names none.
 * @throws GatewayError bad_request
 */
export function momentIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const at = /^\d{4}-\d\d(-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?)?$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at) || at < 0)
    throw refusedQuery(name, 'must be a date such as 2026-11-01, or a moment such as 2026-11-01T08:00:00Z.');
  return at;
}

/**
 * A whole number from 1 on; undefined where the query names none.
 * @throws GatewayError bad_request
 */
export function numberIn(query: URLSearchParams, name: string, most: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw refusedQuery(name, `must be a whole number from 1 to ${most}.`);
  return value;
}

/** A refusal that names what of the query is wrong, and the remedy. */
export function refusedQuery(name: string, why: string): GatewayError {
  return new GatewayError('bad_request', { field: name.slice(0, 60), message: `"${name.slice(0, 60)}": ${why}` });
}
