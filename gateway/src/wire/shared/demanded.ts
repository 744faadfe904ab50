// Reads from single settings what they demand of the form of an answer. OpenAI's are those of
// https://platform.openai.com/docs/api-reference/chat/create, "stop", "n" and "tool_choice" (2026-11).

import type { DemandKind, FormDemand } from './formDemands';
import { listOr } from './json';
import { countOf, inner } from './settings';

/** The demands whose condition holds. */
export function demanded(conditions: readonly (readonly [DemandKind, string, boolean])[]): FormDemand[] {
  return conditions.flatMap(([kind, field, holds]) => (holds ? [{ kind, field }] : []));
}

/** Whether stop sequences are asked for: a text, or a list that is not empty. */
export function isStop(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : listOr(value).length > 0;
}

/** Whether more than one answer is asked for. */
export function isSeveral(value: unknown): boolean {
  return (countOf(value) ?? 1) > 1;
}

/** Whether an OpenAI tool choice demands a call. */
export function isForcedChoice(choice: unknown): boolean {
  if (typeof choice === 'object' && choice !== null)
    return inner(choice, 'type') === 'allowed_tools' ? isRequired(allowed(choice)) : true;
  return isRequired(choice);
}

// ---

function isRequired(mode: unknown): boolean {
  return mode === 'required';
}

// Chat completions nest the mode in `allowed_tools`, Responses do not.
function allowed(choice: object): unknown {
  return inner(inner(choice, 'allowed_tools'), 'mode') ?? inner(choice, 'mode');
}
