// Admission under a crowd, through one process and two: exactly what fits. test/slow/admission.test.ts plays a hundred rounds.

import { playRounds } from '../support/admissionRounds';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

test.each([1, 2] as const)(
  '1,000 requests at once of random sizes under random limits, through %i: nothing passes a limit, nothing that fits is refused [G1]',
  async (processes) => {
    console.info(`a round of 1,000 requests: SEED=${seed}`);
    const { admitted } = await playRounds([seed], processes);
    expect(admitted).toBeGreaterThan(0); // each limit has room for some; the round itself looks at every decision
  },
  120_000,
);
