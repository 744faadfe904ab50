// The component against the engine's mocks: children, their inputs, their options, and what is secret.

import * as pulumi from '@pulumi/pulumi';
import { isKey } from '../../config/appKey';
import { parseSettings } from '../../config/check';
import type * as component from '../../infra/components/gateway';
import { gatewayRelease } from '../../infra/render/compose';
import { command } from '../../infra/scripts';

interface Registered {
  type: string;
  name: string;
  inputs: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

const resources: Registered[] = [];
const options: Record<string, pulumi.CustomResourceOptions> = {};
/** How the SDK marks a resource with its type. */
type Typed = pulumi.Resource & { __pulumiType?: string };
/** Component type → its parent's. */
const components: Record<string, string | undefined> = {};
/** Component type → its options. */
const componentOptions: Record<string, pulumi.ComponentResourceOptions> = {};
/** Component type → the outputs that it registers. */
const registered: Record<string, Record<string, unknown>> = {};
const awaited: string[] = [];
const asked: string[] = [];

/** How a secret input arrives at the engine. */
const secretMark = '4dabf18193072939515e22adb298388d';
const isSecretInput = (value: any): boolean => typeof value === 'object' && value !== null && secretMark in value; // eslint-disable-line @typescript-eslint/no-explicit-any
const plain = (value: any): any => (isSecretInput(value) ? value.value : value); // eslint-disable-line @typescript-eslint/no-explicit-any

const settings = parseSettings(`
routes: {auto: {providers: [openai]}}
keys: {cursor: {}, own: {sha256: ${'a'.repeat(64)}}}
ssh: {admin_cidrs: [203.0.113.7/32]}
backup: {endpoint: 'https://s3.example.com', bucket: ledgers}
data: {protect: true}
server: {generation: 3}
`);
const providerKey = 'sk-test-0123456789';
const backupKeys = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 's3cret-0123456789' };
const ledger = 'e'.repeat(32);

// The component waits for its server by itself. (Not an import: it would be read before the mock is set.)
jest.mock('../../infra/preflight/sshReachable', () => ({
  reachServer: async (address: string) => void awaited.push(address),
}));
// It asks the gateway too, once everything has been applied.
jest.mock('../../infra/preflight/readiness', () => ({
  askReadiness: async ({ host }: { host: string }) => {
    asked.push(host);
    return { release: gatewayRelease('0123456789abcdef', settings.images.node).id };
  },
}));
const { Gateway } = jest.requireActual<typeof component>('../../infra/components/gateway');

let gateway: component.Gateway;

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        resources.push({ type: args.type, name: args.name, inputs: args.inputs });
        const outputs: Record<string, unknown> = { ...args.inputs };
        if (args.type === 'random:index/randomPassword:RandomPassword')
          outputs['result'] = args.name.padEnd(args.inputs.length as number, 'x');
        if (args.name === 'ovth-ledger') outputs['stdout'] = `${ledger}\n`;
        if (args.type === 'hcloud:index/primaryIp:PrimaryIp')
          outputs['ipAddress'] = args.inputs.type === 'ipv4' ? '203.0.113.9' : '2001:db8:1:2::';
        return { id: args.type.startsWith('hcloud:') ? `${resources.length}` : 'none', state: outputs };
      },
      call: () => ({}),
    },
    'ovth',
    'test',
  );
  const prototype = pulumi.ComponentResource.prototype as unknown as {
    registerOutputs: (this: Typed, outputs?: Record<string, unknown>) => void;
  };
  const { registerOutputs } = prototype;
  jest.spyOn(prototype, 'registerOutputs').mockImplementation(function (this: Typed, outputs) {
    if (outputs !== undefined) registered[this.__pulumiType ?? ''] = outputs;
    registerOutputs.call(this, outputs);
  });
  gateway = new Gateway(
    'ovth',
    {
      settings,
      providerKeys: pulumi.secret({ openai: providerKey }),
      backupKeys: pulumi.secret(backupKeys),
      bundle: { hash: '0123456789abcdef', path: __filename, sha256: 'f'.repeat(64), dockerfile: 'FROM x AS runtime\n' },
      labels: { 'managed-by': 'ovth', stack: 'ovth-test' },
    },
    {
      // Mocks do not see resource options; this does.
      transformations: [
        ({ type, name, opts }) => {
          if (!type.startsWith('ovth:')) options[name] = opts;
          else {
            components[type] = (opts.parent as Typed | undefined)?.__pulumiType;
            componentOptions[type] = opts;
          }
          return undefined;
        },
      ],
    },
  );
  await valueOf(gateway.url);
});

const valueOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const find = (name: string) => resources.find((resource) => resource.name === name)!;

test('has exactly the expected children, under stable names', () => {
  expect(resources.map(({ type, name }) => `${type.split(':').pop()} ${name}`).sort()).toEqual([
    'Command ovth-apply',
    'Command ovth-bootstrap',
    'Command ovth-ledger',
    'Command ovth-sweep',
    'CopyToRemote ovth-bundle',
    'Firewall ovth-firewall',
    'Gateway ovth',
    'Host ovth',
    'PrimaryIp ovth-ipv4',
    'PrimaryIp ovth-ipv6',
    'RandomPassword ovth-key-cursor',
    'RandomPassword ovth-master-key',
    'RandomPassword ovth-ssh-seed',
    'Release ovth',
    'Server ovth-server',
    'Serving ovth-serving',
    'SshKey ovth-ssh-key',
    'Volume ovth-data',
    'VolumeAttachment ovth-data-attachment',
  ]);
});

test('the children form the tree that `pulumi up` shows', () => {
  const parents = Object.fromEntries(
    Object.entries(options).map(([name, { parent }]) => [name, (parent as Typed).__pulumiType]),
  );
  const host = ['data', 'data-attachment', 'firewall', 'ipv4', 'ipv6', 'server', 'ssh-key', 'ssh-seed', 'sweep'];
  expect(parents).toEqual({
    ...Object.fromEntries(host.map((name) => [`ovth-${name}`, 'ovth:index:Host'])),
    ...Object.fromEntries(
      ['apply', 'bootstrap', 'bundle', 'ledger'].map((name) => [`ovth-${name}`, 'ovth:index:Release']),
    ),
    'ovth-key-cursor': 'ovth:index:Gateway',
    'ovth-master-key': 'ovth:index:Gateway',
  });
  expect(components).toEqual({
    'ovth:index:Gateway': undefined,
    'ovth:index:Host': 'ovth:index:Gateway',
    'ovth:index:Serving': 'ovth:index:Gateway',
    'ovth:index:Release': 'ovth:index:Gateway',
  });
});

test('each component registers all its outputs', () => {
  const names = Object.entries(registered).map(([type, outputs]) => [type, Object.keys(outputs).sort()]);
  expect(Object.values(registered).flatMap(Object.values)).not.toContain(undefined);
  expect(Object.fromEntries(names)).toEqual({
    'ovth:index:Gateway': [
      'appKeys',
      'dnsRecords',
      'ipv4',
      'ipv6',
      'ledger',
      'masterKey',
      'sshHostKey',
      'sshPrivateKey',
      'url',
    ],
    'ovth:index:Host': ['dataDevice', 'ipv4', 'ipv6', 'sshHostKey', 'sshPrivateKey'],
    'ovth:index:Serving': [],
    'ovth:index:Release': ['ledger', 'releaseId'],
  });
});

test('opens 80, 443 and ICMP to all, and 22 to the operator [J1]', () => {
  const rules = find('ovth-firewall').inputs['rules'] as { port: string; protocol: string; sourceIps: string[] }[];
  expect(rules.map(({ port, protocol, sourceIps }) => [port, protocol, sourceIps])).toEqual([
    [undefined, 'icmp', ['0.0.0.0/0', '::/0']],
    ['80', 'tcp', ['0.0.0.0/0', '::/0']],
    ['443', 'tcp', ['0.0.0.0/0', '::/0']],
    ['22', 'tcp', ['203.0.113.7/32']],
  ]);
});

