// What models of one provider take that others of the same provider refuse, by the version in their names. Sources:
// Anthropic "Models overview" and the migration guides of Opus 4.7, 5 and 5.5; Google "Gemini thinking"; OpenAI
// "Reasoning models".

import type { Target } from '../../../../config/target';

export interface ClaudeProfile {
  /** `budget`: thinking within a token budget; `adaptive`: by effort; `always`: the same, and it cannot be switched off. */
  readonly thinking: 'none' | 'budget' | 'adaptive' | 'always';
  /** Takes temperature, top_p and top_k. */
  readonly sampling: boolean;
  /** Goes on with an assistant turn at the end. */
  readonly prefill: boolean;
  /** Lets a tool be forced. */
  readonly forcedTool: boolean;
  /** Answers in a given JSON schema by itself. */
  readonly schema: boolean;
  /** Takes the system's words in mid-conversation, as messages of their own. */
  readonly systemTurns: boolean;
}

/** The rules of a Claude model; those of the newest for a name without a version. */
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

/** Gemini 3 and newer: thinking by level, signatures demanded on function calls. */
export function isGemini3(target: Target): boolean {
  const version = /gemini-(\d+)/.exec(target.model)?.[1];
  return version === undefined || Number(version) >= 3;
}

/** Reasoning models of OpenAI refuse sampling settings and the older name of the maximum. */
export function isOpenaiReasoner(target: Target): boolean {
  return target.provider === 'openai' && (/^o\d/.test(target.model) || /^gpt-([5-9]|\d\d)/.test(target.model));
}

// ---

function claudeVersion(model: string): number {
  const found = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(model);
  if (found === null) return Infinity;
  return Number(found[1]) + Number(found[2] ?? 0) / 10;
}
