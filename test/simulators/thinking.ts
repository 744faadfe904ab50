// How much a simulated model thinks, for every way in which a provider lets it be said: in words of its thoughts.

/** The levels that providers know, from not at all to all there is. */
const WORDS: Partial<Record<string, number>> = {
  none: 0,
  minimal: 8,
  low: 16,
  medium: 32,
  high: 64,
  xhigh: 96,
  max: 128,
};

/** Words for a level; nothing for one that does not exist. */
export function wordsForLevel(level: string): number | undefined {
  return WORDS[level];
}

/** Words for a budget of tokens: well within it, as the real ones are. */
export function wordsForBudget(tokens: number): number {
  return Math.min(128, Math.max(8, Math.floor(tokens / 64)));
}
