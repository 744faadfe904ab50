// Tokens of a prompt's text beyond one for every three bytes. Prose and code have fewer than that, but signs, random letters
// and rare scripts have up to one a byte, and whoever sends those would pay for a third of them. A tokenizer would know;
// its cost can be chosen by an attacker (160 KB of one letter take o200k 19 s), so the kinds of bytes are weighed instead.

/**
 * Tokens of a text beyond one for every three bytes, at least zero. Of a long text a part of the bytes is looked at, by
 * places that nobody outside this process knows; the same text weighs the same for as long as the process lives.
 * @param end of the text's bytes within a JSON string, exclusive
 */
export function tokensAboveThird(body: Buffer, start: number, end: number): number {
  const size = end - start;
  let weight = 0;
  if (size <= wholeBytes) {
    for (let at = start; at < end; at++) weight += weights[body[at] ?? 0] ?? 0;
    return Math.max(0, weight / perToken - size / 3);
  }
  const mean = Math.floor(size / Math.min(leastLooks + size / 32, mostLooks));
  const span = 2 * mean - 1; // steps of 1 to this many bytes
  let looks = 0;
  let step = size % steps.length;
  for (let at = start; ; looks++) {
    at += ((steps[step] ?? 0) * span) >> 16;
    if (at >= end) break;
    weight += weights[body[at] ?? 0] ?? 0;
    at++;
    step = step + 1 === steps.length ? 0 : step + 1;
  }
  return Math.max(0, (weight * size) / looks / perToken - size / 3);
}

/**
 * Tokens of the text whose base64 stands there, beyond one for every three characters of the base64: fewer than none where the
 * text is plain prose.
 */
export function tokensOfBase64AboveThird(body: Buffer, start: number, end: number): number {
  const quads = Math.ceil((end - start) / 4);
  const looks = Math.min(quads, mostQuads);
  const stride = quads / looks;
  let weight = 0;
  let chance = seed ^ quads;
  for (let i = 0; i < looks; i++) {
    chance = shifted(chance);
    const quad = looks === quads ? i : Math.floor((i + (chance >>> 0) / 2 ** 32) * stride);
    weight += (weightOfQuad(body, start + 4 * quad) / perToken) * stride;
  }
  return Math.max(weight, quads) - (end - start) / 3;
}

// ---

// Marsaglia's xorshift: https://www.jstatsoft.org/article/view/v008i14
function shifted(chance: number): number {
  chance ^= chance << 13;
  chance ^= chance >>> 17;
  return chance ^ (chance << 5);
}

// Of the three bytes that four characters stand for. Those that are no base64 are weighed as what is densest.
function weightOfQuad(body: Buffer, at: number): number {
  let bits = 0;
  for (let i = 0; i < 4; i++) {
    const value = digits[body[at + i] ?? 0] ?? -1;
    if (value < 0) return 4 * densest * perToken;
    bits = (bits << 6) | value;
  }
  return (weights[bits >> 16] ?? 0) + (weights[(bits >> 8) & 0xff] ?? 0) + (weights[bits & 0xff] ?? 0);
}

/** Bytes of a text that is looked at whole. */
const wholeBytes = 128;
/** Bytes of a longer text that are looked at, beside one in 32: of 1,000 bytes of prose the mean is within some hundredths. */
const leastLooks = 32;
/** Most bytes of one text that are looked at: their mean is within a hundredth of the text's. */
const mostLooks = 16_384;

/** Most groups of four characters of base64 that are looked at. */
const mostQuads = 4_096;

/** How far it is from look to look, as a share of 65,536: drawn once, since to draw each takes longer than the look. */
const steps = Uint16Array.from({ length: 4_096 }, () => Math.floor(Math.random() * 2 ** 16));

const seed = 1 + Math.floor(Math.random() * (2 ** 31 - 2));

/** Weights are whole numbers, of which so many are a token: they add up faster. */
const perToken = 3_000;

// Tokens a byte: at least half of what o200k has of random text of the kind (test/gateway/estimates.test.ts).
const weights = Uint16Array.from({ length: 256 }, (_, byte) => Math.round(perToken * tokensOfByte(byte)));

function tokensOfByte(byte: number): number {
  const character = String.fromCharCode(byte);
  if (/[a-z]/.test(character)) return 1 / 3;
  if (/[A-Z]/.test(character)) return 0.45;
  if (/[0-9]/.test(character)) return 0.4;
  if (byte === 0x20) return 0.2;
  if (byte < 0x80) return 0.55;
  if (byte < 0xc0) return 0.4; // the bytes that follow the first of a character
  // Accents, Greek, Cyrillic, Hebrew, Arabic: two letters a token. Other scripts of two bytes: two tokens a letter.
  if (byte < 0xe0) return (byte >= 0xc3 && byte <= 0xc5) || (byte >= 0xce && byte <= 0xdb) ? 0.27 : 0.8;
  if (byte < 0xe3) return 0.9; // India's scripts and symbols
  return byte < 0xf0 ? 0.4 : 1.2; // Chinese, Japanese, Korean; emoji and what is rare
}

/** Of a byte of base64 that is none. */
const densest = 0.55;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** What each character stands for in base64, in either of its alphabets; -1 in none. */
const digits = Int8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (character === '=') return 0;
  return alphabet.indexOf(character === '-' ? '+' : character === '_' ? '/' : character);
});
