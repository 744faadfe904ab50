// Named fields in a JSON text that comes in pieces, and is too long to be gathered and parsed.

/** Of the values that are told, the longest; a longer one is passed over. */
const mostKept = 64 * 1024;
/** Bytes that a name with its colon may have: it is found where it is cut in two. */
const longestField = 256;

export interface JsonFieldFinder {
  /** Takes bytes as they come, however they are cut. */
  add(bytes: Buffer): void;
}

/**
 * A finder of the fields of some names that hold an object or a list. What stands in such a value is not searched again. A name
 * within a string has escaped quotes, so that text cannot be taken for a field.
 * @param found is told of each value
 */
export function openJsonFieldFinder(
  names: readonly string[],
  found: (name: string, value: unknown) => void,
): JsonFieldFinder {
  const words = names.map((name) => Buffer.from(`"${name}"`));
  const field = new RegExp(`"(${names.join('|')})"\\s{0,64}:\\s{0,64}(?=[[{])`, 'g');
  let rest: Buffer = Buffer.alloc(0); // in which a name may have begun
  let open: OpenValue | undefined;
  let name = '';
  return {
    add(bytes) {
      const seen = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      if (open === undefined && !words.some((word) => seen.includes(word))) {
        rest = Buffer.from(seen.subarray(-longestField));
        return;
      }
      const text = seen.toString('latin1');
      let at = 0;
      for (;;) {
        if (open === undefined) {
          field.lastIndex = at;
          const match = field.exec(text);
          if (match === null) break;
          name = match[1] ?? '';
          at = field.lastIndex;
          open = new OpenValue();
        }
        at = open.add(text, at);
        if (!open.ended) break;
        found(name, open.value);
        open = undefined;
      }
      rest =
        open === undefined ? Buffer.from(seen.subarray(Math.max(at, seen.length - longestField))) : Buffer.alloc(0);
    },
  };
}

// ---

const quote = 0x22;
const backslash = 0x5c;

/** An object or a list that is being read, one character for each byte. */
class OpenValue {
  ended = false;
  #text = '';
  #size = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Reads on. @returns where it has stopped: behind the value, or at the text's end */
  add(text: string, start: number): number {
    let at = start;
    for (; at < text.length && !this.ended; at++) this.#character(text.charCodeAt(at));
    this.#size += at - start;
    this.#text = this.#size > mostKept ? '' : this.#text + text.slice(start, at);
    return at;
  }

  /** What was read; undefined where it is too long, or no JSON. */
  get value(): unknown {
    try {
      return JSON.parse(Buffer.from(this.#text, 'latin1').toString('utf8')) as unknown;
    } catch {
      return undefined;
    }
  }

  #character(code: number): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (code === backslash) this.#escaped = true;
      else if (code === quote) this.#inString = false;
    } else if (code === quote) this.#inString = true;
    else if (code === 0x5b || code === 0x7b) this.#depth++;
    else if (code === 0x5d || code === 0x7d) this.ended = --this.#depth === 0;
  }
}
