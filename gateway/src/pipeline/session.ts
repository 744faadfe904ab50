// Which conversation or piece of work a request belongs to, as clients say it, for reports.

import type { IncomingHttpHeaders } from 'node:http';
import type { SettingReader } from '../wire/formatFacts';

/**
 * Headers, the most explicit first: OpenRouter's own; Claude Code's; Codex's, in its two spellings; OpenCode's and pi's;
 * LiteLLM's. Sources: https://openrouter.ai/docs/guides/features/sessions, and the clients' recorded requests
 * (2026-11).
 */
export const sessionHeaders = [
  'x-session-id',
  'x-claude-code-session-id',
  'session-id',
  'session_id',
  'x-session-affinity',
  'x-litellm-session-id',
] as const;

/** Fields of the body: OpenRouter's, and the key that OpenAI's clients set to their conversation's id. */
export const sessionFields = ['session_id', 'prompt_cache_key'] as const;

/** Characters that are kept; OpenRouter allows as many. */
const longest = 256;

/** The id that a request's body names. */
export function sessionField(has: (name: string) => boolean, setting: SettingReader): string | undefined {
  for (const name of sessionFields) {
    const id = has(name) ? sessionId(setting(name)) : undefined;
    if (id !== undefined) return id;
  }
  return undefined;
}

/** The id of a request: its headers' before its body's. */
export function sessionOf(sent: IncomingHttpHeaders, ofBody: string | undefined): string | undefined {
  for (const name of sessionHeaders) {
    const id = sessionId(sent[name]);
    if (id !== undefined) return id;
  }
  return ofBody;
}

// ---

function sessionId(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, longest) : undefined;
}
