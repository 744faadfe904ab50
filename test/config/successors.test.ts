/** Who answers for a model that is gone or going takes what that model took; and nothing we show ends within weeks. */
import { readdirSync, readFileSync } from 'node:fs';
import { findModel, type Model, models } from '../../config/catalogue';
import { catalogueTarget, type Target, unknownTarget } from '../../config/target';
import { claudeProfile, openaiProfile, samplesAt } from '../../gateway/src/wire/shared/modelProfiles';
import { claudeRows, geminiRows, openaiRows } from '../../gateway/src/wire/shared/profileRows';
import { clientSettings } from '../../infra/clientInstructions';
import { CHECKED, misspelt, retired } from '../catalogue/overrides';
import { choosable } from '../support/fitting';

/** Days for which what we show must last, from the day the catalogue was checked. */
const days = 60;
const soon = new Date(Date.parse(CHECKED) + days * 86_400_000).toISOString().slice(0, 10);
const ends = (model: Model): boolean => model.retires !== undefined && model.retires.on <= soon;
const targetOf = (id: string): Target => catalogueTarget(findModel(id)!.model, id);

interface Taken {
  readonly sampling: boolean;
  readonly forcedTool: boolean;
}

/** What a model takes, also one that is no longer in the catalogue. */
function takenBy(target: Target): Taken {
  switch (target.provider) {
    case 'anthropic': {
      const { sampling, forcedTool } = claudeProfile(target);
      return { sampling, forcedTool };
    }
    case 'openai':
      return { sampling: samplesAt(target, undefined), forcedTool: true };
    default:
      return { sampling: true, forcedTool: true };
  }
}

const formers: [former: string, heir: string][] = [
  ...[...Object.entries(retired), ...Object.entries(misspelt)].flatMap(([heir, names]) =>
    names.map((name): [string, string] => [name, heir]),
  ),
  ...models.flatMap(({ id, retires }): [string, string][] => (retires === undefined ? [] : [[id, retires.to]])),
];

test.each(formers)('%s is answered by %s, which takes what it took', (former, heir) => {
  const target = targetOf(heir);
  const took = takenBy(unknownTarget(target.provider, former));
  const takes = takenBy(target);
  const others = models.filter((model) => model.provider === target.provider && model.kind === 'chat' && !ends(model));
  const able = (setting: keyof Taken) => others.some(({ id }) => takenBy(targetOf(id))[setting]);
  for (const setting of ['sampling', 'forcedTool'] as const)
    if (took[setting] && able(setting)) expect([setting, takes[setting]]).toEqual([setting, true]);
  expect(ends(target.row!)).toBe(false);
});

describe('profiles', () => {
  const chosen = (['anthropic', 'openai', 'google'] as const).flatMap(choosable);

  test.each(chosen.map(({ id, provider }) => [id, provider] as const))(
    '%s has a row that names its page',
    (id, provider) => {
      const rows = { anthropic: claudeRows, openai: openaiRows, google: geminiRows }[provider];
      const matching = rows.findIndex(([pattern]) => pattern.test(id));
      expect(matching).toBeGreaterThanOrEqual(0);
      expect(rows[matching]?.[0].source).not.toMatch(/^(claude|gemini)-$/); // the last row is for names of the future
      expect(rows[matching]?.[1]).toMatchObject({
        url: expect.stringMatching(/^https:\/\/(platform\.claude\.com|developers\.openai\.com|ai\.google\.dev)\//),
        read: expect.stringMatching(/^2026-\d\d(-\d\d)?$/),
      });
    },
  );

  test('a dated name has the profile of its model', () => {
    for (const model of models)
      for (const dated of model.dated) {
        const target = catalogueTarget(model, dated);
        const own = catalogueTarget(model, model.id);
        expect([dated, takenBy(target), openaiProfile(target)]).toEqual([dated, takenBy(own), openaiProfile(own)]);
      }
  });
});

describe('what we show lasts', () => {
  const text = (path: string) => () => readFileSync(path, 'utf8');
  const example = 'infra/examples/own-program';
  const shown: Record<string, () => string> = {
    // One sentence tells what becomes of names that are gone.
    'README.md': () =>
      text('README.md')().replace(/^.*Retired and misspelt models \(.*$/m, (line) => line.replace(/\([^)]*\)/, '')),
    'gateway/README.md': text('gateway/README.md'),
    'infra/README.md': text('infra/README.md'),
    'config/REFERENCE.md': text('config/REFERENCE.md'),
    'config/schema.json': text('config/schema.json'),
    'Pulumi.dev.yaml': text('Pulumi.dev.yaml'),
    'config/stack.example.yaml': text('config/stack.example.yaml'),
    'the own program': () =>
      readdirSync(example)
        .map((name) => text(`${example}/${name}`)())
        .join('\n'),
    'the commands’ help': text('gateway/src/commands/help.ts'),
    'the demo': text('test/simulators/demo.ts'),
    'the stack’s clients': () => clientSettings('https://gateway.example.com'),
  };

  /** Those that show none, and may some day. */
  const without = [
    'config/REFERENCE.md',
    'config/schema.json',
    'infra/README.md',
    'the own program',
    'the commands’ help',
  ];

  test.each(Object.keys(shown))('%s', (place) => {
    const words = shown[place]!().match(/[a-zA-Z0-9][\w./-]*\w/g) ?? [];
    const found = [...new Set(words)].flatMap((word) => {
      const known = findModel(word);
      return known === undefined ? [] : [{ word, ...known }];
    });
    const ending = found.filter(({ model, warning }) => warning !== undefined || ends(model));
    expect(ending.map(({ word }) => word)).toEqual([]);
    if (!without.includes(place)) expect(found.length).toBeGreaterThan(0);
  });

  test('the guide’s own names still answer', () => {
    const names = ['gemini-1.5-flash', 'claude-haiku-4', 'claude-opus-4.7', 'gpt-5', 'claude-sonnet-4.5'];
    const answered = names.map((name) => findModel(name, undefined, '2027-12-01')?.send);
    expect(answered).toEqual([
      'gemini-3.1-flash-lite',
      'claude-haiku-4-5',
      'claude-opus-4-7',
      'gpt-6.1-sol',
      'claude-sonnet-4-6',
    ]);
  });
});
