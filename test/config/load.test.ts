// Loading a configuration: the guide's file as it stands, and every way to get one wrong, with all problems at once.

import { limitNames, limitTable } from '../../config/limits';
import { plainHttpAllowed } from '../../config/plainHttp';
import { guideConfig } from '../support/guide';
import { load, problems } from './support';

describe('the guide’s file', () => {
  test('loads as it stands, with warnings for the two models that are no more', () => {
    const config = load(guideConfig);
    expect([...config.routes.keys()]).toEqual(['auto', 'cheap', 'smart']);
    expect(config.routes.get('auto')?.strategy).toBe('cheapest-capable');
    expect(config.routes.get('cheap')?.strategy).toBe('ordered');
    expect(config.routes.get('smart')?.targets.map((target) => target.label)).toEqual([
      'anthropic/claude-opus-4-7',
      'openai/gpt-5',
    ]);
    expect(config.settings.quota).toMatchObject({
      daily_tokens: 500_000,
      per_user: true,
      count: 'weighted',
      default_output_tokens: 4_096,
    });
    expect(config.warnings).toEqual([
      expect.stringContaining('gemini-1.5-flash'),
      expect.stringContaining('claude-haiku-4'),
    ]);
  });

  test('with one key only, the other providers are absent and their targets gone', () => {
    const config = load(guideConfig, { OPENAI_API_KEY: 'sk-x' });
    expect([...config.providers.keys()]).toEqual(['openai']);
    expect(config.absent.get('anthropic')).toBe('ANTHROPIC_API_KEY');
    expect(config.routes.get('smart')?.targets.map((target) => target.provider)).toEqual(['openai']);
    expect(config.warnings.at(-1)).toContain('routes.cheap: none of its providers has a key');
  });

  test('DESIGN’s short spelling of it is the same', () => {
    const flow = `routes:
  auto:  {strategy: cheapest-capable, providers: [anthropic, openai, google]}
  cheap: {providers: [google, anthropic], models: [gemini-1.5-flash, claude-haiku-4]}
  smart: {providers: [anthropic, openai], models: [claude-opus-4.7, gpt-5]}
quota: {daily_tokens: 500000, per_user: true}
`;
    expect(load(flow).settings).toEqual(load(guideConfig).settings);
  });
});

test('an ordered route without models has one default model a provider; others all current ones', () => {
  const config = load(
    'routes: {one: {providers: [openai, google]}, all: {strategy: cheapest-capable, providers: [openai]}}',
  );
  expect(config.routes.get('one')?.targets.map((target) => target.provider)).toEqual(['openai', 'google']);
  expect(config.routes.get('all')?.targets.length).toBeGreaterThan(5);
});

test('no file means all defaults', () => expect(load(undefined).routes.size).toBe(0));

