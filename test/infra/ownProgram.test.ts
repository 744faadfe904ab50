// The component in a program of another's own: several gateways, Outputs among the settings, what Hetzner is asked, and
// what is refused.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { parse } from 'yaml';
import { parseSettings } from '../../config/check';
import type { GatewayArgs } from '../../infra/package';
import { checkKnown, declaredSettings } from '../../infra/gatewaySettings';
import { inProgram } from '../../infra/preflight/carrier';
import { askHetzner } from '../../infra/preflight/hetznerChecks';
import type * as component from '../../infra/components/gateway';
import { type LastState, ofGateway } from '../../infra/preflight/lastState';
import { gatewayRelease } from '../../infra/render/compose';
import { commandInput } from '../../infra/scripts';

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

const resources: Registered[] = [];
const asked: { readonly token: string; readonly selector: unknown }[] = [];

jest.mock('../../infra/preflight/sshReachable', () => ({ reachServer: async () => undefined }));
// The box answers as it should, and there is no engine to ask for a state.
jest.mock('../../infra/preflight/readiness', () => ({
  askReadiness: async () => ({ release: gatewayRelease(bundle.hash, parseSettings('{}').images.node).id }),
}));
jest.mock('../../infra/preflight/stateBefore', () => ({
  stateBefore: async (_stack: string, gateway: string) => ofGateway(before, gateway),
}));
const { Gateway } = jest.requireActual<typeof component>('../../infra/components/gateway');

const sold = { name: 'cx23', memory: 4, locations: [{ name: 'nbg1', available: true, isDeprecated: false }] };
const bundle = {
  hash: '0123456789abcdef',
  path: __filename,
  sha256: 'f'.repeat(64),
  dockerfile: 'FROM x AS runtime\n',
};
const ssh = { admin_cidrs: ['203.0.113.7/32'] };
/** Resolves when Hetzner answers. */
let answering = async (): Promise<void> => undefined;
/** What exists at Hetzner, and what the state knows of it. */
let present: Record<string, unknown[]> = {};
let before: LastState = { resources: [], pending: [] };
const routes = { auto: { providers: ['openai'] } };

beforeAll(() =>
  pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        resources.push({ type, name, inputs });
        const made: Record<string, unknown> = { ...inputs, result: name.padEnd(64, 'x'), ipAddress: '203.0.113.9' };
        if (name.endsWith('-ledger')) made['stdout'] = `${'e'.repeat(32)}\n`;
        return { id: type.startsWith('hcloud:') ? `${resources.length}` : 'none', state: made };
      },
      call: async ({ token, inputs }) => {
        asked.push({ token: token.split(':').pop() ?? '', selector: inputs['withSelector'] });
        await answering();
        if (token.endsWith(':getServerTypes')) return { serverTypes: [sold] };
        return { servers: [], sshKeys: [], firewalls: [], volumes: [], primaryIps: [], zones: [], ...present };
      },
    },
    'shop',
    'prod',
  ),
);
beforeEach(() => {
  resources.splice(0);
  asked.splice(0);
  answering = async () => undefined;
  present = {};
  before = { resources: [], pending: [] };
});

const argsOf = (args: Partial<GatewayArgs> = {}): GatewayArgs => ({
  ...{ settings: { ssh, routes }, providerKeys: { openai: 'sk-test-0123456789' }, bundle },
  ...args,
});
const make = (name: string, args: Partial<GatewayArgs> = {}) => new Gateway(name, argsOf(args));
/** The value, or the failure: an `apply` of a failed Output would end the process. */
const valueOf = <T>(output: pulumi.Output<T>) => (output as unknown as { promise(): Promise<T> }).promise();
const secretMark = '4dabf18193072939515e22adb298388d';
const isSecret = (value: unknown) => typeof value === 'object' && value !== null && secretMark in value;
const plain = (value: any): any => value?.value ?? value; // eslint-disable-line @typescript-eslint/no-explicit-any
/** What a script reads is the launcher, then its JSON. */
const stdinOf = (name: string) => (plain(find(name).inputs['stdin']) as string).slice(commandInput('').length);
const find = (name: string) => resources.find((each) => each.name === name && !each.type.startsWith('ovth:'))!;
const configOf = (name: string) => {
  const state = JSON.parse(stdinOf(`${name}-apply`)) as {
    files: { release: Record<string, string> };
  };
  return {
    config: parse(state.files.release['config/config.yaml']!) as Record<string, any>, // eslint-disable-line @typescript-eslint/no-explicit-any
    secrets: state.files.release['config/secrets.env'],
  };
};

