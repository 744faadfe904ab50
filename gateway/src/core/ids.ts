// Identifiers that sort by time and cannot be guessed: they name requests, keys and instances.

import { randomFillSync } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32: no look-alikes
const pool = Buffer.allocUnsafe(4_096);
let used = pool.length;

/** `prefix_` + 9 characters of time (milliseconds) + 13 of chance (65 bits). */
export function newId(prefix: string, now: number): string {
  if (used + 13 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let chance = '';
  for (let i = 0; i < 13; i++) chance += alphabet.charAt((pool[used + i] ?? 0) & 31);
  used += 13;
  if (now !== last.now) last = { now, time: timePart(now) };
  return `${prefix}_${last.time}${chance}`;
}

// ---

let last = { now: -1, time: '' };

function timePart(moment: number): string {
  let time = '';
  let rest = moment;
  for (let i = 0; i < 9; i++) {
    time = alphabet.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return time;
}
