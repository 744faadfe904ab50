// Vectors for texts: the same for the same text, of length one, and nearer to each other the more words two texts share.
import { createHash } from 'node:crypto';

/** A unit vector of so many dimensions. */
export function embeddingOf(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  for (const word of words) scatter(word, vector);
  const length = Math.hypot(...vector) || 1;
  return vector.map((one) => Math.fround(one / length));
}

/** A vector as OpenAI packs it: little-endian floats of four bytes, in base64. */
export function packed(vector: readonly number[]): string {
  const floats = Buffer.alloc(vector.length * 4);
  vector.forEach((one, n) => floats.writeFloatLE(one, n * 4));
  return floats.toString('base64');
}

// ---

/** Adds a word's own direction. */
function scatter(word: string, vector: number[]): void {
  const digest = createHash('sha256').update(word).digest();
  let state = digest.readUInt32LE(0) || 1;
  for (let n = 0; n < vector.length; n++) {
    // A linear congruence is random enough for a direction.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    vector[n] = (vector[n] ?? 0) + (state / 2 ** 31 - 1);
  }
}
