// A thousand requests at once, a hundred times, through one process and through two on one ledger: exactly what fits is admitted.
// `SEED=N` is the first of the seeds, `ROUNDS=N` plays fewer.

import { playRounds } from '../support/admissionRounds';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const count = Number(process.env['ROUNDS'] ?? 100);

test.each([1, 2] as const)(
  '1,000 requests at once with 100 seeds, through %i: nothing passes a limit, nothing that fits is refused [G1]',
  async (processes) => {
    console.info(`rounds of 1,000 requests: SEED=${seed}`);
    const from = performance.now();
    const seeds = Array.from({ length: count }, (_, i) => seed + i);
    const { rounds, admitted, refused } = await playRounds(seeds, processes);
    const seconds = Math.round((performance.now() - from) / 1_000);
    console.info(
      `${rounds} rounds of 1,000 requests at once through ${processes}: ${admitted} admitted, ${refused} refused, in ${seconds} s`,
    );
    expect(rounds).toBe(count);
  },
  1_800_000,
);
