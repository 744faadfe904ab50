// A field near the end of a JSON text of which only the last bytes are at hand.

import { parseLoose } from './looseJson';

/**
 * The value of the last object that a field of this name holds; undefined where there is none that is whole. A name within
 * a string has escaped quotes, so that text cannot be taken for a field.
 */
export function lastObjectOf(tail: Buffer, name: string): unknown {
  const word = Buffer.from(`"${name}"`);
  for (let at = tail.lastIndexOf(word); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(word, at - 1)) {
    const text = tail.toString('utf8', at + word.length);
    const start = /^\s*:\s*\{/.exec(text);
    if (start !== null) return parsed(text.slice(start[0].length - 1, objectEnd(text, start[0].length - 1)));
  }
  return undefined;
}

// ---

// The position after the object that begins here; the text's end where it has none.
function objectEnd(text: string, start: number): number {
  let depth = 0;
  for (const found of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (found[0] === '{') depth++;
    else if (found[0] === '}' && --depth === 0) return start + found.index + 1;
  }
  return text.length;
}

function parsed(text: string): unknown {
  try {
    return parseLoose(text);
  } catch {
    return undefined;
  }
}
