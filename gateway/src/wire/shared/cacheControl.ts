// Anthropic's cache marks, which OpenRouter also takes in chat completions.
// Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching (2026-11).

import type { Json } from '../jsonObject';
import type { CacheMark, Part } from '../neutral';
import { needObject } from './json';

/** The cache mark of a `cache_control` field, as a field to be spread. @throws GatewayError bad_request naming the field */
export function decodeCache(value: unknown, at: string): { cache?: CacheMark } {
  if (value === undefined || value === null) return {};
  const control = needObject(value, at);
  return { cache: control['ttl'] === '1h' ? '1h' : '5m' };
}

/**
 * The parts of a message with the message's own mark on the last one that can hold it, unless that has one already.
 * OpenRouter and its AI SDK provider mark whole messages.
 * Source: https://github.com/OpenRouterTeam/ai-sdk-provider, src/chat/convert-to-openrouter-chat-messages.ts (2026-11).
 */
export function markMessage(parts: readonly Part[], { cache }: { readonly cache?: CacheMark }): readonly Part[] {
  const last = cache === undefined ? -1 : parts.findLastIndex(({ type }) => markable.has(type));
  if (cache === undefined || last < 0) return parts;
  return parts.map((part, index) => (index === last ? ({ cache, ...part } as Part) : part));
}

const markable = new Set<Part['type']>(['text', 'media', 'toolCall', 'toolResult']);

/** A cache mark as a `cache_control` field to be spread; no field where there is no mark. */
export function encodeCache(cache: CacheMark | undefined): Json {
  if (cache === undefined) return {};
  return { cache_control: { type: 'ephemeral', ...(cache === '1h' ? { ttl: '1h' } : {}) } };
}
