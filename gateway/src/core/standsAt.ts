// A word at a place of a text's bytes.

/** Whether a word of ASCII stands at a position. It is stepped through, as a native call costs as much as some 24 steps. */
export function standsAt(bytes: Buffer, at: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}
