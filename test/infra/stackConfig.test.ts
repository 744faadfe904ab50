// What an operator may get wrong, each answered by one sentence that names the setting and the remedy.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { loadConfig } from '../../config/load';
import { ConfigError, formatProblem } from '../../config/problems';
import { stackSchema } from '../../config/schema';
import { unserved } from '../../config/served';
import { gatewayConfig, keyVariable, secretVariables } from '../../infra/render/gatewayConfig';
import { checkServerType, type ServerType } from '../../infra/preflight/serverType';
import { readStack, type StackInput } from '../../infra/stackConfig';

const token = 'a'.repeat(64);
const good = {
  'ovth:ssh': '{"admin_cidrs":["203.0.113.7/32"]}',
  'ovth:provider_keys': '{"openai":"sk-test-0123456789"}',
};

function input(config: Record<string, string>, more: Partial<StackInput> = {}): StackInput {
  return { name: 'dev', config, secretKeys: ['ovth:provider_keys'], environment: { HCLOUD_TOKEN: token }, ...more };
}

function problems(config: Record<string, string>, more: Partial<StackInput> = {}): string[] {
  try {
    readStack(input(config, more));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    throw error;
  }
}

test('a good stack gives settings with every default', () => {
  const { settings, providerKeys } = readStack(input({ ...good, 'ovth:domain': 'gateway.example.com' }));
  expect(settings.server).toEqual({
    ...{ type: 'cx23', location: 'nbg1', image: 'debian-13', generation: 1 },
    reboot_window: 'Sun 04:00',
  });
  expect(settings.domain).toBe('gateway.example.com');
  expect(settings.data.protect).toBe(false);
  expect(providerKeys).toEqual({ openai: 'sk-test-0123456789' });
  expect(settings).not.toHaveProperty('provider_keys');
});

test('a cx11 means its successor', () => {
  expect(readStack(input({ ...good, 'ovth:server': '{"type":"cx11"}' })).settings.server.type).toBe('cx23');
});

test('a key of a named account reaches the variable its account reads; an old name is a warning', () => {
  const config = {
    ...good,
    'ovth:provider_keys': '{"openai":{"team":"sk-test-0123456789"}}',
    'ovth:limits': '{"vault_bytes":1024}',
  };
  const { settings, providerKeys, warnings } = readStack(input(config));
  const variables = secretVariables(settings, 'm'.repeat(48), providerKeys);
  const rendered = loadConfig(gatewayConfig(settings, {}), variables);
  const [account] = rendered.providers.get('openai')!.accounts;
  expect([account.name, account.key?.reveal()]).toEqual(['team', 'sk-test-0123456789']);
  expect(rendered.limits.reasoning_cache_bytes).toBe(1_024);
  expect(warnings).toEqual(['limits.vault_bytes is now limits.reasoning_cache_bytes']);
  expect(rendered.warnings).toEqual([]);
});

