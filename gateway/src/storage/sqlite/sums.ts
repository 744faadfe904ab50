// Sums in SQL.

/** A sum. SQLite's own `sum` fails beyond 2^63, and Node cannot read what is beyond 2^53; `total` is exact up to there. */
export function sumOf(column: string, name = column): string {
  return `cast(min(9007199254740991, max(-9007199254740991, total(${column}))) as integer) ${name}`;
}