test('the server is replaced by deleting it first, and only when that is meant', async () => {
  expect(find('ovth-server').inputs).toMatchObject({
    serverType: 'cx23',
    location: 'nbg1',
    image: 'debian-13',
    shutdownBeforeDeletion: true,
    labels: { 'managed-by': 'ovth', stack: 'ovth-test', 'stack-id': expect.stringMatching(/^[0-9a-f]{10}$/) },
  });
  expect(options['ovth-server']).toMatchObject({
    deleteBeforeReplace: true,
    ignoreChanges: ['userData', 'sshKeys'],
    replacementTrigger: 3,
  });
  const [net] = find('ovth-server').inputs['publicNets'] as [{ ipv4: unknown }];
  expect(typeof net.ipv4).toBe('number');
});

test('data and addresses outlive the server; both, and the seed of its identity, are protected when that is set', () => {
  for (const type of ['ipv4', 'ipv6']) {
    expect(find(`ovth-${type}`).inputs).toMatchObject({ type, location: 'nbg1', autoDelete: false });
    expect(find(`ovth-${type}`).inputs).not.toHaveProperty('assigneeId');
  }
  expect(find('ovth-data').inputs).toMatchObject({
    size: 10,
    format: 'ext4',
    location: 'nbg1',
    deleteProtection: true,
  });
  expect(options['ovth-data']).not.toHaveProperty('deletedWith');
  const kept = Object.entries(options).filter(([, { protect }]) => protect === true);
  expect(kept.map(([name]) => name).sort()).toEqual(['ovth-data', 'ovth-ipv4', 'ovth-ipv6', 'ovth-ssh-seed']);
});

test('the address of the box in its own IPv6 network is an output', async () => {
  expect(await valueOf(gateway.ipv6)).toBe('2001:db8:1:2::1');
});

test('what is deleted first depends on everything and is protected; what is deleted last is what all at Hetzner need', () => {
  const { protect, dependsOn } = componentOptions['ovth:index:Serving']!;
  expect(protect).toBe(true);
  const first = (dependsOn as Typed[]).map((each) => each.__pulumiType);
  expect(first).toEqual([
    ...Array<string>(2).fill('random:index/randomPassword:RandomPassword'),
    'ovth:index:Host',
    'ovth:index:Release',
  ]);
  const atHetzner = resources.filter(({ type }) => type.startsWith('hcloud:'));
  expect(atHetzner).toHaveLength(7);
  for (const { name } of atHetzner)
    expect((options[name]?.dependsOn as Typed[]).map((each) => each.__pulumiType)).toEqual(['command:local:Command']);
  const { inputs } = find('ovth-sweep');
  expect(inputs).not.toHaveProperty('create');
  expect(JSON.parse((inputs['environment'] as Record<string, string>)['OVTH_REMOVE']!)).toEqual({
    selector: expect.stringMatching(/^managed-by=ovth,stack=ovth-test,stack-id=[0-9a-f]{10}$/),
  });
});

test.each(['ovth-bootstrap', 'ovth-bundle', 'ovth-apply'])('%s runs anew on a new server', async (name) => {
  const server = options[name]?.deletedWith as pulumi.CustomResource;
  expect(await valueOf(server.id)).toBe(await valueOf(options[name]?.replacementTrigger as pulumi.Output<string>));
  expect(options[name]?.customTimeouts).toEqual({ create: '15m', update: '15m' });
});

test.each(['ovth-bootstrap', 'ovth-apply'])('%s is one constant command fed by secret input', (name) => {
  const { inputs } = find(name);
  // What the bootstrap script has changed is shown; it is told no secret.
  const logging = name === 'ovth-apply' ? 'none' : 'stdout';
  expect(inputs).toMatchObject({ create: command, logging, addPreviousOutputInEnv: false });
  for (const hook of ['update', 'delete', 'triggers', 'environment']) expect(inputs).not.toHaveProperty(hook);
  expect(isSecretInput(inputs['stdin'])).toBe(true);
  expect(options[name]).toMatchObject({ additionalSecretOutputs: expect.arrayContaining(['stdout', 'stderr']) });
});

