// How much to think, from one provider's measure to another's.

import { type Effort, efforts, type ReasoningOptions } from '../neutral';

// Share of the maximum output that a level may think, as OpenRouter publishes it ("Reasoning tokens").
const share: Readonly<Record<Effort, number>> = {
  none: 0, minimal: 0.1, low: 0.2, medium: 0.5, high: 0.8, xhigh: 0.95, max: 0.95,
}; // prettier-ignore

/** Smallest budget Anthropic takes. */
const leastBudget = 1_024;

/** Tokens to think with. @param maxOutput tokens the whole answer may have; the budget stays below it */
export function budgetOf(thinking: ReasoningOptions, maxOutput: number): number {
  const wanted = thinking.budget ?? Math.floor(maxOutput * share[thinking.effort ?? 'medium']);
  return Math.max(leastBudget, Math.min(wanted, maxOutput - 1));
}

/** The level that a budget comes nearest to; undefined for as the model sees fit. */
export function effortOf(thinking: ReasoningOptions): Effort | undefined {
  if (thinking.effort !== undefined || thinking.budget === undefined) return thinking.effort;
  if (thinking.budget <= 0) return 'none';
  if (thinking.budget <= 1_024) return 'minimal';
  if (thinking.budget <= 4_096) return 'low';
  if (thinking.budget <= 12_288) return 'medium';
  return thinking.budget <= 32_768 ? 'high' : 'xhigh';
}

/** The nearest of the levels that a model has; not at all only where that was asked for. @param levels ascending */
export function nearestEffort(effort: Effort, levels: readonly Effort[]): Effort {
  const at = efforts.indexOf(effort);
  const able = effort === 'none' ? levels : levels.filter((level) => level !== 'none');
  return able.findLast((level) => efforts.indexOf(level) <= at) ?? able[0] ?? effort;
}

export function isEffort(value: unknown): value is Effort {
  return efforts.some((effort) => effort === value);
}

/** Thinking asked for, as opposed to not mentioned or switched off. */
export function wantsReasoning(thinking: ReasoningOptions | undefined): thinking is ReasoningOptions {
  return thinking !== undefined && thinking.effort !== 'none' && thinking.budget !== 0;
}
