// 100,000 random commands, done to SQLite and to the model in step: reservations, extensions, settlements, refunds, crashes,
// windows that end, rotations, revocations, top-ups, overrides. `SEED=N` repeats a run, `COMMANDS=N` is a shorter one.

import { playHistories } from '../storage/histories';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const wanted = Number(process.env['COMMANDS'] ?? 100_000);

test('SQLite and the model agree on 100,000 random commands [G4]', async () => {
  const from = performance.now();
  const { histories, commands } = await playHistories({ seed, commands: wanted, longest: 150, lookEvery: 20 });
  const seconds = Math.round((performance.now() - from) / 1_000);
  console.info(`${commands} random commands in ${histories} histories, in ${seconds} s`);
  expect(commands).toBeGreaterThanOrEqual(wanted);
}, 3_600_000);
