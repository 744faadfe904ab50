// Limits in their one form: what is a limit, which short forms stand for which, and which ones say the same.

import fc from 'fast-check';
import { periods } from '../../config/calendar';
import { keyBodySchema } from '../../config/keySettings';
import { budgetSchema, limitSchema, measures, writtenRules } from '../../config/limitRule';
import { load, problems } from './support';

const limit = fc.record({
  measure: fc.constantFrom(...measures),
  amount: fc.integer({ min: 1, max: 1_000_000 }),
  per: fc.constantFrom(...periods),
  enforce: fc.boolean(),
});

test('every measure, period and kind of enforcement is a limit, and is read back as one', () => {
  fc.assert(
    fc.property(limit, ({ measure, amount, per, enforce }) => {
      const budget = budgetSchema.parse({ limits: [{ [measure]: amount, per, enforce }] });
      expect(writtenRules(budget)).toEqual([
        { path: ['limits', 0], rule: { measure, amount: measure === 'usd' ? amount * 1e9 : amount, per, enforce } },
      ]);
    }),
  );
});

test('dollars are whole nano-USD', () => {
  const [written] = writtenRules(budgetSchema.parse({ limits: [{ usd: 0.1 + 0.2, per: 'month' }] }));
  expect(written?.rule.amount).toBe(300_000_000);
  expect(Number.isSafeInteger(1_000_000 * 1e9)).toBe(true);
});

test('a list of limits holds when no two are of one kind', () => {
  fc.assert(
    fc.property(fc.array(limit, { maxLength: 5 }), (limits) => {
      const kinds = limits.map(({ measure, per, enforce }) => `${measure} ${per} ${enforce}`);
      const result = budgetSchema.safeParse({
        limits: limits.map(({ measure, amount, per, enforce }) => ({ [measure]: amount, per, enforce })),
      });
      expect(result.success).toBe(new Set(kinds).size === kinds.length);
    }),
  );
});

test('the long form of daily_tokens is the short one', () => {
  const long = load('quota: {limits: [{tokens: 500, per: day}]}').settings.quota;
  const short = load('quota: {daily_tokens: 500}').settings.quota;
  const rule = { measure: 'tokens', amount: 500, per: 'day', enforce: true };
  expect([long, short, undefined].map((budget) => writtenRules(budget).map((written) => written.rule))).toEqual([
    [rule],
    [rule],
    [],
  ]);
});

describe('what is no limit', () => {
  test.each<[string, string, RegExp]>([
    ['nothing', '{per: day}', /^quota\.limits\[0\]: must name exactly one of tokens, usd and requests\.$/],
    ['two measures', '{tokens: 1, usd: 1, per: day}', /^quota\.limits\[0\]: must name exactly one/],
    ['no period', '{tokens: 1}', /^quota\.limits\[0\]\.per: must be one of minute, day, week, month, lifetime/],
    ['another period', '{tokens: 1, per: weak}', /^quota\.limits\[0\]\.per: .*Did you mean "week"\?/],
    ['no dollars', '{usd: 0, per: day}', /^quota\.limits\[0\]\.usd: must be/],
    ['too many dollars', '{usd: 1000001, per: day}', /^quota\.limits\[0\]\.usd: must be at most 1000000/],
    ['half a token', '{tokens: 0.5, per: day}', /^quota\.limits\[0\]\.tokens: must be a whole number/],
    ['an unknown name', '{token: 5, per: day}', /^quota\.limits\[0\]\.token: .*Did you mean "tokens"\?/],
    ['a text', 'many', /^quota\.limits\[0\]: must be a mapping, found "many"/],
  ])('%s', (_name, text, expected) => {
    expect(problems(`quota: {limits: [${text}]}`)).toContainEqual(expect.stringMatching(expected));
  });

  test('a number that no measure can be', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...measures),
        fc.oneof(fc.integer({ max: 0 }), fc.double({ min: 1e13 })),
        (measure, n) => {
          expect(limitSchema.safeParse({ [measure]: n, per: 'day' }).success).toBe(false);
        },
      ),
    );
  });
});

test('the same limit twice is refused, naming both', () => {
  expect(problems('quota: {daily_tokens: 5, limits: [{tokens: 6, per: day}]}')).toEqual([
    'quota.limits[0]: must not limit tokens per day a second time; daily_tokens does already, so keep one.',
  ]);
  expect(
    keyBodySchema.safeParse({ label: 'a', rpm: 5, quota: { limits: [{ requests: 5, per: 'minute' }] } }).error?.issues,
  ).toMatchObject([
    { path: ['quota', 'limits', 0], message: expect.stringContaining('requests per minute a second time; rpm does') },
  ]);
  const shadow = { label: 'a', tpm: 5, quota: { limits: [{ tokens: 5, per: 'minute', enforce: false }] } };
  expect(keyBodySchema.safeParse(shadow).success).toBe(true);
});