test('two gateways in one program share neither a name nor a label, and each is asked for at Hetzner', async () => {
  await Promise.all(['llm', 'spare'].map((name) => valueOf(make(name).url)));
  const stackId = expect.stringMatching(/^[0-9a-f]{10}$/) as string;
  const names = resources.filter(({ type }) => !type.startsWith('ovth:')).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^(llm|spare)-/.test(name))).toEqual([]);
  expect(find('llm-firewall').inputs['labels']).toEqual({
    'managed-by': 'ovth',
    stack: 'shop-prod-llm',
    'stack-id': stackId,
  });
  expect(find('spare-data').inputs['labels']).toEqual({
    'managed-by': 'ovth',
    stack: 'shop-prod-spare',
    'stack-id': stackId,
  });
  const selectors = asked.filter(({ token }) => token === 'getServers').map(({ selector }) => selector);
  expect(new Set(selectors)).toEqual(new Set([undefined, 'stack=shop-prod-llm', 'stack=shop-prod-spare']));
});

test('what removes the rest after the end, and the provider, have the same token', async () => {
  const hetzner = new hcloud.Provider('hetzner', { token: 't'.repeat(64) });
  await valueOf(new Gateway('llm', argsOf(), { provider: hetzner }).url);
  const { environment } = find('llm-sweep').inputs;
  expect(isSecret(environment)).toBe(true);
  expect(plain(environment).HCLOUD_TOKEN).toBe('t'.repeat(64));
  expect(plain(environment).OVTH_REMOVE).toMatch(
    /"selector":"managed-by=ovth,stack=shop-prod-llm,stack-id=[0-9a-f]{10}"/,
  );
  resources.splice(0);
  await valueOf(make('spare').url);
  expect(Object.keys(find('spare-sweep').inputs['environment'] as object)).toEqual(['OVTH_REMOVE']);
});

