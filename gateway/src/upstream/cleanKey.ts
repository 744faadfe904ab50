// Takes a provider's key out of what the provider says in its errors: some repeat it, whole or with its middle masked.

import type { Secret } from '../../../config/secret';

const placeholder = '[key]';

/** Short "keys" of own hosts (`none`, `x`) are words that stand anywhere. */
const shortestKey = 8;

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

// As OpenAI writes it: `sk-proj-********************AbCd`. What is left of it narrows a search.
function maskedForm(secret: string): RegExp {
  const start = secret.slice(0, 3).replace(/[^A-Za-z0-9]/g, '\\$&');
  return new RegExp(`${start}[A-Za-z0-9_-]*(?:\\*{2,}|\\.{3,}|\u00e2\u0080\u00a6)[A-Za-z0-9_*-]*`, 'g'); // the last is `…` in UTF-8
}
