/** The catalogue: is every row sound, does every name find its model, and do the sources still say the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { calcPrice } from '@pydantic/genai-prices';
import {
  findModel,
  models,
  nearestModels,
  UNKNOWN_PRICE,
  type Model,
  type Price,
  type Rates,
} from '../../config/catalogue';
import { catalogueTarget, rateOn } from '../../config/target';
import { nearest } from '../../config/nearest';
import { factsOf, generate, nano, readFacts, type UsdCost } from '../catalogue/generate';
import { CHECKED, misspelt, retired, rows } from '../catalogue/overrides';

const priceAt = (model: Model, day: string): Price => rateOn(catalogueTarget(model, model.id), day);
const ISO_DATE = /^20\d\d-\d\d-\d\d$/;
const facts = readFacts();
const withFacts = facts ? test : test.skip;
if (!facts) console.warn('SKIPPED: no catalogue/models-dev.json (set OVTH_SHARED); the facts are not cross-checked');

const namesOf = (model: Model): string[] => [model.id, ...model.aliases, ...model.dated];
const ids = (some: readonly Model[]): string[] => some.map((model) => model.id);

describe('every row', () => {
  test.each(models.map((model) => [model.id, model] as const))('%s is complete', (_, model) => {
    expect(model.name).not.toBe('');
    expect(model.released).toMatch(ISO_DATE);
    expect(model.openrouter_id.startsWith(`${model.provider}/`)).toBe(true);
    expect(model.source).toEqual({
      facts: expect.stringMatching(/./),
      prices: expect.stringMatching(/./),
      date: expect.stringMatching(ISO_DATE),
    });
    expect(Number.isInteger(model.context) && model.context > 0).toBe(true);
    expect(Number.isInteger(model.max_output)).toBe(true);
    expect(model.max_output > 0).toBe(model.kind === 'chat');
    expect(model.max_output).toBeLessThan(model.context);
    expect(new Set(model.capabilities).size).toBe(model.capabilities.length);
  });

  test.each(models.map((model) => [model.id, model] as const))('%s has whole, positive, dated prices', (_, model) => {
    const dates = model.prices.map((price) => price.from);
    expect(dates[0]).toBe(model.released);
    expect(dates).toEqual([...new Set(dates)].sort());
    for (const price of model.prices) {
      expect(price.from).toMatch(ISO_DATE);
      for (const rates of [price, ...(price.long_context ? [price.long_context] : [])]) {
        for (const [key, value] of Object.entries(rates)) {
          if (key === 'from' || key === 'long_context') continue;
          expect([key, Number.isInteger(value)]).toEqual([key, true]);
          const free = model.kind === 'embedding' && key === 'output';
          expect([key, (value as number) > 0]).toEqual([key, !free]);
        }
        expect(rates.cache_read).toBeLessThanOrEqual(rates.input);
        expect(rates.cache_write_5m).toBeLessThanOrEqual(rates.cache_write_1h);
      }
      if (price.long_context) expect(price.long_context.input).toBeGreaterThan(price.input);
    }
  });

  test('Anthropic: a cache write costs 1.25 times the input for 5 minutes and twice for an hour', () => {
    for (const model of models.filter((each) => each.provider === 'anthropic'))
      for (const price of model.prices)
        for (const rates of [price, ...(price.long_context ? [price.long_context] : [])]) {
          expect([model.id, rates.cache_write_5m]).toEqual([model.id, rates.input * 1.25]);
          expect([model.id, rates.cache_write_1h]).toEqual([model.id, rates.input * 2]);
        }
  });

  test('one default per provider, current and able to do what clients ask for', () => {
    for (const provider of ['anthropic', 'openai', 'google'] as const) {
      const defaults = models.filter((model) => model.default && model.provider === provider);
      expect(defaults).toEqual([expect.objectContaining({ current: true, kind: 'chat' })]);
      expect(defaults[0]?.capabilities).toEqual(
        expect.arrayContaining(['tools', 'images', 'pdf', 'json_schema', 'reasoning', 'caching']),
      );
    }
    expect(ids(models.filter((model) => model.default))).toEqual([
      'claude-sonnet-5',
      'gpt-6.2-sol',
      'gemini-3.8-flash',
    ]);
  });

  test('about 28 are current: general chat, not on their way out', () => {
    const current = models.filter((model) => model.current);
    expect(current.length).toBeGreaterThanOrEqual(24);
    expect(current.length).toBeLessThanOrEqual(32);
    for (const model of current) {
      expect(model).toMatchObject({ kind: 'chat' });
      expect([model.id, model.retires]).toEqual([model.id, undefined]);
      expect(model.id).not.toMatch(/-(pro|codex|chat|tts|image|audio|search|deep-research)(-|$)(?!preview$)/);
      expect(model.capabilities).toEqual(expect.arrayContaining(['tools', 'images']));
    }
  });

  test('no name stands for two models, and none differs only by case', () => {
    const owners = new Map<string, string>();
    for (const model of models)
      for (const name of new Set([...namesOf(model), model.openrouter_id])) {
        expect(name).toBe(name.toLowerCase());
        expect([name, owners.get(name)]).toEqual([name, undefined]);
        owners.set(name, model.id);
      }
    const gone = [...Object.values(retired), ...Object.values(misspelt)].flat();
    expect(new Set(gone).size).toBe(gone.length);
    for (const name of gone) {
      expect(name).not.toContain('.');
      expect([name, owners.get(name)]).toEqual([name, undefined]);
    }
  });

  test('the newest Gemini is offered, with all of its context', () => {
    expect(findModel('google/gemini-4-argon')?.model).toMatchObject({
      current: true,
      context: 1_048_576,
      kind: 'chat',
    });
  });

  test('every successor is a model that stays', () => {
    const stays = new Set(ids(models.filter((model) => !model.retires && model.kind === 'chat')));
    const successors = [
      ...Object.keys(retired),
      ...Object.keys(misspelt),
      ...models.flatMap((model) => (model.retires ? [model.retires.to] : [])),
    ];
    expect(successors.filter((id) => !stays.has(id))).toEqual([]);
    for (const model of models.filter((each) => each.retires)) {
      expect(model.retires?.on).toMatch(ISO_DATE);
      expect(model.retires && models.find((each) => each.id === model.retires?.to)?.provider).toBe(model.provider);
    }
  });
});

describe('names', () => {
  test.each(models.map((model) => [model.id, model] as const))('all names of %s find it', (_, model) => {
    const sent = (name: string): string | undefined => {
      const found = findModel(name);
      expect([name, found?.model, found?.warning]).toEqual([name, model, undefined]);
      return found?.send;
    };
    for (const name of [model.id, ...model.aliases, model.openrouter_id]) expect(sent(name)).toBe(model.id);
    for (const name of model.dated) expect(sent(name)).toBe(name);
    for (const name of namesOf(model)) {
      expect(sent(`${model.provider}/${name}`)).toBe(model.dated.includes(name) ? name : model.id);
      expect(sent(name.toUpperCase())).toBe(model.dated.includes(name) ? name : model.id);
    }
  });

  test.each([
    ['claude-opus-4.7', 'claude-opus-4-7'],
    ['Claude-Sonnet-4.5', 'claude-sonnet-4-5'],
    ['anthropic/claude-sonnet-4.5', 'claude-sonnet-4-5'],
    ['anthropic/claude-4.5-sonnet', 'claude-sonnet-4-5'],
    ['~anthropic/claude-opus-latest', 'claude-opus-5-5'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5-20250929'],
    ['anthropic/claude-haiku-4.5-20251001', 'claude-haiku-4-5-20251001'],
    ['gpt-5', 'gpt-5'],
    ['openai/gpt-5', 'gpt-5'],
    ['gpt-5.6', 'gpt-5.6-sol'],
    ['gpt-4o-2024-08-06', 'gpt-4o-2024-08-06'],
    ['google/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['~google/gemini-flash-latest', 'gemini-3.8-flash'],
    ['openai/text-embedding-3-small', 'text-embedding-3-small'],
  ])('%s is sent as %s', (name, send) => {
    expect(findModel(name)).toMatchObject({ send });
    expect(findModel(name)).not.toHaveProperty('warning');
  });

  test.each([
    ['gemini-1.5-flash', 'gemini-3.1-flash-lite'],
    ['gemini-1.5-flash-002', 'gemini-3.1-flash-lite'],
    ['google/gemini-flash-1.5', 'gemini-3.1-flash-lite'],
    ['gemini-1.5-pro-latest', 'gemini-3.1-pro-preview'],
    ['gemini-1.0-pro', 'gemini-3.5-flash-lite'],
    ['gemini-pro', 'gemini-3.5-flash-lite'],
    ['gemini-2.0-flash', 'gemini-3.5-flash-lite'],
    ['google/gemini-2.0-flash-001', 'gemini-3.5-flash-lite'],
    ['gemini-2.0-flash-lite', 'gemini-3.1-flash-lite'],
    ['gemini-2.5-pro-preview-05-06', 'gemini-3.1-pro-preview'],
    ['gemini-3-pro-preview', 'gemini-3.1-pro-preview'],
    ['claude-haiku-4', 'claude-haiku-4-5'],
    ['claude-sonnet-4', 'claude-sonnet-4-6'],
    ['claude-sonnet-4-0', 'claude-sonnet-4-6'],
    ['claude-sonnet-4-20250514', 'claude-sonnet-4-6'],
    ['claude-opus-4', 'claude-opus-4-6'],
    ['claude-opus-4.1', 'claude-opus-4-6'],
    ['claude-3-opus-20240229', 'claude-opus-4-6'],
    ['anthropic/claude-3.5-sonnet', 'claude-sonnet-4-6'],
    ['claude-3-5-haiku-latest', 'claude-haiku-4-5'],
    ['claude-3-haiku-20240307', 'claude-haiku-4-5'],
    ['claude-2.1', 'claude-sonnet-4-6'],
    ['claude-instant-1.2', 'claude-haiku-4-5'],
    ['gpt-4-turbo-preview', 'gpt-5.4'],
    ['gpt-4.5-preview-2025-02-27', 'gpt-5.4'],
    ['gpt-4o-2024-05-13', 'gpt-5.4'],
    ['gpt-3.5-turbo', 'gpt-5.4-mini'],
    ['openai/gpt-3.5-turbo-0613', 'gpt-5.4-mini'],
    ['gpt-3.5-turbo-16k-0613', 'gpt-5.4-mini'],
    ['chatgpt-4o-latest', 'gpt-5.4-mini'],
    ['o1-mini', 'gpt-6.1-terra'],
    ['o1-preview-2024-09-12', 'gpt-6.1-sol'],
  ])('%s is answered by %s, with a warning that names both', (name, successor) => {
    const found = findModel(name);
    expect(found).toMatchObject({ send: successor, model: { id: successor } });
    expect(found?.warning).toContain(name.slice(name.indexOf('/') + 1));
    expect(found?.warning).toContain(successor);
  });

  test('the warnings are sentences an operator can act on', () => {
    expect(findModel('gemini-1.5-flash')?.warning).toBe(
      'gemini-1.5-flash is no longer sold; gemini-3.1-flash-lite answers in its place',
    );
    expect(findModel('claude-haiku-4')?.warning).toBe(
      "claude-haiku-4 is not a model's name; claude-haiku-4-5 answers in its place",
    );
    expect(findModel('openai/gpt-5-2025-08-07', undefined, '2026-12-11')?.warning).toBe(
      'openai/gpt-5-2025-08-07 is no longer sold since 2026-12-11; gpt-6.1-sol answers in its place',
    );
  });

  test('an announced retirement counts from its day on, and only when the day is given', () => {
    expect(findModel('gpt-5')).toMatchObject({ send: 'gpt-5' });
    expect(findModel('gpt-5', undefined, '2026-12-10')).toMatchObject({ send: 'gpt-5' });
    expect(findModel('gpt-5', undefined, '2026-12-11')).toMatchObject({ send: 'gpt-6.1-sol' });
    expect(findModel('claude-sonnet-4.5', 'anthropic', '2027-06-01')).toMatchObject({ send: 'claude-sonnet-4-6' });
  });

  test.each([
    '',
    ' ',
    '/',
    'gpt-9',
    'meta/llama-4',
    'openai/claude-opus-4-7',
    'anthropic/',
    '__proto__',
    'constructor',
  ])('%p is not in the catalogue', (name) => {
    expect(findModel(name)).toBeUndefined();
  });

  test('a megabyte of name costs nothing', () => {
    expect(findModel('claude-'.repeat(150_000))).toBeUndefined();
    expect(nearestModels('claude-'.repeat(150_000)).length).toBeLessThanOrEqual(3);
  });

  test('a provider narrows the search', () => {
    expect(findModel('gpt-5', 'openai')?.send).toBe('gpt-5');
    expect(findModel('gpt-5', 'google')).toBeUndefined();
    expect(findModel('openai/gpt-5', 'google')).toBeUndefined();
    expect(findModel('gemini-1.5-flash', 'anthropic')).toBeUndefined();
  });

  test('a name that is not there gets the nearest that are', () => {
    expect(nearestModels('claude-opus-4.9')[0]).toBe('claude-opus-4-8');
    expect(nearestModels('gemini-3.8-flsh')[0]).toBe('gemini-3.8-flash');
    expect(nearestModels('openai/gpt-6.2-soll')[0]).toBe('gpt-6.2-sol');
    expect(nearestModels('sonnet')).toEqual(['claude-sonnet-5-5', 'claude-sonnet-5', 'claude-sonnet-4-6']);
    expect(nearestModels('llama-4-maverick')).toEqual([]);
  });

  test('nearest keeps the order of equals and is bounded', () => {
    expect(nearest('strategi', ['models', 'strategy', 'providers'])).toEqual(['strategy']);
    expect(nearest('b', ['a', 'c', 'd', 'e'])).toEqual(['a', 'c', 'd']);
    expect(nearest('', ['a'])).toEqual([]);
  });
});

describe('prices', () => {
  const byId = (id: string): Model => findModel(id)!.model;

  test('the price of a day is the last that began before it ended', () => {
    const luna = byId('gpt-5.6-luna');
    expect(priceAt(luna, '2026-07-29').input).toBe(1_000);
    expect(priceAt(luna, '2026-07-30').input).toBe(200);
    expect(priceAt(luna, '2020-01-01').input).toBe(1_000);
    expect(priceAt(byId('gemini-3.8-flash'), '2026-12-31').output).toBe(3_750);
    expect(priceAt(byId('gemini-3.8-flash'), '2027-01-01').output).toBe(7_500);
    expect(priceAt(byId('gemini-4-argon'), '2026-11-30')).toMatchObject({
      input: 2_000,
      output: 10_000,
      cache_read: 100,
    });
    expect(priceAt(byId('gemini-4-argon'), '2026-12-01')).toMatchObject({
      input: 4_000,
      output: 20_000,
      cache_read: 200,
    });
  });

  test('figures that are easily got wrong', () => {
    expect(priceAt(byId('claude-opus-4-7'), CHECKED)).toEqual({
      ...{ from: '2026-04-16', input: 5_000, output: 25_000, cache_read: 500 },
      ...{ cache_write_5m: 6_250, cache_write_1h: 10_000, search: 10_000_000 },
    });
    expect(priceAt(byId('gemini-2.5-pro'), CHECKED).long_context).toEqual({
      ...{ above: 200_000, input: 2_500, output: 15_000, cache_read: 250 },
      ...{ cache_write_5m: 2_500, cache_write_1h: 2_500 },
    });
    expect(priceAt(byId('gemini-2.5-flash'), CHECKED).input_audio).toBe(1_000);
    expect(priceAt(byId('gpt-5-pro'), CHECKED).cache_read).toBe(15_000);
    expect(priceAt(byId('gpt-5-nano'), CHECKED).cache_read).toBe(5);
    expect(priceAt(byId('text-embedding-3-small'), CHECKED)).toMatchObject({ input: 20, output: 0 });
  });

  test('an unknown model costs what a frontier model costs', () => {
    expect(UNKNOWN_PRICE).toMatchObject({ input: 5_000, output: 25_000, cache_read: 500 });
    expect(UNKNOWN_PRICE).toMatchObject({ cache_write_5m: 6_250, cache_write_1h: 10_000 });
  });

  /**
   * Reviewed on 2026-11-26. A line is `id date what: ours / theirs`, in nano-USD per token. A new line fails the test: look at
   * the provider's price page, then either correct overrides.ts or add the line here with the reason.
   */
  test('genai-prices bills the same, but for these', () => {
    const newer = [
      'claude-haiku-5-5',
      'gpt-6.2-astra',
      'gpt-6.2-sol',
      'gpt-6.1-sol',
      'gpt-6.1-terra',
      'gemini-4-argon',
    ];
    expect(models.flatMap(comparedWithGenaiPrices)).toEqual([
      // Released after genai-prices 0.1.8 was.
      'claude-fable-5-2 is not priced',
      // Takes it for Sonnet 5; hits cost 0.05 × input since 2026-10-07.
      'claude-sonnet-5-5 2026-10-07 cache_read: 100 / 200',
      'claude-sonnet-5-5 2026-10-07 cache_read above 200000: 100 / 200',
      // Keeps the tier of the long-context beta, which ended on 2026-04-30.
      ...['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'].flatMap((id) => [
        `${id} 2026-04-30 input above 200000: 3000 / 6000`,
        `${id} 2026-04-30 output above 200000: 15000 / 22500`,
        `${id} 2026-04-30 cache_read above 200000: 300 / 600`,
      ]),
      // Released after genai-prices 0.1.8 was.
      ...newer.map((id) => `${id} is not priced`),
    ]);
  });

  withFacts('the snapshot of models.dev has the same prices, but for these', () => {
    expect(models.flatMap(comparedWithSnapshot)).toEqual([
      // OpenAI charges the long rates from 272,000 tokens on; models.dev writes the boundary, genai-prices the last below it.
      'gpt-5.5 long_context above: 271999 / 272000',
      'gpt-5.5-pro long_context above: 271999 / 272000',
      'gpt-5.4 long_context above: 271999 / 272000',
      'gpt-5.4-pro long_context above: 271999 / 272000',
    ]);
  });
});

