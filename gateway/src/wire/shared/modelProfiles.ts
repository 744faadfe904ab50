// What some models of a provider take and others of the same provider refuse, by the version in their names. Sources:
// https://platform.claude.com/docs/en/about-claude/models/overview and
// https://platform.claude.com/docs/en/about-claude/models/migration-guide (Opus 4.7, 5 and 5.5);
// https://ai.google.dev/gemini-api/docs/thinking; https://platform.openai.com/docs/guides/reasoning (2026-11).

import type { Target } from '../../../../config/target';

export interface ClaudeProfile {
  /** How it reasons: `budget`, within a token budget; `adaptive`, by effort; `always`, the same, and never switched off. */
  readonly thinking: 'none' | 'budget' | 'adaptive' | 'always';
  /** Takes temperature, top_p and top_k. */
  readonly sampling: boolean;
  /** Continues a last turn of the assistant's. */
  readonly prefill: boolean;
  /** Takes a tool choice that demands a call. */
  readonly forcedTool: boolean;
  /** Takes a JSON schema for its response. */
  readonly schema: boolean;
  /** Takes system messages in mid-conversation. */
  readonly systemTurns: boolean;
}

/** The profile of a Claude model; the newest one's for a name without a version. */
export function claudeProfile(target: Target): ClaudeProfile {
  const version = claudeVersion(target.model);
  const fable = /fable|mythos/.test(target.model);
  const always = version >= 5.5 || (fable && version >= 5.1);
  return {
    thinking: always ? 'always' : version >= 4.6 ? 'adaptive' : version >= 3.7 ? 'budget' : 'none',
    sampling: version <= 4.6,
    prefill: version < 4.6,
    forcedTool: !always,
    schema: target.row === undefined || target.capabilities.has('json_schema'),
    systemTurns: version >= 4.8,
  };
}

/** Whether a model is Gemini 3 or newer: reasoning by level, signatures demanded on function calls. */
export function isGemini3(target: Target): boolean {
  const version = /gemini-(\d+)/.exec(target.model)?.[1];
  return version === undefined || Number(version) >= 3;
}

/** Whether a model is one of OpenAI's that reason: they refuse sampling settings and the older name of the maximum. */
export function isOpenaiReasoner(target: Target): boolean {
  return target.provider === 'openai' && (/^o\d/.test(target.model) || /^gpt-([5-9]|\d\d)/.test(target.model));
}

/**
 * Whether OpenAI refuses a request of a model at chat completions that it takes at Responses, as far as the catalogue knows.
 * @param effort the one that the request names; undefined for none
 */
export function chatRefuses({ row }: Target, hasTools: boolean, effort: unknown): boolean {
  switch (row?.chat_refuses) {
    case undefined:
      return false;
    case 'all':
      return true;
    case 'tools':
      return hasTools && effort !== 'none';
    case 'reasoned_tools':
      return hasTools && effort !== undefined && effort !== 'none';
  }
}

// ---

function claudeVersion(model: string): number {
  const found = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(model);
  if (found === null) return Infinity;
  return Number(found[1]) + Number(found[2] ?? 0) / 10;
}
