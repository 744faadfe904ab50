// How fast each target writes, learnt from its complete answers: what a provider has written of an answer that nobody saw is
// estimated from the time it had.

export interface OutputSpeed {
  /** Tells of a complete answer. @param ms from sending the request to the answer's end */
  learn(target: string, tokens: number, ms: number): void;
  /** Tokens that a target writes in so many milliseconds. */
  tokensIn(target: string, ms: number): number;
}

/** Tokens a second of a target that has not been measured: slow models have 30, most 50 to 100. */
const unmeasured = 50;
/** Shorter answers tell more of the time to the first token than of the speed. */
const leastTokens = 50;
/** Weight of the newest answer. */
const smoothing = 0.2;
/** Clients may name `provider/anything`: as many targets are remembered, the longest unmeasured forgotten. */
const mostTargets = 10_000;

/** Nothing has been measured yet. */
export function openOutputSpeed(): OutputSpeed {
  const perMs = new Map<string, number>();
  return {
    learn(target, tokens, ms) {
      if (tokens < leastTokens || ms <= 0) return;
      const known = perMs.get(target);
      const oldest = known === undefined && perMs.size >= mostTargets ? perMs.keys().next().value : undefined;
      perMs.delete(oldest ?? target); // one that is measured again moves to the end of the row
      perMs.set(target, known === undefined ? tokens / ms : known + smoothing * (tokens / ms - known));
    },
    tokensIn: (target, ms) => Math.ceil(Math.max(0, ms) * (perMs.get(target) ?? unmeasured / 1_000)),
  };
}
