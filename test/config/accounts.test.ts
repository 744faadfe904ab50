// Providers and their accounts: which are present, with which key, share and headers.

import { accountsOf, stackKeys } from '../../config/accounts';
import { checkSettings } from '../../config/check';
import { credentialHeaders } from '../../config/providerSettings';
import { stackSchema } from '../../config/schema';
import { load, problems, settingsOf, stackProblems } from './support';

test('a provider without accounts has one named default', () => {
  const [account, ...others] = load('routes: {}').providers.get('openai')!.accounts;
  expect(others).toEqual([]);
  expect(account).toMatchObject({ name: 'default', weight: 1, headers: {} });
  expect(account.key?.reveal()).toBe('sk-x');
});

test('an account has a key, a share and headers of its own', () => {
  const text =
    'providers: {openai: {accounts: {team: {api_key_env: TEAM_KEY, weight: 2.5, headers: {OpenAI-Organization: org-1}}}}}';
  const config = load(text, { TEAM_KEY: ' sk-team ', OPENAI_API_KEY: 'sk-x' });
  const [account] = config.providers.get('openai')!.accounts;
  expect(account).toMatchObject({ name: 'team', weight: 2.5, headers: { 'openai-organization': 'org-1' } });
  expect(account.key?.reveal()).toBe('sk-team');
  expect(load(text, { OPENAI_API_KEY: 'sk-x', GOOGLE_API_KEY: 'AIza' }).absent.get('openai')).toBe('TEAM_KEY');
});

test('an account without api_key_env takes the provider’s', () => {
  const settings = settingsOf({
    providers: {
      openai: { accounts: { team: {} } },
      mine: { base_url: 'https://x.example', wire: 'openai', api_key_env: 'MINE', accounts: { a: {} } },
      free: { base_url: 'https://y.example', wire: 'openai', accounts: { a: { headers: { 'x-team': 'r' } } } },
    },
  });
  expect(['openai', 'mine', 'free'].map((name) => accountsOf(name, settings)[0]?.variable)).toEqual([
    'OPENAI_API_KEY',
    'MINE',
    undefined,
  ]);
});

test('another key changes the digest', () => {
  const digest = (key: string) => load('routes: {}', { OPENAI_API_KEY: key }).digest;
  expect(digest('sk-a')).toBe(digest('sk-a'));
  expect(digest('sk-a')).not.toBe(digest('sk-b'));
});

describe('headers of an account', () => {
  const headers = (name: string, value = 'x') =>
    problems(`providers: {openai: {accounts: {a: {headers: {"${name}": ${JSON.stringify(value)}}}}}}`);

  test.each(credentialHeaders.flatMap((name) => [name, name.toUpperCase()]))('%s would carry a credential', (name) => {
    expect(headers(name)).toEqual([
      expect.stringMatching(
        new RegExp(`^providers\\.openai\\.accounts\\.a\\.headers\\.${name}: .*credential.*api_key_env`),
      ),
    ]);
  });

  test.each(['Host', 'content-length', 'Transfer-Encoding'])('%s is the gateway’s', (name) => {
    expect(headers(name)).toEqual([expect.stringContaining('the gateway sets this header itself')]);
  });

  test.each([
    ['x-a b', 'x'],
    ['x-a', 'a\r\nx-b: 1'],
    ['x-a', ''],
    ['x-a', 'ü'],
  ])('%j: %j is none', (name, value) => expect(headers(name, value)).toHaveLength(1));
});

describe('the stack’s provider_keys', () => {
  const stack = (value: object) => stackKeys(checkSettings(value, stackSchema));

  test('a key, or a mapping of one account', () => {
    const { keys, settings } = stack({ provider_keys: { openai: 'sk-a', anthropic: { team: 'sk-b' } } });
    expect(keys).toEqual({ openai: 'sk-a', anthropic: 'sk-b' });
    expect(accountsOf('openai', settings).map(({ name }) => name)).toEqual(['default']);
    expect(accountsOf('anthropic', settings)).toEqual([
      { name: 'team', variable: 'ANTHROPIC_API_KEY', weight: 1, headers: {} },
    ]);
    expect(settings).not.toHaveProperty('provider_keys');
  });

  test('what the settings say of an account stays', () => {
    const providers = { openai: { accounts: { team: { weight: 3 } } } };
    const { settings } = stack({ providers, provider_keys: { openai: { team: 'sk-a' } } });
    expect(accountsOf('openai', settings)).toMatchObject([{ name: 'team', weight: 3 }]);
  });

  test('what is wrong with them is said without the key', () => {
    const accounts = { openai: { accounts: { team: {} } } };
    expect(stackProblems({ providers: accounts, provider_keys: { openai: { taem: 'sk-secret' } } })).toEqual([
      'provider_keys.openai.taem: is the key of no account. Did you mean "team"? providers.openai.accounts has team.',
    ]);
    expect(stackProblems({ provider_keys: { openai: {} } })).toEqual([
      expect.stringMatching(/^provider_keys\.openai: holds no key/),
    ]);
    for (const bad of [5, ['sk-secret'], { a: { b: 'sk-secret' } }, { 'a b': 'sk-secret' }, 1234567890]) {
      const [problem, ...others] = stackProblems({ provider_keys: { openai: bad } });
      expect(others).toEqual([]);
      expect(problem).toMatch(
        /^provider_keys\.openai: must be the provider’s key, or a mapping of account names to keys/,
      );
      expect(problem).not.toMatch(/sk-secret|1234567890/);
    }
  });
});
