// What the same use would have cost at OpenRouter. It passes its providers' prices through and charges a fee on the credits
// that pay for them; the least fee of a purchase ($0.80) is left out.

/** The fee on credits bought by card: its source, and the date on which it was that. */
export const openrouterFee = { percent: 5.5, source: 'https://openrouter.ai/pricing', date: '2026-08-11' } as const;

/** Nano-USD at OpenRouter for what costs so much at the provider itself. */
export function openrouterCost(cost: number): number {
  return cost + Math.round((cost * openrouterFee.percent) / 100);
}
