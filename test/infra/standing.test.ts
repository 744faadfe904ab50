// What a change of settings does to a box that stands: refused, said, or of no consequence.

import { parseSettings } from '../../config/check';
import { formatProblem } from '../../config/problems';
import { parseState } from '../../infra/preflight/lastState';
import { explainRefusal } from '../../infra/preflight/refusals';
import { settingsDiff, summarize } from '../../infra/preflight/settingsSummary';
import { standingChecks } from '../../infra/preflight/standing';

const standing = (resources: object[]) => parseState(JSON.stringify({ deployment: { resources } }));
const state = standing([
  {
    urn: 'urn:pulumi:dev::ovth::hcloud:index/server:Server::ovth-server',
    type: 'hcloud:index/server:Server',
    inputs: { serverType: 'cx23', location: 'nbg1', image: 'debian-13' },
    replacementTrigger: 1,
  },
  {
    urn: 'urn:pulumi:dev::ovth::hcloud:index/volume:Volume::ovth-data',
    type: 'hcloud:index/volume:Volume',
    inputs: { size: 20, location: 'nbg1' },
  },
]);
const check = (text: string) => {
  const { problems, warnings } = standingChecks(parseSettings(text), state);
  return [...problems.map(formatProblem), ...warnings];
};

describe('a box that stands', () => {
  test.each([
    ['the same settings', 'data: {size_gb: 20}'],
    ['a larger volume', 'data: {size_gb: 30}'],
  ])('%s: nothing to say', (_name, text) => expect(check(text)).toEqual([]));

  test.each([
    ['a smaller volume', 'data: {size_gb: 10}', /^ovth:data.size_gb: cannot go from 20 to 10: .* Set it back to 20/],
    [
      'another location',
      '{data: {size_gb: 20}, server: {location: fsn1}}',
      /^ovth:server.location: cannot go from nbg1 to fsn1 with the data: .*ovth:data.allow_replace to true/,
    ],
    [
      'another location, the data given up',
      '{data: {size_gb: 20, allow_replace: true}, server: {location: fsn1}}',
      /^ovth:server.location: the server, the volume with all data and both addresses are replaced/,
    ],
    [
      'another generation',
      '{data: {size_gb: 20}, server: {generation: 2}}',
      /^ovth:server.generation: the server is built anew; the gateway does not answer meanwhile, about \d+ s .*Hetzner charges the price of new orders/,
    ],
    [
      'another image',
      '{data: {size_gb: 20}, server: {image: debian-14}}',
      /^ovth:server.image: the server is built anew/,
    ],
    [
      'another type',
      '{data: {size_gb: 20}, server: {type: cx33}}',
      /^ovth:server.type: Hetzner stops the server, changes it from cx23 to cx33/,
    ],
  ])('%s: one sentence', (_name, text, sentence) => {
    const said = check(text);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(sentence);
  });

  test('a volume that Hetzner protects is not replaced half way', () => {
    const inputs = { size: 10, location: 'nbg1', deleteProtection: true };
    const kept = standing([{ urn: 'urn:x::ovth-data', type: 'hcloud:index/volume:Volume', inputs }]);
    const { problems } = standingChecks(parseSettings('{data: {allow_replace: true}, server: {location: fsn1}}'), kept);
    expect(problems.map(formatProblem)).toEqual([
      expect.stringMatching(/^ovth:data.protect: keeps the volume in nbg1 from being replaced: set it to false/),
    ]);
  });

  test('nothing stands before the first update', () => {
    expect(standingChecks(parseSettings('data: {size_gb: 10}'), standing([]))).toEqual({ problems: [], warnings: [] });
  });
});

describe('the settings as a preview shows them', () => {
  const text = (provider: string) => `
routes: {auto: {providers: [${provider}]}}
quota: {daily_tokens: 500000}
keys: {cursor: {user: me}, plain: {}, own: {sha256: ${'a'.repeat(64)}}}
credentials: {page: {scopes: [read], sha256: ${'b'.repeat(64)}}}
providers: {openai: {accounts: {default: {headers: {x-team: canary-in-a-header}}}}}
`;
  const summary = (provider: string, secretKeys: string[] = []) =>
    summarize({ settings: parseSettings(text(provider)), keyed: ['openai', 'google'], secretKeys });
  const served = (settings: object) =>
    standing([{ urn: 'urn:x::ovth-serving', type: 'ovth:index:Serving', inputs: { settings } }]);

  test('names routes, limits, key labels and providers, one line for each that differs', () => {
    expect(settingsDiff(summary('google'), served(summary('openai')))).toEqual([
      '~ routes.auto.providers: [ openai ] => [ google ]',
    ]);
    const before = { ...summary('openai'), 'keys.old.user': 'me' };
    const { 'quota.daily_tokens': _gone, ...less } = before as Record<string, string>;
    expect(settingsDiff(summary('openai'), served(less))).toEqual([
      '- keys.old.user: me',
      '+ quota.daily_tokens: 500000',
    ]);
    expect(summary('openai')).toMatchObject({ provider_keys: '[google, openai]', 'keys.cursor.user': 'me' });
    expect(Object.keys(summary('openai')).filter((name) => name.startsWith('keys.plain'))).not.toEqual([]);
  });

  test('holds no hash, no value of a header, and nothing that the stack keeps as a secret', () => {
    expect(JSON.stringify(summary('openai'))).not.toMatch(/canary|aaaa|bbbb/);
    expect(summary('openai', ['ovth:quota'])).toMatchObject({ quota: '[secret]' });
    expect(Object.keys(summary('openai', ['ovth:quota']))).not.toContain('quota.daily_tokens');
  });

  test('is silent where nothing differs or nothing was kept', () => {
    expect(settingsDiff(summary('openai'), served(summary('openai')))).toEqual([]);
    expect(settingsDiff(summary('openai'), standing([]))).toEqual([]);
  });
});

describe('what Hetzner refuses', () => {
  const settings = parseSettings('routes: {}');
  const explain = (words: string, type = 'hcloud:index/server:Server') =>
    explainRefusal({ type, operation: 'create', words }, settings);

  test.each([
    ['error during placement (resource_unavailable, 1f)', /^ovth:server.type: Hetzner has no cx23 to give in nbg1/],
    ['server limit reached (resource_limit_exceeded, 1f)', /^HCLOUD_TOKEN: .* may have no further server: .*Limits/],
    ['down (maintenance, 1f)', /^HCLOUD_ENDPOINT: .*status.hetzner.com/],
    ['limit reached (rate_limit_exceeded, 1f)', /^HCLOUD_TOKEN: .*3,600 an hour/],
    ['Post "http://x/servers": EOF', /^HCLOUD_ENDPOINT: the answer to "create server" was lost .*npm run recover/],
    ['primary IP is assigned (primary_ip_assigned, 1f)', /npm run recover/],
    ['not allowed (forbidden, 1f)', /^HCLOUD_TOKEN: this API token may only read/],
  ])('%s', (words, sentence) => expect(explain(words)).toMatch(sentence));

  test('a volume finds no room, and unknown words are left alone', () => {
    expect(explain('full (no_space_left_in_location, 1f)', 'hcloud:index/volume:Volume')).toMatch(
      /^ovth:server.location: Hetzner has no room for a volume in nbg1/,
    );
    expect(explain('something else')).toBeUndefined();
  });
});
