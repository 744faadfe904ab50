// Suites that need the lab.

import { whatIsMissing } from './missing';

/**
 * `describe` where the lab can run. Elsewhere the suite is skipped, its tests are counted as skipped, and a warning says
 * what is missing. With CI=true it fails instead.
 */
export function describeLab(name: string, suite: () => void): void {
  const missing = whatIsMissing();
  if (missing.length === 0) return describe(name, suite);
  const why = `the lab cannot run here; missing:\n${missing.map((line) => `  - ${line}`).join('\n')}`;
  if (process.env['CI'] === 'true') {
    describe(name, () =>
      test('can run', () => {
        throw new Error(why);
      }),
    );
    return;
  }
  console.warn(`SKIPPED: ${why}`);
  describe.skip(name, suite);
}