describe('sources', () => {
  withFacts('the snapshot of models.dev has the same facts, but for these', () => {
    const differing = rows.flatMap((row) => {
      const theirs = factsOf(row, facts!.providers[row.provider][row.id]);
      const ours = row.facts;
      if (!theirs || !ours) return [];
      return (Object.keys(theirs) as (keyof typeof theirs)[])
        .filter((key) => JSON.stringify(ours[key]) !== JSON.stringify(theirs[key]))
        .map((key) => `${row.id} ${key}: ${String(ours[key])} / ${String(theirs[key])}`);
    });
    expect(differing).toEqual([]);
  });

  withFacts('what the snapshot calls deprecated is not in the catalogue', () => {
    const deprecated = Object.values(facts!.providers).flatMap((provider) =>
      Object.entries(provider).flatMap(([id, fact]) =>
        (fact as { status?: string }).status === 'deprecated' ? [id] : [],
      ),
    );
    expect(deprecated.length).toBeGreaterThan(5);
    const known = new Set(models.flatMap(namesOf));
    expect(deprecated.filter((id) => known.has(id))).toEqual([]);
    expect(deprecated.filter((id) => findModel(id)?.warning === undefined)).toEqual([]);
  });

  withFacts('generating again gives the committed file, byte for byte (npm run catalogue)', () => {
    expect(generate(facts!)).toBe(readFileSync(join('config', 'models.json'), 'utf8'));
  });

  test('a price that is no whole number of nano-USD is refused', () => {
    expect(nano(0.075)).toBe(75);
    expect(() => nano(0.0375)).toThrow('0.0375 USD/M is not whole nano-USD');
  });
});