test('the bucket’s keys may be Outputs, and are secret without being marked so', async () => {
  const backup = { endpoint: 'https://s3.example.com', bucket: 'ledgers' };
  const backupKeys = { access_key_id: pulumi.output('AKIDEXAMPLE'), secret_access_key: pulumi.output('s3cret-01234') };
  await valueOf(make('llm', { settings: { ssh, routes, backup }, backupKeys }).url);
  expect(isSecret(find('llm-apply').inputs['stdin'])).toBe(true);
  const { files } = JSON.parse(stdinOf('llm-apply')) as { files: { backup: Record<string, string> } };
  expect(files.backup['config/litestream.yml']).toContain('"secret-access-key": "s3cret-01234"');
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
    (_key, value: unknown) => (isSecret(value) ? '[secret]' : value),
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
  [
    'an Output that decides about a key',
    { ssh, routes, keys: { site: { generation: pulumi.output(2) as unknown as number } } },
    /^settings\.keys\.site\.generation: must be known when the program runs/,
  ],
  [
    'another key of its own',
    { ssh: { ...ssh, generation: 2 }, routes },
    /^settings\.ssh\.generation: must be 1 in a program/,
  ],
  [
    'a zone without the domain',
    { ssh, routes, domain: 'llm.example.org', dns: { zone: 'example.com' } },
    /^settings\.dns\.zone: example\.com does not hold llm\.example\.org \(settings\.domain\): .*remove settings\.dns /,
  ],
  [
    'a backup without its keys',
    { ssh, routes, backup: { endpoint: 'https://s3.example.com', bucket: 'ledgers' } },
    /^backupKeys: is missing: .*backupKeys: \{ access_key_id: config\.requireSecret/,
  ],
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

test('Hetzner is asked for everything at once', async () => {
  let answer = (): void => undefined;
  const all = new Promise<void>((resolve) => (answer = resolve));
  const lists = ['ServerTypes', 'Servers', 'SshKeys', 'Firewalls', 'Volumes', 'PrimaryIps', 'Zones'];
  // It answers nothing before it has been asked for the last of them.
  answering = () => {
    if (asked.length === lists.length) answer();
    return all;
  };
  const domain = { domain: 'gw.example.com', dns: { zone: 'example.com' } };
  present = { zones: [{ name: 'example.com' }] };
  const owner = { gateway: 'llm', stackLabel: 'shop-prod-llm', carrier: inProgram };
  await askHetzner(declaredSettings({ ssh, ...domain }), owner, Promise.resolve(undefined));
  expect(asked.map(({ token }) => token).sort()).toEqual(lists.map((name) => `get${name}`).sort());
});

test('a server type that Hetzner does not sell is refused before anything is made there', async () => {
  const settings = declaredSettings({ ssh, server: { type: 'cx99' } });
  const owner = { gateway: 'llm', stackLabel: 'shop-prod-llm', carrier: inProgram };
  await expect(askHetzner(settings, owner, Promise.resolve(undefined))).rejects.toThrow(
    /^settings\.server\.type: "cx99" is no server type of Hetzner/,
  );
});

describe('what was made before', () => {
  const settings = declaredSettings({ ssh, data: { size_gb: 10 } });
  const owner = { gateway: 'llm', stackLabel: 'shop-prod-llm', carrier: inProgram };
  const urn = (gateway: string, type: string, role: string) =>
    `urn:pulumi:prod::shop::ovth:index:Gateway$ovth:index:Host$${type}::${gateway}-${role}`;
  const volume = (gateway: string, id: string, size: number) => ({
    ...{ urn: urn(gateway, 'hcloud:index/volume:Volume', 'data'), type: 'hcloud:index/volume:Volume', id },
    ...{ inputs: { size, location: 'nbg1' }, pendingReplacement: false, trigger: undefined },
  });
  const atHetzner = (id: string, gateway: string) => ({
    ...{ id, name: `${gateway}-data-0123456`, labels: { 'managed-by': 'ovth', stack: `shop-prod-${gateway}` } },
  });
  const ask = () => askHetzner(settings, owner, Promise.resolve(ofGateway(before, 'llm')));

  test('by another gateway of the program, or by the program itself, is not looked at', async () => {
    before = {
      resources: [
        ...[volume('llm', '1', 10), volume('llm-2', '2', 20), volume('spare', '3', 20)],
        { ...volume('llm', '4', 20), urn: 'urn:pulumi:prod::shop::hcloud:index/volume:Volume::llm-data' },
      ],
      pending: [],
    };
    present = { volumes: [atHetzner('1', 'llm'), atHetzner('5', 'spare')] };
    await expect(ask()).resolves.toEqual({ isComing: true, key: 1, host: 1 });
  });

  test.each([
    ['and would shrink', [volume('llm', '1', 20)], ['1'], /^settings\.data\.size_gb: cannot go from 20 to 10/],
    [
      'and the state does not know',
      [],
      ['1'],
      /Nothing was changed: delete in Hetzner's console what has the label stack=shop-prod-llm /,
    ],
    ['and is gone', [volume('llm', '1', 10)], [], /^llm-data \(id 1\): .*no longer exists at Hetzner/],
  ])('%s stops the update', async (_what, known, there, said) => {
    before = { resources: known, pending: [] };
    present = { volumes: there.map((id) => atHetzner(id, 'llm')) };
    await expect(ask()).rejects.toThrow(said);
  });
});
