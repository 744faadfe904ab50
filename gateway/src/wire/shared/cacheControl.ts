// Anthropic's cache marks, which OpenRouter also takes in chat completions.
// Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching.

import type { Json } from '../jsonObject';
import type { CacheMark } from '../neutral';
import { needObject } from './json';

/** The cache mark of a `cache_control` field, as a field to be spread. @throws GatewayError bad_request naming the field */
export function decodeCache(value: unknown, at: string): { cache?: CacheMark } {
  if (value === undefined || value === null) return {};
  const control = needObject(value, at);
  return { cache: control['ttl'] === '1h' ? '1h' : '5m' };
}

/** A cache mark as a `cache_control` field to be spread; no field where there is no mark. */
export function encodeCache(cache: CacheMark | undefined): Json {
  if (cache === undefined) return {};
  return { cache_control: { type: 'ephemeral', ...(cache === '1h' ? { ttl: '1h' } : {}) } };
}