test.each<[string, Record<string, string>, RegExp, Partial<StackInput>?]>([
  ['no token', good, /^HCLOUD_TOKEN: is not set: make an API token/, { environment: {} }],
  [
    'a short token',
    good,
    /^HCLOUD_TOKEN: must be the 64 characters .*found 3/,
    { environment: { HCLOUD_TOKEN: 'abc' } },
  ],
  ['a short token in the stack', { ...good, 'hcloud:token': 'abc' }, /^hcloud:token: must be the 64 characters/],
  [
    'a dead agent',
    good,
    /^SSH_AUTH_SOCK: names \/nowhere.*unset/,
    { environment: { HCLOUD_TOKEN: token, SSH_AUTH_SOCK: '/nowhere' } },
  ],
  [
    'a stack without settings',
    {},
    /the stack dev has no ovth:\* settings yet: copy config\/stack.example.yaml to Pulumi.dev.yaml/,
  ],
  ['no addresses for SSH', { ...good, 'ovth:ssh': '{}' }, /^ovth:ssh.admin_cidrs: is missing: name the addresses/],
  [
    'SSH open to the world',
    { ...good, 'ovth:ssh': '{"admin_cidrs":["0.0.0.0/0"]}' },
    /^ovth:ssh.admin_cidrs\[0\]: 0.0.0.0\/0 opens port 22 to the world.*allow_public/,
  ],
  [
    'SSH open to half the world',
    { ...good, 'ovth:ssh': '{"admin_cidrs":["203.0.113.7/32","::/1"]}' },
    /^ovth:ssh.admin_cidrs\[1\]: ::\/1 opens/,
  ],
  [
    'an address that is none',
    { ...good, 'ovth:ssh': '{"admin_cidrs":["203.0.113.7"]}' },
    /^ovth:ssh.admin_cidrs\[0\]: must be an address range/,
  ],
  [
    'a domain that is none',
    { ...good, 'ovth:domain': 'https://gw' },
    /^ovth:domain: must be a host name such as gateway.example.com; found "https:\/\/gw"/,
  ],
  ['a setting that is none', { ...good, 'ovth:route': '{}' }, /^ovth:route: is not a setting. Did you mean "routes"\?/],
  [
    'a route to a provider without a key',
    { ...good, 'ovth:routes': '{"a":{"providers":["openai","google"]}}' },
    /^ovth:routes.a.providers\[1\]: needs google, which has no key; set one with: pulumi config set --secret --path 'ovth:provider_keys.google'/,
  ],
  [
    'a model of a provider without a key',
    { ...good, 'ovth:routes': '{"a":{"models":["claude-opus-4.7"]}}' },
    /^ovth:routes.a.models\[0\]: needs anthropic, which has no key/,
  ],
  ['no key at all', { ...good, 'ovth:provider_keys': '{}' }, /^ovth:provider_keys: holds no key/],
  [
    'a key of no provider',
    { ...good, 'ovth:provider_keys': '{"openia":"sk-0123456789"}' },
    /^ovth:provider_keys.openia: is the key of no provider. Did you mean "openai"\?/,
  ],
  ['readable keys', good, /^ovth:provider_keys: stands readable in the stack's file; .*--secret/, { secretKeys: [] }],
  [
    'a key with a blank',
    { ...good, 'ovth:provider_keys': '{"openai":"sk-a b"}' },
    /OPENAI_API_KEY: holds blanks.*not shown/,
  ],
  [
    'an ACME directory Caddy could not read',
    { ...good, 'ovth:acme': '{"directory":"https://ca.example/{env.HOME}"}' },
    /^ovth:acme.directory: must be an https/,
  ],
])('%s is refused in one sentence', (_what, config, sentence, more: Partial<StackInput> = {}) => {
  const found = problems(config, more);
  expect(found[0]).toMatch(sentence);
  expect(found.length).toBeLessThanOrEqual(2);
  expect(found.join()).not.toContain('sk-');
});

test('all that is wrong is said at once', () => {
  expect(problems({ ...good, 'ovth:ssh': '{}', 'ovth:provider_keys': '{}' }, { environment: {} })).toHaveLength(3);
});

test('SSH may be open to the world when that is said', () => {
  expect(problems({ ...good, 'ovth:ssh': '{"admin_cidrs":["0.0.0.0/0"],"allow_public":true}' })).toEqual([]);
});

test('a provider of one’s own gets a variable for its key', () => {
  const providers = '{"my-host":{"base_url":"https://llm.example/v1","wire":"openai"}}';
  const { settings } = readStack(
    input({ ...good, 'ovth:providers': providers, 'ovth:provider_keys': '{"my-host":"k-0123456789"}' }),
  );
  expect(settings.providers['my-host']?.api_key_env).toBe('MY_HOST_API_KEY');
  expect(keyVariable('openai', settings)).toBe('OPENAI_API_KEY');
});

describe('the example stack', () => {
  const text = readFileSync('config/stack.example.yaml', 'utf8');

  test.each(['config/stack.example.yaml', 'Pulumi.dev.yaml'])('%s is valid, once it has keys', (path) => {
    const example = (parse(readFileSync(path, 'utf8')) as { config: Record<string, unknown> }).config;
    const config = Object.fromEntries(Object.entries(example).map(([key, value]) => [key, JSON.stringify(value)]));
    const keys = JSON.stringify({ anthropic: 'sk-ant-0123456789', openai: 'sk-0123456789', google: 'AIza0123456789' });
    expect(problems({ ...config, 'ovth:provider_keys': keys })).toEqual([]);
  });

  test('shows every setting that is served, but not the single limits', () => {
    interface Node {
      properties?: Record<string, Node>;
      additionalProperties?: Node | boolean;
    }
    const later = new Set(unserved.filter((row) => row.message === undefined).map((row) => row.path));
    const names = (node: Node, path = ''): string[] => [
      ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
        if (later.has(path + name)) return [];
        const inner = names(child, `${path}${name}.`);
        if (name === 'limits') return [name];
        return child.properties !== undefined && inner.length === 0 ? [] : [name, ...inner];
      }),
      ...(typeof node.additionalProperties === 'object' ? names(node.additionalProperties, `${path}*.`) : []),
    ];
    const all = names(z.toJSONSchema(stackSchema, { io: 'input', unrepresentable: 'any' }) as Node);
    expect(all.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});

describe('the server type', () => {
  const at = (name: string, isDeprecated = false, available = true) => ({ name, isDeprecated, available });
  const types: ServerType[] = [
    { name: 'cx22', memory: 4, locations: [at('nbg1', true), at('fsn1', true)] },
    { name: 'cx23', memory: 4, locations: [at('nbg1'), at('fsn1', false, false)] },
    { name: 'cpx12', memory: 2, locations: [at('nbg1'), at('ash')] },
  ];

  test.each([
    ['on sale', 'cx23', 'nbg1', [], []],
    ['sold out, which is only a warning', 'cx23', 'fsn1', [], [/sold out in fsn1/]],
    ['unknown', 'cx99', 'nbg1', [/^ovth:server.type: "cx99" is no server type .*sold in nbg1: cpx12, cx23/], []],
    ['retired', 'cx22', 'nbg1', [/^ovth:server.type: cx22 is being retired .*cpx12, cx23/], []],
    [
      'not sold there',
      'cx23',
      'ash',
      [/^ovth:server.location: cx23 is not sold in ash, only in nbg1, fsn1; .*cpx12/],
      [],
    ],
    [
      'in no location',
      'cx23',
      'mars',
      [/^ovth:server.location: "mars" is no location of Hetzner; there are: ash, fsn1, nbg1/],
      [],
    ],
  ])('%s', (_what, type, location, errors, warnings) => {
    const found = checkServerType({ type, location }, types);
    expect(found.problems.map(formatProblem)).toEqual(errors.map((error) => expect.stringMatching(error)));
    expect(found.warnings).toEqual(warnings.map((warning) => expect.stringMatching(warning)));
  });

  test('that stands already may stay when it is retired', () => {
    const standing = { type: 'cx22', location: 'nbg1' };
    const found = checkServerType(standing, types, standing);
    expect(found.problems).toEqual([]);
    expect(found.warnings).toHaveLength(1);
  });
});
