// The section of TRANSLATION.md on repairs, measured with one broken request for each.

import type { Target } from '../../config/target';
import type { Format } from '../../gateway/src/wire/neutral';
import { repairs } from '../../gateway/src/wire/shared/repairs';
import { repairCases, type RepairCase } from './repairCases';
import { translated } from './translated';

/** The section as lines of Markdown. @param targets the newest models */
export function repairsSection(
  formats: readonly Format[],
  titles: Readonly<Record<Format, string>>,
  targets: Readonly<Record<Format, Target>>,
): string[] {
  return [
    '## Repairs',
    '',
    'A history that is not whole is refused by its provider, in every later turn too. On its own wire it passes as it is; on',
    'another it is made whole before it is encoded. What was repaired is named in the answer’s `x-ovth-repaired` header, each',
    'once; nothing is lost by it, and a strict route takes it.',
    '',
    '| name | repair |',
    '|---|---|',
    ...Object.entries(repairs).map(([name, what]) => `| \`${name}\` | ${what} |`),
    '',
    'Measured, with the newest models: **✓** the provider takes it, **⚒** repaired, **·** its own wire.',
    ...repairCases.flatMap((one) => table(one, formats, titles, targets)),
  ];
}

// ---

function table(
  { name, in: bodies }: RepairCase,
  formats: readonly Format[],
  titles: Readonly<Record<Format, string>>,
  targets: Readonly<Record<Format, Target>>,
): string[] {
  const cell = (from: Format, to: Format): string => {
    const body = bodies[from];
    if (body === undefined || from === to) return '·';
    const { repaired, dropped } = translated(from, to, body, targets[to]);
    const named = repaired.map((repair) => `\`${repair}\``).join(', ');
    const lost = dropped.length === 0 ? '' : `; ✗ ${dropped.map((path) => `\`${path}\``).join(', ')}`;
    return named === '' && lost === '' ? '✓' : `${named === '' ? '✓' : `⚒ ${named}`}${lost}`;
  };
  return [
    '',
    `### ${name}`,
    '',
    `| | ${formats.map((format) => titles[format]).join(' | ')} |`,
    `|---|${formats.map(() => '---|').join('')}`,
    ...formats
      .filter((from) => bodies[from] !== undefined)
      .map((from) => `| ${titles[from]} | ${formats.map((to) => cell(from, to)).join(' | ')} |`),
  ];
}
