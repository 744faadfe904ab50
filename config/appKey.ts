// The encoding of application keys: both the gateway and the deploy program mint them.

import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What every application key begins with. */
export const keyPrefix = 'ovth_live_';
/** Characters of a key that is not of this form, which the configuration declares by its hash. */
export const leastOwnKey = 32;
const secretLength = 43; // 256 bits in base64url
const checksumLength = 6; // 32 bits in base62
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * A new application key: `ovth_live_`, 256 bits in base64url, and a checksum that lets a typo (or a secret scanner)
 * be recognised without asking anyone.
 * @param bits 32 bytes to encode; random when absent. The deploy program passes bytes it keeps as a secret.
 */
export function mintKey(bits: Buffer = randomBytes(32)): string {
  if (bits.length !== 32) throw new RangeError('an application key takes exactly 32 bytes');
  const secret = bits.toString('base64url');
  return keyPrefix + secret + checksum(secret);
}

/** What every credential that was minted for the administration begins with. */
export const adminPrefix = 'ovth_admin_';

/** A new credential of the administration: `ovth_admin_` and 256 random bits in base64url. */
export function mintAdminCredential(): string {
  return adminPrefix + randomBytes(32).toString('base64url');
}

/** Whether a text is an application key by its form and checksum; says nothing about whether it was ever issued. */
export function isKey(text: string): boolean {
  if (text.length !== keyPrefix.length + secretLength + checksumLength || !text.startsWith(keyPrefix)) return false;
  const secret = text.slice(keyPrefix.length, keyPrefix.length + secretLength);
  return text.endsWith(checksum(secret));
}

/** What is stored of a key: its SHA-256 in hex. A 256-bit random secret needs no slow hash. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The part of a key that may be shown in lists and logs. */
export function keyHint(key: string): string {
  return `${key.slice(0, keyPrefix.length + 4)}…${key.slice(-4)}`;
}

// ---

function checksum(secret: string): string {
  let rest = crc32(keyPrefix + secret);
  let text = '';
  for (let i = 0; i < checksumLength; i++) {
    text = alphabet.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}
