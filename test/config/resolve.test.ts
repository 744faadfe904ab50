// Names → targets: whatever a client calls a model, it is a known target or none.

import fc from 'fast-check';
import { findTarget } from '../../config/resolve';
import { load, problems, settingsOf } from './support';

const settings = settingsOf({
  providers: {
    mine: {
      base_url: 'https://x.example',
      wire: 'openai',
      models: { big: { kind: 'chat', context: 1_000 }, vectors: { kind: 'embedding' }, any: {} },
    },
    openai: { models: { tuned: { input: 1, output: 2 } } },
  },
});
const labelOf = (name: string) => findTarget(name, settings)?.target.label;

test.each([
  ['gpt-5', 'openai/gpt-5'],
  ['openai/gpt-5', 'openai/gpt-5'],
  ['openai/tuned', 'openai/tuned'],
  ['tuned', 'openai/tuned'],
  ['openai/gpt-of-tomorrow', 'openai/gpt-of-tomorrow'],
  ['mine/big', 'mine/big'],
  ['big', 'mine/big'],
  ['mine/anything/at-all', 'mine/anything/at-all'],
  ['mine/', undefined],
  ['openai/', undefined],
  ['/gpt-5', undefined],
  ['yours/big', undefined],
  ['gpt-of-tomorrow', undefined],
])('%s is %s', (name, label) => expect(labelOf(name)).toBe(label));

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
  '%s, which every object has, is no provider and no model',
  (name) => {
    expect([labelOf(name), labelOf(`${name}/x`), labelOf(`${name}/constructor`)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(labelOf(`mine/${name}`)).toBe(`mine/${name}`);
    expect(findTarget(`openai/${name}`, settings)?.target).toMatchObject({ priced: 'unknown' });
  },
);

test('no name throws, and a label begins with its provider', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('mine', 'openai', 'google', 'constructor', 'gpt-5', 'big', '/', '~'),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), (words) => {
      const found = findTarget(words.join('/'), settings)?.target;
      if (found !== undefined) expect(found.label).toBe(`${found.provider}/${found.model}`);
    }),
  );
});

test('a target says what it is for where somebody knows', () => {
  const kinds = ['gpt-5', 'text-embedding-3-small', 'mine/big', 'mine/vectors', 'mine/any', 'openai/unheard-of'];
  expect(kinds.map((name) => findTarget(name, settings)?.target.kind)).toEqual([
    'chat',
    'embedding',
    'chat',
    'embedding',
    undefined,
    undefined,
  ]);
});

test('a route without models never has an embedding model among its candidates', () => {
  const providers = { mine: { ...settings.providers['mine'], models: { vectors: { kind: 'embedding' }, big: {} } } };
  const config = load(
    JSON.stringify({ providers, routes: { all: { strategy: 'cheapest-capable' }, one: { providers: ['mine'] } } }),
  );
  expect(config.routes.get('all')!.targets.filter((target) => target.kind === 'embedding')).toEqual([]);
  expect(config.routes.get('one')!.targets.map((target) => target.label)).toEqual(['mine/big']);
});

test('a named embedding model is a candidate of its route', () => {
  const config = load('routes: {vectors: {models: [text-embedding-3-small]}}');
  expect(config.routes.get('vectors')!.targets).toMatchObject([{ kind: 'embedding' }]);
});

describe('when_budget_used', () => {
  const route = (name: string, steps: string) => `  ${name}: {models: [gpt-5], when_budget_used: ${steps}}\n`;

  test('is read as written in YAML, the highest percentage first', () => {
    const { routes } = load(`routes:\n${route('a', '{80: b, 95: c}')}  b: {models: [gpt-5]}\n  c: {models: [gpt-5]}\n`);
    expect(routes.get('a')!.stepDowns).toEqual([
      { from: 95, route: 'c' },
      { from: 80, route: 'b' },
    ]);
    expect(routes.get('b')!.stepDowns).toEqual([]);
  });

  test.each([
    [
      'another name',
      route('a', '{80: bb}') + route('bb2', '{}'),
      'routes.a.when_budget_used.80: "bb" is not a route. Did you mean "bb2"?',
    ],
    [
      'itself',
      route('a', '{80: a}'),
      'routes.a.when_budget_used.80: "a" leads back to "a"; take one of the two steps out.',
    ],
    ['a circle', route('a', '{80: b}') + route('b', '{95: a}'), 'routes.a.when_budget_used.80: "b" leads back to "a"'],
    ['no percentage', route('a', '{0: a}'), 'must be a percentage from 1 to 100'],
  ])('%s is refused', (_, routes, problem) => {
    expect(problems(`routes:\n${routes}`).join('\n')).toContain(problem);
  });
});
