// Turns without content, which Anthropic and Gemini refuse ("text content blocks must be non-empty",
// https://github.com/anthropics/claude-code/issues/59812; "contents.parts must not be empty"). Without the user's blank turn
// the conversation would end with the model's, or two of the model's would become one: another question would be asked.

import type { NoteRepair } from './repairs';

/** What stands in place of a blank turn of the user's. */
export const blankTurnText = '(empty message)';

interface Turn<T> {
  readonly role: 'user' | 'assistant' | 'model' | 'system';
  readonly content: T[];
}

/**
 * Fills the user's blank turns that stand between the model's, or last; those beside another turn of the user's are not
 * missed. A conversation of nothing but blank turns stays as it is.
 */
export function fillBlankTurns<T>(turns: readonly Turn<T>[], blank: () => T, repair: NoteRepair): void {
  const said = (turn: Turn<T>) => turn.role !== 'system' && turn.content.length > 0;
  if (!turns.some((turn) => turn.content.length === 0 && turn.role !== 'system') || !turns.some(said)) return;
  for (const [index, turn] of turns.entries()) {
    if (turn.role === 'system' || turn.content.length > 0) continue;
    repair('blank-turn');
    if (turn.role !== 'user') continue;
    const before = turns.slice(0, index).findLast(said)?.role;
    const after = turns.slice(index + 1).find(said)?.role;
    if (before !== 'user' && after !== 'user') turn.content.push(blank());
  }
}
