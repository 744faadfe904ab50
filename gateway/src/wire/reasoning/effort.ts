// How much a model reasons: from one provider's measure (an effort, a token budget) to another's.

import { type Effort, efforts, type ReasoningOptions } from '../neutral';

// The share of the maximum output that an effort may use for reasoning.
// Source: https://openrouter.ai/docs/use-cases/reasoning-tokens (2026-11).
const share: Readonly<Record<Effort, number>> = {
  none: 0, minimal: 0.1, low: 0.2, medium: 0.5, high: 0.8, xhigh: 0.95, max: 0.95,
}; // prettier-ignore

/** The smallest budget that Anthropic takes. Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking (2026-11). */
const leastBudget = 1_024;

/** The token budget for reasoning. @param maxOutput tokens the whole answer may have; the budget stays below it */
export function budgetOf(reasoning: ReasoningOptions, maxOutput: number): number {
  const wanted = reasoning.budget ?? Math.floor(maxOutput * share[reasoning.effort ?? 'medium']);
  return Math.max(leastBudget, Math.min(wanted, maxOutput - 1));
}

/** The effort asked for, or the one a budget comes nearest to; undefined where the model is to decide. */
export function effortOf(reasoning: ReasoningOptions): Effort | undefined {
  if (reasoning.effort !== undefined || reasoning.budget === undefined) return reasoning.effort;
  if (reasoning.budget <= 0) return 'none';
  if (reasoning.budget <= 1_024) return 'minimal';
  if (reasoning.budget <= 4_096) return 'low';
  if (reasoning.budget <= 12_288) return 'medium';
  return reasoning.budget <= 32_768 ? 'high' : 'xhigh';
}

/** The nearest of the efforts that a model has; `none` only where that was asked for. @param levels ascending */
export function nearestEffort(effort: Effort, levels: readonly Effort[]): Effort {
  const at = efforts.indexOf(effort);
  const able = effort === 'none' ? levels : levels.filter((level) => level !== 'none');
  return able.findLast((level) => efforts.indexOf(level) <= at) ?? able[0] ?? effort;
}

/** Whether a value names an effort. */
export function isEffort(value: unknown): value is Effort {
  return efforts.some((effort) => effort === value);
}

/** Whether reasoning is asked for, as opposed to not mentioned or switched off. */
export function wantsReasoning(reasoning: ReasoningOptions | undefined): reasoning is ReasoningOptions {
  return reasoning !== undefined && reasoning.effort !== 'none' && reasoning.budget !== 0;
}
