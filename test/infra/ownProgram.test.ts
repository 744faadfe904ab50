// The component in a program of another's own: several gateways, Outputs among the settings, what Hetzner is asked, and
// what is refused.

import * as pulumi from '@pulumi/pulumi';
import { parse } from 'yaml';
import type { GatewayArgs } from '../../infra/package';
import { checkKnown, declaredSettings } from '../../infra/gatewaySettings';
import { inProgram } from '../../infra/preflight/carrier';
import { askHetzner } from '../../infra/preflight/hetznerChecks';
import type * as component from '../../infra/components/gateway';

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

const resources: Registered[] = [];
const asked: { readonly token: string; readonly selector: unknown }[] = [];

jest.mock('../../infra/preflight/sshReachable', () => ({ reachServer: async () => undefined }));
const { Gateway } = jest.requireActual<typeof component>('../../infra/components/gateway');

const sold = { name: 'cx23', memory: 4, locations: [{ name: 'nbg1', available: true, isDeprecated: false }] };
const bundle = {
  hash: '0123456789abcdef',
  path: __filename,
  sha256: 'f'.repeat(64),
  dockerfile: 'FROM x AS runtime\n',
};
const ssh = { admin_cidrs: ['203.0.113.7/32'] };
const routes = { auto: { providers: ['openai'] } };

beforeAll(() =>
  pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        resources.push({ type, name, inputs });
        const made: Record<string, unknown> = { ...inputs, result: name.padEnd(64, 'x'), ipAddress: '203.0.113.9' };
        return { id: type.startsWith('hcloud:') ? `${resources.length}` : 'none', state: made };
      },
      call: ({ token, inputs }) => {
        asked.push({ token: token.split(':').pop() ?? '', selector: inputs['withSelector'] });
        return token.endsWith(':getServerTypes') ? { serverTypes: [sold] } : { servers: [] };
      },
    },
    'shop',
    'prod',
  ),
);
beforeEach(() => void resources.splice(0));

const make = (name: string, args: Partial<GatewayArgs> = {}) =>
  new Gateway(name, { settings: { ssh, routes }, providerKeys: { openai: 'sk-test-0123456789' }, bundle, ...args });
/** The value, or the failure: an `apply` of a failed Output would end the process. */
const valueOf = <T>(output: pulumi.Output<T>) => (output as unknown as { promise(): Promise<T> }).promise();
const plain = (value: any): any => value?.value ?? value; // eslint-disable-line @typescript-eslint/no-explicit-any
const find = (name: string) => resources.find((each) => each.name === name && !each.type.startsWith('ovth:'))!;
const configOf = (name: string) => {
  const state = JSON.parse(plain(find(`${name}-apply`).inputs['stdin']) as string) as {
    files: { release: Record<string, string> };
  };
  return {
    config: parse(state.files.release['config/config.yaml']!) as Record<string, any>, // eslint-disable-line @typescript-eslint/no-explicit-any
    secrets: state.files.release['config/secrets.env'],
  };
};

test('two gateways in one program share neither a name nor a label, and each is asked for at Hetzner', async () => {
  await Promise.all(['llm', 'spare'].map((name) => valueOf(make(name).url)));
  const names = resources.filter(({ type }) => !type.startsWith('ovth:')).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^(llm|spare)-/.test(name))).toEqual([]);
  expect(find('llm-server').inputs['labels']).toEqual({ 'managed-by': 'ovth', stack: 'shop-prod-llm' });
  expect(find('spare-data').inputs['labels']).toEqual({ 'managed-by': 'ovth', stack: 'shop-prod-spare' });
  expect(asked.filter(({ token }) => token === 'getServers').map(({ selector }) => selector)).toEqual([
    'stack=shop-prod-llm',
    'stack=shop-prod-spare',
  ]);
});

test('what the gateway reads may be an Output, and hold some; keys are secret without being marked so', async () => {
  const gateway = make('llm', {
    settings: {
      ssh,
      routes: pulumi.output({ auto: { providers: ['own'] } }),
      quota: { daily_tokens: pulumi.output(1_000) },
      keys: { site: { user: pulumi.output('shop') }, given: { sha256: pulumi.output('a'.repeat(64)) } },
      providers: { own: { wire: 'openai', base_url: pulumi.interpolate`http://${pulumi.output('10.0.0.2')}:8000/v1` } },
    },
    providerKeys: { own: pulumi.output('key-of-the-own-host') },
  });
  await valueOf(gateway.url);
  const { config, secrets } = configOf('llm');
  expect(config['routes'].auto.providers).toEqual(['own']);
  expect(config['providers'].own.base_url).toBe('http://10.0.0.2:8000/v1');
  expect(config['keys']).toMatchObject({ site: { user: 'shop' }, given: { sha256: 'a'.repeat(64) } });
  expect(secrets).toContain("OWN_API_KEY='key-of-the-own-host'");
  expect(Object.keys(await valueOf(gateway.appKeys))).toEqual(['site']);
  const readable = JSON.stringify(
    resources.map(({ inputs }) => inputs),
    (_key, value: unknown) =>
      typeof value === 'object' && value !== null && '4dabf18193072939515e22adb298388d' in value ? '[secret]' : value,
  );
  expect(readable).not.toContain('key-of-the-own-host');
});

test.each([
  ['no range', { routes }, /^settings\.ssh\.admin_cidrs: is missing: .*settings: \{ ssh: \{ admin_cidrs/],
  [
    'an Output where resources depend on it',
    { ssh, routes, server: { type: pulumi.output('cx23') as unknown as string } },
    /^settings\.server\.type: must be known when the program runs/,
  ],
  ['a misspelt setting', { ssh, routes, server: { typ: 'cx23' } }, /^settings\.server\.typ: /],
])('%s is refused when the component is made', (_what, settings, said) => {
  const construct = () => make('llm', { settings: settings as GatewayArgs['settings'] });
  expect(construct).toThrow(said);
  expect(construct).toThrow(pulumi.RunError);
  expect(resources.filter(({ type }) => type.startsWith('hcloud:'))).toEqual([]);
});

test.each([
  [
    'a route to nobody',
    { ssh, routes: { auto: { providers: ['nobody'] } } },
    /^settings\.routes\.auto\.providers\[0\]: "nobody"/,
  ],
  [
    'a route whose provider has no key',
    { ssh, routes: { auto: { providers: ['google'] } } },
    /^settings\.routes\.auto\.providers\[0\]: needs google, which has no key; set one with: providerKeys: \{ "google": /,
  ],
])('%s is refused once it is known, before the box is told anything', (_what, settings, said) => {
  const provider_keys = { openai: 'sk-test-0123456789' };
  expect(() => checkKnown({ ...settings, provider_keys })).toThrow(said);
});

test('a server type that Hetzner does not sell is refused before anything is made there', async () => {
  const settings = declaredSettings({ ssh, server: { type: 'cx99' } });
  const owner = { gateway: 'llm', stackLabel: 'shop-prod-llm', carrier: inProgram };
  await expect(askHetzner(settings, owner)).rejects.toThrow(
    /^settings\.server\.type: "cx99" is no server type of Hetzner/,
  );
});
