// Random histories, done to SQLite and to the model in step. `SEED=N` repeats a run; test/slow/histories.test.ts plays 100,000
// commands.

import { type Command, play, playHistories, type Step } from './histories';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const ms = 10_000;
const max = Number.MAX_SAFE_INTEGER;

test('SQLite and the model agree on every random history [G4]', async () => {
  expect((await playHistories({ seed, ms })).histories).toBeGreaterThan(0);
}, 120_000);

test('a request admitted before an amount was lowered extends by its own amount, beside one admitted after', () => {
  const reserve = { do: 'reserve' as const, key: 0, limits: 16, input: 300 };
  return play([
    { run: 'commit', instance: 0, twice: false, steps: [{ ...reserve, output: 300 }] },
    { run: 'amount', which: 4, amount: 1_400 },
    {
      run: 'commit',
      instance: 0,
      twice: false,
      steps: [
        { ...reserve, output: 400 },
        { do: 'extend', pick: 0, by: 200 },
      ],
    },
  ]);
});

test('no history takes a counter beyond what a number holds, and everything stays readable', async () => {
  const huge = (each: Step): Step => (each.do === 'settle' ? { ...each, input: max - each.pick } : each);
  const scale = (history: Command[]) =>
    history.map((each) => (each.run === 'commit' ? { ...each, steps: each.steps.map(huge) } : each));
  expect((await playHistories({ seed, ms }, false, scale)).histories).toBeGreaterThan(0);
}, 120_000);
