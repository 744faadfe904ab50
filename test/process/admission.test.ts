// Admission under a crowd, through one process and two: exactly what fits. test/slow/admission.test.ts plays a hundred rounds.

import { playRounds } from '../support/admissionRounds';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

test.each([1, 2] as const)(
  '1,000 requests at once of random sizes under random limits, through %i: nothing passes a limit, nothing that fits is refused [G1]',
  async (processes) => {
    console.info(`a round of 1,000 requests: SEED=${seed}`);
    const { admitted, refused } = await playRounds([seed], processes);
    expect(admitted + refused).toBe(1_000);
  },
  120_000,
);