test('what allows a ledger to begin is made once, and not again for a new server, script or key', async () => {
  const { inputs } = find('ovth-ledger');
  expect(isSecretInput(inputs['stdin'])).toBe(false);
  expect(options['ovth-ledger']).toMatchObject({
    ignoreChanges: ['connection', 'create', 'stdin'],
    replacementTrigger: '',
  });
  expect(options['ovth-ledger']).not.toHaveProperty('deletedWith');
  expect(await valueOf(gateway.ledger)).toBe(ledger);
  const input = plain(find('ovth-apply').inputs['stdin']) as string;
  const { facts, files } = JSON.parse(input.slice(input.lastIndexOf('\n') + 1)); // behind the launcher
  expect(facts).toMatchObject({ ledger, backup: 'yes', restore: '' });
  expect(files.backup['config/litestream.yml']).toContain(`"path": "ovth/${ledger}"`);
});

test('every connection is pinned to the host key that user data gives the server [J6]', async () => {
  const hostKey = await valueOf(gateway.sshHostKey);
  for (const name of ['ovth-bootstrap', 'ovth-bundle', 'ovth-ledger', 'ovth-apply']) {
    const { connection } = find(name).inputs;
    expect(isSecretInput(connection)).toBe(true);
    expect(plain(connection)).toEqual({
      host: '203.0.113.9',
      user: 'root',
      privateKey: expect.stringContaining('OPENSSH PRIVATE KEY'),
      hostKey,
      port: 22,
      dialErrorLimit: 12,
      perDialTimeout: 5,
    });
  }
  const { userData } = find('ovth-server').inputs;
  expect(isSecretInput(userData)).toBe(true);
  expect(plain(userData)).toContain(hostKey);
});

test('nothing logs in before the server has been waited for, which happens once', () => {
  expect(awaited).toEqual(['203.0.113.9']);
});

test('a new stack asks its gateway once: at the end, whether it answers', () => {
  expect(asked).toEqual(['203.0.113.9']);
});

test('the bundle goes to a path named by its hash', () => {
  expect(find('ovth-bundle').inputs['remotePath']).toBe('/srv/ovth/bundles/0123456789abcdef.js');
});

test('each step waits for the one before', () => {
  const after = (name: string) => (options[name]?.dependsOn as pulumi.Resource[]).map((each) => each.constructor.name);
  expect(after('ovth-bootstrap')).toEqual(['Host']);
  expect(after('ovth-bundle')).toEqual(['Command']);
  expect(after('ovth-ledger')).toEqual(['Command']);
  expect(after('ovth-apply')).toEqual(['CopyToRemote']);
});

test('secrets are secret outputs, and nothing else is [J7]', async () => {
  const secret = async (output: pulumi.Output<unknown>) => pulumi.isSecret(output);
  expect(await secret(gateway.masterKey)).toBe(true);
  expect(await secret(gateway.appKeys)).toBe(true);
  expect(await secret(gateway.sshPrivateKey)).toBe(true);
  for (const open of [gateway.url, gateway.ipv4, gateway.ledger, gateway.sshHostKey])
    expect(await secret(open)).toBe(false);
  expect(await valueOf(gateway.url)).toBe('https://203.0.113.9');
});

test('declared application keys are generated, unless their hash is given', async () => {
  const keys = await valueOf(gateway.appKeys);
  expect(Object.keys(keys)).toEqual(['cursor']);
  expect(isKey(keys['cursor']!)).toBe(true);
});

test('no secret is in any input that the engine keeps readable [A5 J7]', async () => {
  const open = JSON.stringify(
    resources.map(({ inputs }) => inputs),
    (_key, value: unknown) => (isSecretInput(value) ? '[secret]' : value),
  );
  const secrets = [
    await valueOf(gateway.masterKey),
    providerKey,
    backupKeys.secret_access_key,
    ...Object.values(await valueOf(gateway.appKeys)),
  ];
  for (const secret of [...secrets, 'PRIVATE KEY']) expect(open).not.toContain(secret);
});
