// The hash of a settled row. It covers every field and the hash of the row that its instance settled before, so that a row
// that is changed, left out or put in between breaks the chain. Names of people are covered through their pseudonyms
// (people.ts): the chain holds when the names are replaced by them.

import { hash } from 'node:crypto';
import type { RequestRow } from '../rows';

/** The fields of a row that say who it was. */
export const personalFields = ['user', 'end_user', 'address', 'session'] as const;
export type PersonalField = (typeof personalFields)[number];

/** What stands for a person's field in the hash; null where the row has none. */
export type Pseudonyms = Readonly<Record<PersonalField, string | null>>;

/** Where the chain of an instance begins. @param ledger the ledger's id */
export function chainStart(ledger: string, instance: string): string {
  return digest(`${ledger} ${instance}`);
}

/** The hash of a row. @param before that of the row before it in the chain, or where the chain begins */
export function rowHash(before: string, row: RequestRow, who: Pseudonyms): string {
  return digest(`${before}${numbersOf(row)}${textsOf(row, who)}`);
}

// ---

// The fields that are covered, and how, are a version: rows of another one begin with another digit.
function digest(text: string): string {
  return `1${hash('sha256', text, 'base64url')}`;
}

// As bytes, for which no number is written in digits: it halves the cost of a hash.
const numbers = new Float64Array(23);
const bytes = Buffer.from(numbers.buffer);
/** Stands for null: no amount is a fraction. */
const absent = -0.5;

function numbersOf(row: RequestRow): string {
  numbers[0] = row.stream;
  numbers[1] = row.started_at;
  numbers[2] = row.first_byte_at ?? absent;
  numbers[3] = row.first_token_at ?? absent;
  numbers[4] = row.ended_at;
  numbers[5] = row.status;
  numbers[6] = row.input_estimate;
  numbers[7] = row.max_output ?? absent;
  numbers[8] = row.input;
  numbers[9] = row.cache_read;
  numbers[10] = row.cache_write_5m;
  numbers[11] = row.cache_write_1h;
  numbers[12] = row.output;
  numbers[13] = row.reasoning;
  numbers[14] = row.audio;
  numbers[15] = row.searches;
  numbers[16] = row.counted;
  numbers[17] = row.raw;
  numbers[18] = row.cost;
  numbers[19] = row.provider_cost ?? absent;
  numbers[20] = row.estimated;
  numbers[21] = row.uncached;
  numbers[22] = row.dearest_cost;
  return bytes.toString('latin1');
}

const lengthOf = (text: string | null) => (text === null ? -1 : text.length);

// The lengths come first, so that no two rows make the same text.
function textsOf(r: RequestRow, p: Pseudonyms): string {
  return (
    `${r.id.length},${r.instance.length},${r.kind.length},${lengthOf(r.corrects)},${r.key.length},${r.tags.length},` +
    `${lengthOf(r.client)},${lengthOf(r.app_title)},${lengthOf(r.route)},${r.requested.length},${r.provider.length},` +
    `${r.account.length},${r.model.length},${r.wire_in.length},${lengthOf(r.wire_out)},${r.outcome.length},` +
    `${lengthOf(r.error)},${r.attempts.length},${r.needs.length},${lengthOf(r.prefix_hash)},${r.rates.length},` +
    `${r.dropped.length},${r.shadowed.length},${lengthOf(r.dearest)},${lengthOf(r.dearest_rates)},${lengthOf(p.user)},` +
    `${lengthOf(p.end_user)},${lengthOf(p.address)},${lengthOf(p.session)} ` +
    `${r.id}${r.instance}${r.kind}${r.corrects}${r.key}${r.tags}${r.client}${r.app_title}${r.route}${r.requested}` +
    `${r.provider}${r.account}${r.model}${r.wire_in}${r.wire_out}${r.outcome}${r.error}${r.attempts}${r.needs}` +
    `${r.prefix_hash}${r.rates}${r.dropped}${r.shadowed}${r.dearest}${r.dearest_rates}${p.user}${p.end_user}` +
    `${p.address}${p.session}`
  );
}
