// The table that the benchmark prints.

import type { Row } from './run';
import { type Goal, goalOf, isMet } from './targets';

const columns = ['', 'contender', 'median', '', 'lowest–highest', 'ratio', 'lowest–highest', 'target', ''] as const;
const rightAligned = new Set([2, 4, 5, 6, 7]);

/**
 * The rows as text, under a heading for each figure; ratios of requests/s are to Portkey, those beside another version to that,
 * all others to bare-fastify.
 */
export function table(rows: readonly Row[]): string {
  const groups = Map.groupBy(rows, (row) => `${row.measure}: ${row.figure}`);
  const lines = [...groups].flatMap(([heading, group]) => [`\n${heading}`, ...group.map(lineOf)]);
  return layOut([columns, ...lines]);
}

// ---

/** Cells, or a whole line as it is. */
type Line = string | readonly string[];

function lineOf(row: Row): Line {
  if (row.missing !== undefined) return `   ${row.contender}  NOT MEASURED: ${row.missing}`;
  const goal = goalOf(row);
  return [
    '',
    row.contender,
    digits(row.value),
    row.unit,
    range(row.rounds),
    row.ratio === undefined ? '' : `${row.figure === 'requests/s' ? 'Portkey × ' : ''}${row.ratio.toFixed(2)}`,
    range(row.ratioRounds),
    goal === undefined ? '' : goalText(goal),
    goal === undefined ? '' : isMet(row, goal) ? 'met' : 'MISSED',
  ];
}

function digits(value: number): string {
  return value >= 1_000 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function range(values: readonly number[]): string {
  return values.length < 2 ? '' : `${digits(Math.min(...values))}–${digits(Math.max(...values))}`;
}

function goalText(goal: Goal): string {
  const bound = goal.most === undefined ? `≥ ${goal.least}` : `≤ ${goal.most}`;
  return goal.of === 'ratio' ? `ratio ${bound}` : bound;
}

function layOut(lines: readonly Line[]): string {
  const widths = columns.map((_, i) =>
    Math.max(...lines.map((line) => (typeof line === 'string' ? 0 : (line[i]?.length ?? 0)))),
  );
  return lines
    .map((line) => {
      if (typeof line === 'string') return line;
      const padded = line.map((cell, i) => {
        const width = i === 0 ? 1 : (widths[i] ?? 0);
        return rightAligned.has(i) ? cell.padStart(width) : cell.padEnd(width);
      });
      return padded.join('  ').trimEnd();
    })
    .join('\n');
}
