// What `ovth` can do, on one page. The README's table is made of it.

import { keysHelp } from './keys';

/** A command line as it is typed, and what it does. */
export interface CommandHelp {
  readonly line: string;
  readonly does: string;
}

/** All of them, in the order of the page. */
export const commandHelp: readonly CommandHelp[] = [
  { line: 'ovth [serve]', does: 'Runs the gateway.' },
  {
    line: 'ovth check',
    does: 'Says what is wrong with the configuration, and starts nothing (exit 78 where it cannot be used).',
  },
  {
    line: 'ovth usage [--group-by NAMES] [--from DATE] [--to DATE] [--key ID|LABEL] [--user NAME] [--session ID] [--csv]',
    does: 'Who spent what on which model, read from the ledger: `NAMES` as in `GET /admin/usage`, several by comma (default: model). Without dates: this month.',
  },
  ...keysHelp,
  {
    line: 'ovth ledger check',
    does: 'Says what the ledger holds, and whether rows, the sums by hour, day and session, and reservations fit (exit 65 where not).',
  },
  {
    line: 'ovth ledger verify [--head HASH]',
    does: 'Computes the hash of every settled row again, and names each that was changed, left out or put in (exit 65). `--head`, several times: this hash, noted from the log (`ledger head`) or from an earlier run, must be there.',
  },
  {
    line: 'ovth ledger export [--from DATE] [--to DATE] [--csv]',
    does: 'Writes the settled requests to the output, oldest first, one JSON object a line, with the rates they were priced at; or as CSV.',
  },
  {
    line: 'ovth restore --config FILE [--at TIME]',
    does: 'Fetches a copy with [Litestream](https://litestream.io) (0.5; `FILE` is its configuration, which names the path of `ledger.db`), checks it, puts it into an empty data folder, and says what it cannot know. `--ledger ID`: only of this ledger.',
  },
  { line: 'ovth restore --file PATH', does: 'The same with a copy that is there already, in the data folder.' },
  { line: 'ovth help', does: 'This page.' },
];

/** The page as text. */
export function helpPage(): string {
  const lines = commandHelp.map(({ line, does }) => `${line}\n    ${wrap(plain(does))}`);
  return [
    'ovth: the gateway, and what its operator asks of its ledger.',
    '',
    ...lines,
    '',
    wrap0(
      '--json prints the same for programs. The ledger is in the folder OVTH_DATA (default ./data); a gateway may run beside all but restore. Exit codes: 0 done, 1 failed, 64 no such command, option or key, 65 something does not add up, 69 no gateway there, 77 not allowed, 78 the configuration cannot be used.',
    ),
  ].join('\n');
}

// ---

const width = 96;

// Without the marks of Markdown.
const plain = (text: string) => text.replaceAll('`', '').replace(/\[([^\]]+)\]\([^)]+\)/g, '$1');
const wrap = (text: string) => folded(text, width - 4).join('\n    ');
const wrap0 = (text: string) => folded(text, width).join('\n');

function folded(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
