// What a target's model takes, by its name: the rows are in profileRows.ts. The encoders go by it, and the mending of
// requests that keep their format (`mend` of each codec).

import type { ChatRefusal } from '../../../../config/catalogue';
import type { Target } from '../../../../config/target';
import type { Effort } from '../neutral';
import {
  type ClaudeProfile, claudeRows, type GeminiProfile, geminiRows, newestClaude, newestGemini, notReasoning, type OpenaiProfile, openaiRows,
  type ProfileRow,
} from './profileRows'; // prettier-ignore

/** The profile of a Claude model; the newest ones' for a name that no row matches. */
export function claudeProfile(target: Target): ClaudeProfile {
  return knownClaude(target) ?? newestClaude;
}

/** The profile of a Claude model, also one behind another host; undefined for a name that no row matches. */
export function knownClaude(target: Target): ClaudeProfile | undefined {
  let known = claudes.get(target);
  if (known === undefined) {
    const row = rowOf(claudeRows, target.model);
    const schema = target.row === undefined || target.capabilities.has('json_schema');
    claudes.set(target, (known = row === undefined ? null : { ...row, schema }));
  }
  return known ?? undefined;
}

/** The profile of a model of OpenAI's own; undefined for other hosts', of which nothing is known. */
export function openaiProfile(target: Target): OpenaiProfile | undefined {
  if (target.provider !== 'openai') return undefined;
  let known = openais.get(target);
  if (known === undefined) openais.set(target, (known = rowOf(openaiRows, target.model) ?? notReasoning));
  return known;
}

/** The profile of a Gemini model; the newest ones' for a name that no row matches. */
export function geminiProfile(target: Target): GeminiProfile {
  return knownGemini(target) ?? newestGemini;
}

/** The profile of a Gemini model; undefined for a name that no row matches. */
export function knownGemini(target: Target): GeminiProfile | undefined {
  let known = geminis.get(target);
  if (known === undefined) geminis.set(target, (known = rowOf(geminiRows, target.model) ?? null));
  return known ?? undefined;
}

/** Whether a model is Gemini 3 or newer: reasoning by level, signatures demanded on function calls. */
export function isGemini3(target: Target): boolean {
  return geminiProfile(target).levels.length > 0;
}

/**
 * Whether a Gemini model takes a web search beside functions: by the catalogue, or by its name where it is not in there.
 * Source: https://ai.google.dev/gemini-api/docs/tool-combination (2026-11).
 */
export function combinesSearch(target: Target): boolean {
  return target.row === undefined ? isGemini3(target) : target.row.search_alone !== true;
}

/** Whether a model is one of OpenAI's that reason: they refuse penalties, `stop` and the older name of the maximum. */
export function isOpenaiReasoner(target: Target): boolean {
  const profile = openaiProfile(target);
  return profile !== undefined && profile.efforts.length > 0;
}

/**
 * Whether a model takes temperature, top_p and log probabilities: of OpenAI's reasoning models those that can do without
 * reasoning, in a request for which they do. Sources:
 * https://developers.openai.com/api/docs/guides/deployment-checklist (2026-10) and, for the models whose default is none,
 * https://developers.openai.com/api/docs/guides/latest-model/gpt-5.2 (2026-11).
 * @param effort what the request asks for
 */
export function samplesAt(target: Target, effort: Effort | undefined): boolean {
  const profile = openaiProfile(target);
  if (profile === undefined || profile.efforts.length === 0) return true;
  return (effort ?? profile.defaultEffort) === 'none' && profile.efforts.includes('none');
}

/**
 * Whether OpenAI refuses a request of a model at chat completions that it takes at Responses.
 * @param refusal what it refuses of the model there; undefined for nothing known
 * @param effort the one that the request names; undefined for none
 */
export function chatRefuses(refusal: ChatRefusal | undefined, hasTools: boolean, effort: unknown): boolean {
  switch (refusal) {
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

/**
 * Whether a model's provider may take a web search at chat completions: OpenAI itself takes one of its search models only.
 * Source: https://developers.openai.com/api/docs/guides/tools-web-search (2026-11).
 */
export function searchesInChat({ provider, model }: Target): boolean {
  return provider !== 'openai' || /-search\b/.test(model);
}

// ---

function rowOf<P>(rows: readonly ProfileRow<P>[], model: string): P | undefined {
  return rows.find(([pattern]) => pattern.test(model))?.[1];
}

// A target lives as long as its configuration, and its name is matched once.
const claudes = new WeakMap<Target, ClaudeProfile | null>();
const openais = new WeakMap<Target, OpenaiProfile>();
const geminis = new WeakMap<Target, GeminiProfile | null>();
