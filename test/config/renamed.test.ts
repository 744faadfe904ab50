// Old names of settings: accepted with a warning, refused beside the new name.

import fc from 'fast-check';
import { applyRenames, renamedSettings } from '../../config/renamed';
import { settingsSchema } from '../../config/schema';
import { load, problems } from './support';

test('limits.vault_bytes is limits.reasoning_cache_bytes', () => {
  const config = load('limits: {vault_bytes: 1000, in_flight: 7}');
  expect(config.limits).toMatchObject({ reasoning_cache_bytes: 1_000, in_flight: 7 });
  expect(config.warnings).toEqual(['limits.vault_bytes is now limits.reasoning_cache_bytes']);
  expect(load('limits: {reasoning_cache_bytes: 1000}').warnings).toEqual([]);
});

test('both at once are refused, and so is a bad value, under the new name', () => {
  expect(problems('limits: {vault_bytes: 1, reasoning_cache_bytes: 2}')).toContain(
    'limits.vault_bytes: is now limits.reasoning_cache_bytes, which is given as well; remove limits.vault_bytes.',
  );
  expect(problems('limits: {vault_bytes: -1}')).toEqual([
    expect.stringMatching(/^limits\.reasoning_cache_bytes: must be at least 0/),
  ]);
  expect(problems('limits: {vault_bytes: }')).toEqual([
    expect.stringMatching(/^limits\.reasoning_cache_bytes: must be a number/),
  ]);
});

test.each(renamedSettings.map(({ from, to }) => [from, to]))('%s is no setting any more, %s is one', (from, to) => {
  const has = (path: string) =>
    path.split('.').reduce<unknown>((shape, step) => {
      const inner = (shape as { def?: { innerType?: unknown }; shape?: Record<string, unknown> } | undefined) ?? {};
      const held = inner.shape ?? (inner.def?.innerType as typeof inner | undefined)?.shape;
      return held?.[step];
    }, settingsSchema) !== undefined;
  expect([has(from), has(to)]).toEqual([false, true]);
});

test('a setting may move to another mapping', () => {
  const table = [{ from: 'old.a', to: 'new.deep.b' }];
  expect(applyRenames({ old: { a: 1, c: 2 }, x: 3 }, table)).toEqual({
    value: { old: { c: 2 }, x: 3, new: { deep: { b: 1 } } },
    warnings: ['old.a is now new.deep.b'],
    problems: [],
  });
});

test('whatever the value is, it is not changed, and nothing else of it is lost', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const before = JSON.stringify(value);
      const { value: after, warnings } = applyRenames(value);
      expect(JSON.stringify(value)).toBe(before);
      if (warnings.length === 0) expect(after).toBe(value);
    }),
  );
});
