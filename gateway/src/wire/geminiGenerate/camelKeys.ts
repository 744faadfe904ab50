// Keys of Google's JSON, which its servers take in camelCase and in snake_case.
// Source: https://protobuf.dev/programming-guides/json/ (2026-11).

import type { Json } from '../jsonObject';
import { joinFields } from '../shared/json';

/** The object with its keys in camelCase; of a key in both spellings, the camelCase one's value. */
export function camelKeys(object: Json): Json {
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(object)) {
    if (!key.includes('_')) continue;
    out ??= joinFields(object);
    const name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!(name in out)) out[name] = out[key];
    delete out[key];
  }
  return out ?? object;
}
