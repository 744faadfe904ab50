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
  const looks = Math.min(size, wholeBytes + Math.floor((size - wholeBytes) / 16), mostLooks);
  let weight = 0;
  if (size <= wholeBytes) {
    for (let at = start; at < end; at++) weight += weights[body[at] ?? 0] ?? 0;
  } else {
    const stride = size / looks;
    let chance = seed ^ size;
    for (let i = 0; i < looks; i++) {
      chance ^= chance << 13; // Marsaglia's xorshift: https://www.jstatsoft.org/article/view/v008i14
      chance ^= chance >>> 17;
      chance ^= chance << 5;
      const at = start + Math.floor((i + (chance >>> 0) / 2 ** 32) * stride);
      weight += weights[body[at] ?? 0] ?? 0;
    }
    weight *= size / looks;
  }
  return Math.max(0, weight - size / 3);
}

// ---

/** Bytes of a text that is looked at whole. */
const wholeBytes = 128;
/** Most bytes of one text that are looked at: their mean is within a hundredth of the text's. */
const mostLooks = 16_384;

const seed = 1 + Math.floor(Math.random() * (2 ** 31 - 2));

// Tokens a byte: at least half of what o200k has of random text of the kind (test/gateway/estimates.test.ts).
const weights = Float64Array.from({ length: 256 }, (_, byte) => {
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
});
