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
  const isBlank = (turn: Turn<T>) => turn.role !== 'system' && turn.content.length === 0;
  if (!turns.some(isBlank) || !turns.some(said)) return;
  const after: (string | undefined)[] = []; // the role of the next turn that says something
  for (let index = turns.length - 1, next: string | undefined; index >= 0; index--) {
    after[index] = next;
    const turn = turns[index];
    if (turn !== undefined && said(turn)) next = turn.role;
  }
  let before: string | undefined;
  for (const [index, turn] of turns.entries()) {
    if (isBlank(turn)) {
      repair('blank-turn');
      if (turn.role === 'user' && before !== 'user' && after[index] !== 'user') turn.content.push(blank());
    }
    if (said(turn)) before = turn.role;
  }
}
