// A text for a regular expression, as far as people write them into schemas: classes, groups, alternatives, counts.

/** A text that the pattern matches, or the nearest this can think of. */
export function matching(pattern: string): string {
  return alternative({ pattern: pattern.replace(/^\^|\$$/g, ''), at: 0 });
}

// ---

interface Reader {
  pattern: string;
  at: number;
}

const SHORT: Partial<Record<string, string>> = { d: '7', w: 'a', s: ' ', D: 'a', W: '-', S: 'a' };

/** The first alternative of a group; the others are read over. */
function alternative(reader: Reader): string {
  let text = '';
  let first = true;
  while (reader.at < reader.pattern.length && reader.pattern[reader.at] !== ')') {
    if (reader.pattern[reader.at] === '|') {
      first = false;
      reader.at++;
      continue;
    }
    const part = atom(reader);
    const times = count(reader);
    if (first) text += part.repeat(times);
  }
  return text;
}

function atom(reader: Reader): string {
  const char = reader.pattern[reader.at++] ?? '';
  if (char === '\\') {
    const escaped = reader.pattern[reader.at++] ?? '';
    return SHORT[escaped] ?? escaped;
  }
  if (char === '.') return 'a';
  if (char === '^' || char === '$') return '';
  if (char === '[') return fromClass(reader);
  if (char !== '(') return char;
  reader.at += /^\?(?::|<\w+>)/.exec(reader.pattern.slice(reader.at))?.[0].length ?? 0;
  const text = alternative(reader);
  reader.at++;
  return text;
}

function fromClass(reader: Reader): string {
  const end = reader.pattern.indexOf(']', reader.at + 1);
  const inside = reader.pattern.slice(reader.at, end);
  reader.at = end + 1;
  if (inside.startsWith('^')) return ['a', '7', '-'].find((one) => !inside.includes(one)) ?? '_';
  return inside.startsWith('\\') ? (SHORT[inside[1] ?? ''] ?? inside[1] ?? '') : (inside[0] ?? '');
}

/** How often: the fewest that are allowed, but once where none is. */
function count(reader: Reader): number {
  const [all = '', fewest] = /^(?:\{(\d+)(?:,\d*)?\}|[*+?])\??/.exec(reader.pattern.slice(reader.at)) ?? [];
  reader.at += all.length;
  return fewest === undefined ? 1 : Number(fewest);
}