// ---

/** Bills single-purpose requests through genai-prices, for each id and each day a price of ours begins. */
function comparedWithGenaiPrices(model: Model): string[] {
  const dates = model.prices.map((price) => price.from);
  const lines = [model.id, ...model.dated].flatMap((id) => dates.flatMap((date) => billed(model, id, date)));
  return [...new Set(lines)];
}

function billed(model: Model, id: string, date: string): string[] {
  const ours = priceAt(model, date);
  const tokens = 1_000;
  // Nano-USD per token, as genai-prices bills them; undefined where it has no such model.
  const theirs = (usage: Record<string, number>, of = tokens): number | undefined => {
    const bill = calcPrice(usage, id, { providerId: model.provider, timestamp: new Date(`${date}T12:00:00Z`) });
    return bill ? Math.round((bill.total_price / of) * 1e9) : undefined;
  };
  if (theirs({ input_tokens: tokens }) === undefined) return [`${id} is not priced`];
  const all = { input_tokens: tokens };
  const pairs: [string, number, number | undefined][] = [
    ['input', ours.input, theirs(all)],
    ['cache_read', ours.cache_read, theirs({ ...all, cache_read_tokens: tokens })],
    ['cache_write_5m', ours.cache_write_5m, theirs({ ...all, cache_write_tokens: tokens })],
    [
      'cache_write_1h',
      ours.cache_write_1h,
      theirs({ ...all, cache_write_tokens: tokens, cache_write_1h_tokens: tokens }),
    ],
  ];
  if (model.capabilities.includes('audio'))
    pairs.push(['input_audio', ours.input_audio ?? ours.input, theirs({ ...all, input_audio_tokens: tokens })]);
  if (model.kind === 'chat') {
    pairs.push(['output', ours.output, theirs({ output_tokens: tokens })]);
    pairs.push(...longPairs(ours, theirs));
  }
  return pairs.filter(([, a, b]) => a !== b).map(([what, a, b]) => `${id} ${date} ${what}: ${a} / ${b}`);
}