describe('every mistake is one readable line with its path', () => {
  test.each<[string, string, RegExp]>([
    ['a byte-order mark', '\uFEFFroutes: {}', /line 1.*byte-order mark/],
    ['an empty file', '', /the file is empty/],
    ['only a comment', '# nothing', /the file is empty/],
    ['a list', '- a', /must be a mapping/],
    ['a tab', 'routes:\n\tauto: {}', /line 2, column 1.*tab/],
    ['a duplicate key', 'quota: {per_user: true}\nquota: {per_user: false}', /line 2, column 1: "quota" stands twice/],
    ['broken YAML', 'quota: "unfinished', /line 1, column \d+/],
    ['an unknown key', 'rotues: {}', /^rotues: is not a setting\. Did you mean "routes"\?/],
    ['an unknown key inside', 'quota: {daily_token: 5}', /^quota\.daily_token: .*Did you mean "daily_tokens"\?/],
    ['an unknown key in a route', 'routes: {a: {modles: [gpt-5]}}', /^routes\.a\.modles: .*Did you mean "models"\?/],
    [
      'an unknown strategy',
      'routes: {a: {strategy: cheapest}}',
      /^routes\.a\.strategy: must be one of .*cheapest-capable.*found "cheapest"/,
    ],
    [
      'an unknown provider',
      'routes: {a: {providers: [antropic]}}',
      /^routes\.a\.providers\[0\]: "antropic" is not a known provider\. Did you mean "anthropic"\?/,
    ],
    ['a provider twice', 'routes: {a: {providers: [openai, openai]}}', /^routes\.a\.providers\[1\]: .*twice/],
    [
      'an unknown model',
      'routes: {a: {models: [gtp-5]}}',
      /^routes\.a\.models\[0\]: "gtp-5" is not a known model\. Nearest: .*gpt-5/,
    ],
    [
      'a model of a provider that is not listed',
      'routes: {a: {providers: [google], models: [claude-opus-4.7]}}',
      /^routes\.a\.models\[0\]: .*model of anthropic, which routes\.a\.providers does not list/,
    ],
    ['no models at all', 'routes: {a: {models: []}}', /^routes\.a\.models: must list at least 1/],
    ['a quota of 0', 'quota: {daily_tokens: 0}', /^quota\.daily_tokens: must be at least 1; found 0/],
    ['a negative quota', 'quota: {daily_tokens: -5}', /^quota\.daily_tokens: must be at least 1; found -5/],
    [
      'a quota that is no integer',
      'quota: {daily_tokens: 1.5}',
      /^quota\.daily_tokens: must be a whole number, found 1\.5/,
    ],
    ['a quota as text', 'quota: {daily_tokens: "many"}', /^quota\.daily_tokens: must be a number, found "many"/],
    ['a quota with a thousands separator', 'quota: {daily_tokens: 500,000}', /^quota/],
    ['a boolean as text', 'quota: {per_user: "yes"}', /^quota\.per_user: must be true or false, found "yes"/],
    [
      'weights without the strategy',
      'routes: {a: {models: [gpt-5], weights: {gpt-5: 2}}}',
      /^routes\.a\.weights: .*weighted/,
    ],
    [
      'a weight for another model',
      'routes: {a: {strategy: weighted, models: [gpt-5], weights: {gpt-5.5: 2}}}',
      /^routes\.a\.weights\.gpt-5\.5: is not one of this route's models/,
    ],
    [
      'a provider of one’s own without address',
      'providers: {mine: {wire: openai}}',
      /^providers\.mine\.base_url: is missing/,
    ],
    [
      'a provider of one’s own without wire',
      'providers: {mine: {base_url: "https://x.example"}}',
      /^providers\.mine\.wire: is missing/,
    ],
    [
      'plain http to the internet',
      'providers: {openai: {base_url: "http://api.example.com/v1"}}',
      /^providers\.openai\.base_url: must be https/,
    ],
    [
      'a key in a URL',
      'providers: {openai: {base_url: "https://u:p@x.example/v1"}}',
      /^providers\.openai\.base_url: must not hold credentials/,
    ],
    [
      'an unknown wire',
      'providers: {mine: {base_url: "https://x.example", wire: opneai}}',
      /^providers\.mine\.wire: must be one of .*Did you mean "openai"\?/,
    ],
    ['a limit out of range', 'limits: {body_bytes: 5}', /^limits\.body_bytes: must be at least/],
    ['a limit that is none', 'limits: {boddy_bytes: 5}', /^limits\.boddy_bytes: .*Did you mean "body_bytes"\?/],
    ['a key without a hash', 'keys: {laptop: {}}', /^keys\.laptop\.sha256: is missing/],
    ['a route name with a slash', 'routes: {"a/b": {}}', /^routes\.a\/b: is not a valid name/],
    [
      'a durability that is none',
      'storage: {durability: full}',
      /^storage\.durability: must be one of power_loss, process/,
    ],
  ])('%s', (_name, text, expected) => {
    expect(problems(text)).toEqual([expect.stringMatching(expected)]);
  });

  test('all at once', () => {
    expect(
      problems('quota: {daily_tokens: 0, per_usr: true}\nroutes: {a: {strategy: no}}', { OVTH_MASTER_KEY: 'short' }),
    ).toHaveLength(4);
  });

  test('what looks like a secret is not repeated', () => {
    expect(problems('quota: {daily_tokens: sk-ant-very-secret}').join()).not.toContain('very-secret');
    expect(problems('', { OPENAI_API_KEY: 'has a blank' }).join()).not.toContain('has a blank');
  });
});

test('where plain http is allowed', () => {
  const yes = [
    'http://127.0.0.1:1/v1',
    'http://10.1.2.3',
    'http://172.16.0.1',
    'http://192.168.1.1',
    'http://198.18.0.1',
    'http://[::1]:8',
    'http://[fd00::1]',
    'http://ollama:11434',
    'http://gpu.internal',
    'http://localhost',
  ];
  const no = [
    'http://8.8.8.8',
    'http://172.32.0.1',
    'http://198.20.0.1',
    'http://api.openai.com',
    'http://[2001:db8::1]',
    'http://internal.example.com',
  ];
  expect(yes.filter((url) => !plainHttpAllowed(url))).toEqual([]);
  expect(no.filter((url) => plainHttpAllowed(url))).toEqual([]);
});

test.each(limitNames)('limit %s has a default in its range, and a reason', (name) => {
  const limit = limitTable[name];
  expect(limit.value).toBeGreaterThanOrEqual(limit.min);
  expect(limit.value).toBeLessThanOrEqual(limit.max);
  expect(limit.why.length).toBeGreaterThan(20);
  expect(load(`limits: {${name}: ${limit.max}}`).limits[name]).toBe(limit.max);
});
