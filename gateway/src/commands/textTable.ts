// Rows as a table that a person reads.

/** A cell; numbers stand to the right. */
export type Cell = string | number | null;

/** Columns by their names, cells below; the last `totals` rows stand below a line. */
export function textTable(names: readonly string[], rows: readonly (readonly Cell[])[], totals = 0): string {
  const cells = rows.map((row) => row.map(textOf));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const right = names.map((_, i) => rows.some((row) => typeof row[i] === 'number'));
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const body = cells.slice(0, cells.length - totals).map(lineOf);
  return [
    lineOf(names),
    rule,
    ...body,
    ...(totals === 0 ? [] : [rule]),
    ...cells.slice(cells.length - totals).map(lineOf),
  ].join('\n');
}

/** Dollars as people read them: cents, and of less than a dollar what is below them too. */
export function dollarText(usd: number): string {
  const cents = Number((usd * 100).toFixed(6));
  return usd.toFixed(usd < 1 && !Number.isInteger(cents) ? 6 : 2);
}

// ---

/** Characters of a cell: clients may choose long names. */
const widest = 60;

// Whole numbers in groups of three digits; others are dollars. Control characters of a name would move the cursor.
function textOf(cell: Cell): string {
  if (cell === null) return '-';
  if (typeof cell === 'string') {
    const text = cell.replaceAll(/\p{Cc}/gu, '?');
    return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
  }
  return Number.isInteger(cell) ? cell.toLocaleString('en-US') : cell.toFixed(cell < 1 ? 6 : 2);
}