/** On both sides of our long-context boundary; without one, at the usual 200,000. */
function longPairs(
  ours: ReturnType<typeof priceAt>,
  theirs: (usage: Record<string, number>, of?: number) => number | undefined,
): [string, number, number | undefined][] {
  const above = ours.long_context?.above ?? 200_000;
  const long: Rates = ours.long_context ?? ours;
  const more = { input_tokens: above + 1 };
  const input = theirs(more, above + 1);
  const paid = (input ?? 0) * (above + 1);
  const withOutput = theirs({ ...more, output_tokens: 1_000 }, 1);
  return [
    [`input up to ${above}`, ours.input, theirs({ input_tokens: above }, above)],
    [`input above ${above}`, long.input, input],
    [`output above ${above}`, long.output, withOutput === undefined ? undefined : (withOutput - paid) / 1_000],
    [`cache_read above ${above}`, long.cache_read, theirs({ ...more, cache_read_tokens: above + 1 }, above + 1)],
  ];
}

function comparedWithSnapshot(model: Model): string[] {
  const cost = facts?.providers[model.provider][model.id]?.cost;
  if (cost === undefined) return [];
  const price = priceAt(model, '2026-07-02');
  const lines = differences(price, cost, '');
  const tier = cost.tiers?.[0];
  if (tier?.tier.size !== price.long_context?.above)
    lines.push(`long_context above: ${price.long_context?.above} / ${tier?.tier.size}`);
  if (tier && price.long_context) lines.push(...differences(price.long_context, tier, 'long_context '));
  return lines.map((line) => `${model.id} ${line}`);
}

function differences(ours: Rates, theirs: UsdCost, where: string): string[] {
  const pairs: [string, number, number | undefined][] = [
    ['input', ours.input, theirs.input],
    ['output', ours.output, theirs.output],
    ['cache_read', ours.cache_read, theirs.cache_read ?? theirs.input],
    ['cache_write', ours.cache_write_5m, theirs.cache_write ?? theirs.input],
    ['input_audio', ours.input_audio ?? ours.input, theirs.input_audio ?? theirs.input],
  ];
  return pairs
    .filter(([, a, b]) => b !== undefined && a !== nano(b))
    .map(([what, a, b]) => `${where}${what}: ${a} / ${nano(b!)}`);
}
