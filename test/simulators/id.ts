// Ids that look like the providers' own and are never given twice.
import { randomFillSync } from 'node:crypto';

/** `prefix` and then `length` letters and digits. */
export function newId(prefix: string, length: number): string {
  if (at + length > pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  let id = prefix;
  // The first four of the 64 values fold onto letters already there: ids need to differ, not to be uniform.
  for (const end = at + length; at < end; at++) id += ALPHABET.charAt((pool[at] ?? 0) & 63);
  return id;
}

// ---

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01';
const pool = new Uint8Array(4096);
let at = pool.length;
