// The credential of accounts that have a key: one header. And a provider's errors without it: some repeat it, whole or with
// its middle masked.

import type { Account } from '../../../../config/accounts';
import type { Secret } from '../../../../config/secret';

/**
 * A function that adds an account's key to the headers of a call. An account without a key is called without one.
 * @param header its name, in lower case
 * @param print the key as the header wants it
 */
export function withApiKey(header: string, print: (key: string) => string = (key) => key) {
  return ({ key }: Account, headers: string[]): string[] => {
    if (key !== undefined) headers.push(header, print(key.reveal()));
    return headers;
  };
}

/** The bytes without the key; the same bytes where it does not stand in them. @param key of the account that was called */
export function withoutKey(bytes: Buffer, key: Secret | undefined): Buffer {
  const secret = key?.reveal() ?? '';
  if (secret.length < shortestKey) return bytes;
  const text = bytes.toString('latin1'); // each byte a character, so that nothing else changes
  const clean = text
    .replaceAll(secret, placeholder)
    .replaceAll(encodeURIComponent(secret), placeholder)
    .replace(maskedForm(secret), placeholder);
  return clean === text ? bytes : Buffer.from(clean, 'latin1');
}

// ---

const placeholder = '[key]';

/** Short "keys" of own hosts (`none`, `x`) are words that stand anywhere. */
const shortestKey = 8;

// As OpenAI writes it: `sk-proj-********************AbCd`. What is left of it narrows a search.
function maskedForm(secret: string): RegExp {
  const start = secret.slice(0, 3).replace(/[^A-Za-z0-9]/g, '\\$&');
  return new RegExp(`${start}[A-Za-z0-9_-]{0,60}(?:\\*{2,200}|\\.{3}|\u00e2\u0080\u00a6)[A-Za-z0-9_-]{0,60}`, 'g'); // the last is `…` in UTF-8
}
