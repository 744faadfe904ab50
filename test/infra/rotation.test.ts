// Keys that are replaced, a renamed one, and a host name in a zone: the component against the engine's mocks.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { mintKey } from '../../config/appKey';
import { parseSettings } from '../../config/check';
import type * as component from '../../infra/components/gateway';
import { type FirstBoot, firstBootOf, sshGenerationProblems } from '../../infra/preflight/generations';
import { type LastState, parseState } from '../../infra/preflight/lastState';
import { gatewayRelease } from '../../infra/render/compose';
import { commandInput } from '../../infra/scripts';
import { deriveBytes, deriveSshKey } from '../../infra/sshKey';

interface Made {
  readonly inputs: Readonly<Record<string, any>>; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly options: pulumi.CustomResourceOptions;
}

jest.mock('../../infra/preflight/sshReachable', () => ({ reachServer: async () => undefined }));
// It asks the gateway, once everything has been applied.
jest.mock('../../infra/preflight/readiness', () => ({
  askReadiness: async () => ({ release: gatewayRelease('0123456789abcdef', parseSettings('log: {}').images.node).id }),
}));
const { Gateway } = jest.requireActual<typeof component>('../../infra/components/gateway');

const valueOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const seedOf = (name: string, length = 64) => name.padEnd(length, 'x');

/** Declares a gateway; seeds of `legacy` are as older versions made them. */
async function declare(
  text: string,
  more: { firstBoot?: FirstBoot; legacy?: readonly string[]; sshGeneration?: number } = {},
) {
  const made: Record<string, Made> = {};
  const options: Record<string, pulumi.CustomResourceOptions> = {};
  let count = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        made[name] = { inputs: inputs as Made['inputs'], options: options[name] ?? {} };
        const state: Record<string, unknown> = { ...(inputs as object) };
        if (type.endsWith(':RandomPassword'))
          state['result'] = seedOf(name, more.legacy?.includes(name) === true ? 64 : (inputs.length as number));
        if (name === 'ovth-ledger') state['stdout'] = `${'e'.repeat(32)}\n`;
        if (type.endsWith(':PrimaryIp')) state['ipAddress'] = inputs.type === 'ipv6' ? '2001:db8::' : '203.0.113.9';
        return { id: `${++count}`, state };
      },
      call: () => ({}),
    },
    'ovth',
    'test',
  );
  const { sshGeneration = 1, firstBoot = { isComing: false, key: 1, host: 1 } } = more;
  const settings = parseSettings(`ssh: {admin_cidrs: [203.0.113.7/32], generation: ${sshGeneration}}\n${text}`);
  const gateway = new Gateway(
    'ovth',
    {
      settings,
      providerKeys: pulumi.secret({ openai: 'sk-test-0123456789' }),
      bundle: { hash: '0123456789abcdef', path: __filename, sha256: 'f'.repeat(64), dockerfile: 'FROM x AS runtime\n' },
      labels: { stack: 'ovth-test' },
      firstBoot,
    },
    {
      transformations: [
        ({ name, opts }) => {
          options[name] = opts;
          return undefined;
        },
      ],
    },
  );
  await valueOf(gateway.url);
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs(); // nothing of it comes after the next one has begun
  return { gateway, made };
}

const secretMark = '4dabf18193072939515e22adb298388d';
/** Without the engine's marks of what is secret. */
const plain = (value: any): any => (value?.[secretMark] === undefined ? value : value.value); // eslint-disable-line @typescript-eslint/no-explicit-any
const loginOf = ({ inputs }: Made) => plain(inputs['connection']) as { privateKey: string; hostKey: string };
/** What a script is given: its JSON follows the launcher. */
const stateOf = ({ inputs }: Made) =>
  JSON.parse((plain(inputs['stdin']) as string).slice(commandInput('').length)) as Record<string, unknown>;

describe('application keys', () => {
  const keys = (text: string, more?: Parameters<typeof declare>[1]) => declare(`keys: ${text}`, more);

  test('a raised generation makes a new seed; the first keeps that of an older version', async () => {
    const first = (await keys('{app: {}}')).made['ovth-key-app']!;
    const second = (await keys('{app: {generation: 2}}')).made['ovth-key-app']!;
    expect(first.inputs['keepers']).toEqual({ generation: '1' });
    expect(second.inputs['keepers']).toEqual({ generation: '2' });
    expect([first.options.ignoreChanges, second.options.ignoreChanges]).toEqual([['keepers', 'length'], []]);
  });

  test('a renamed key is the seed of before, and so the same secret', async () => {
    const { made } = await keys('{desk: {renamed_from: laptop}}');
    expect(made['ovth-key-desk']!.options.aliases).toEqual([{ name: 'ovth-key-laptop' }]);
    // The engine finds the seed by its alias; here both stand for one.
    const secretOf = async (label: string, text: string) =>
      (await valueOf((await keys(text)).gateway.appKeys))[label] ?? '';
    const minted = (seed: string) => mintKey(deriveBytes(seedOf(seed, 65), 'application key'));
    expect(await secretOf('laptop', '{laptop: {}}')).toBe(minted('ovth-key-laptop'));
    expect(await secretOf('desk', '{desk: {renamed_from: laptop}}')).toBe(minted('ovth-key-desk'));
    expect(await secretOf('desk', '{desk: {}}')).toBe(minted('ovth-key-desk'));
  });

  test('a key of an older version stays what it was, also under a new label', async () => {
    const legacy = ['ovth-key-laptop', 'ovth-key-desk'];
    const secretOf = async (text: string) => valueOf((await keys(text, { legacy })).gateway.appKeys);
    const minted = (seed: string) => mintKey(deriveBytes(seedOf(seed), 'application key laptop'));
    expect(await secretOf('{laptop: {}}')).toEqual({ laptop: minted('ovth-key-laptop') });
    expect(await secretOf('{desk: {renamed_from: laptop}}')).toEqual({ desk: minted('ovth-key-desk') });
  });
});

describe('the program’s own SSH key', () => {
  const keyOf = (seed: string) => deriveSshKey(seedOf(seed), 'deploy key');
  const steps = ['ovth-bootstrap', 'ovth-bundle', 'ovth-apply'];

  test('the first comes from the server’s seed, and needs no step', async () => {
    const { made } = await declare('');
    expect(Object.keys(made).filter((name) => name.includes('deploy-key'))).toEqual([]);
    for (const step of steps) expect(loginOf(made[step]!).privateKey).toBe(keyOf('ovth-ssh-seed').privateKey);
    expect(stateOf(made['ovth-bootstrap']!)['facts']).toMatchObject({
      deploy_key: keyOf('ovth-ssh-seed').publicKey,
      retired_key: '',
    });
  });

  test.each([
    [2, 'ovth-ssh-seed'],
    [3, 'ovth-ssh-seed-2'],
  ])('generation %i is let in by the one before, and then alone', async (generation, before) => {
    const { made, gateway } = await declare('', { sshGeneration: generation });
    const [present, previous] = [keyOf(`ovth-ssh-seed-${generation}`), keyOf(before)];
    const step = made[`ovth-deploy-key-${generation}`]!;
    expect(loginOf(step).privateKey).toBe(previous.privateKey);
    expect(stateOf(step)).toMatchObject({ key: present.publicKey });
    expect(step.options.ignoreChanges).toEqual(expect.arrayContaining(['connection', 'create', 'stdin']));
    expect(step.options.replacementTrigger).toBeUndefined();
    for (const name of steps) expect(loginOf(made[name]!).privateKey).toBe(present.privateKey);
    expect(made['ovth-ssh-key']!.inputs).toMatchObject({
      publicKey: present.publicKey,
      labels: { generation: `${generation}` },
    });
    expect(stateOf(made['ovth-bootstrap']!)['facts']).toMatchObject({
      deploy_key: present.publicKey,
      retired_key: previous.publicKey,
    });
    expect(await valueOf(gateway.sshPrivateKey)).toBe(present.privateKey);
    const after = made['ovth-bootstrap']!.options.dependsOn as pulumi.Resource[];
    expect(after.map(({ constructor }) => constructor.name)).toEqual(['Host', 'Command']);
  });

  test('a new server takes the present key from its first boot, and gets another identity', async () => {
    const { made, gateway } = await declare('', { sshGeneration: 2, firstBoot: { isComing: true, key: 2, host: 3 } });
    expect(loginOf(made['ovth-deploy-key-2']!).privateKey).toBe(keyOf('ovth-ssh-seed-2').privateKey);
    const host = deriveSshKey(seedOf('ovth-host-seed-3'), 'host key');
    expect(await valueOf(gateway.sshHostKey)).toBe(host.publicKey);
    expect(loginOf(made['ovth-apply']!).hostKey).toBe(host.publicKey);
    const { options, inputs } = made['ovth-server']!;
    expect(options.ignoreChanges).toEqual([]);
    expect(plain(inputs['userData'])).toContain(host.publicKey);
    expect(inputs['labels']).toMatchObject({ 'first-key': '2', 'host-key': '3' });
    // The same where that update was cut off before the step ran: the key before was never let in.
    const { made: next } = await declare('', { sshGeneration: 2, firstBoot: { isComing: false, key: 2, host: 3 } });
    expect(loginOf(next['ovth-deploy-key-2']!).privateKey).toBe(keyOf('ovth-ssh-seed-2').privateKey);
    expect(next['ovth-server']!.inputs['labels']).toMatchObject({ 'first-key': '2', 'host-key': '3' });
  });

  test('a server that stands keeps its identity, and the stack its own label, whatever changes', async () => {
    const { made, gateway } = await declare('server: {generation: 5}', { sshGeneration: 2 });
    expect(made['ovth-server']!.options.ignoreChanges).toEqual(['userData', 'sshKeys']);
    expect(await valueOf(gateway.sshHostKey)).toBe(deriveSshKey(seedOf('ovth-ssh-seed'), 'host key').publicKey);
    const { made: first } = await declare('');
    const idOf = (each: Record<string, Made>) => each['ovth-data']!.inputs['labels']['stack-id'] as string;
    expect(idOf(made)).toBe(idOf(first));
  });

  test('the seeds of later keys can be replaced in a protected stack; the stack’s own cannot', async () => {
    const boot = { isComing: true, key: 3, host: 2 };
    const { made } = await declare('data: {protect: true}', { sshGeneration: 3, firstBoot: boot });
    const seeds = Object.entries(made).filter(([name]) => name.includes('seed'));
    expect(Object.fromEntries(seeds.map(([name, { options }]) => [name, options.protect === true]))).toEqual({
      ...{ 'ovth-ssh-seed': true, 'ovth-ssh-seed-2': false, 'ovth-ssh-seed-3': false, 'ovth-host-seed-2': false },
    });
  });
});

describe('which generations may follow', () => {
  const settings = (ssh: number, server: number) =>
    parseSettings(`ssh: {generation: ${ssh}}\nserver: {generation: ${server}}`);
  const type = 'hcloud:index/server:Server';
  const urn = `urn:pulumi:test::ovth::ovth:index:Gateway$ovth:index:Host$${type}::ovth-server`;
  const known = (more: object): LastState => {
    const server = { urn, type, id: '1', inputs: { image: 'debian-13', location: 'nbg1' }, ...more };
    return parseState(JSON.stringify({ deployment: { resources: [server] } }));
  };
  const present = known({ replacementTrigger: 4 });

  test.each([
    ['none stands', undefined, undefined, { isComing: true, key: 7, host: 4 }],
    ['it is of an older version', {}, present, { isComing: false, key: 1, host: 1 }],
    ['it stands', { 'first-key': '3', 'host-key': '2' }, present, { isComing: false, key: 3, host: 2 }],
    ['it is rebuilt', { 'first-key': '3' }, known({ replacementTrigger: 3 }), { isComing: true, key: 7, host: 4 }],
    [
      'it gets another image',
      { 'first-key': '3' },
      known({ replacementTrigger: 4, inputs: { image: 'debian-12', location: 'nbg1' } }),
      { isComing: true, key: 7, host: 4 },
    ],
    ['the state is not known', { 'first-key': '3' }, undefined, { isComing: false, key: 3, host: 1 }],
  ])('the first boot of a server where %s', (_what, labels, last, expected) =>
    expect(firstBootOf(settings(7, 4), labels as Record<string, string> | undefined, last)).toEqual(expected),
  );

  test.each([
    [[], 5, undefined],
    [[{}], 1, undefined],
    [[{}], 2, undefined],
    [[{}], 3, /is 3, and the server has key 1: .*set it to 2/],
    [[{ generation: '3' }], 2, /is 2, and the server has key 3: .*set it to 4/],
    [[{ generation: '3' }], 4, undefined],
    [[{ generation: '3' }, { generation: '2' }], 2, undefined], // an update was cut off
    [[{ generation: '3' }, { generation: '2' }], 4, /may have key 2 or 3: .*set it to 3/],
  ])('keys with the labels %j and ssh.generation %i', (labels, generation, expected) => {
    const found = sshGenerationProblems(labels as Record<string, string>[], settings(generation, 1));
    expect(found.map(({ message }) => message)).toEqual(
      expected === undefined ? [] : [expect.stringMatching(expected)],
    );
  });
});

describe('the keys on the box', () => {
  const script = readFileSync('infra/scripts/authorize.sh', 'utf8');
  const login = readFileSync('infra/scripts/bootstrap/login.sh', 'utf8');
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ovth-logins-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const file = () => join(folder, '.ssh/authorized_keys');
  const bash = (text: string, env: Record<string, string> = {}) =>
    execFileSync('bash', ['--norc', '-euo', 'pipefail', '-c', text.replaceAll('/root/', `${folder}/`), 'x', folder], {
      env: { PATH: process.env['PATH'], ...env },
      encoding: 'utf8',
    });
  const authorize = (key: string) => {
    writeFileSync(join(folder, 'state.json'), JSON.stringify({ key }));
    bash(script);
  };
  const retire = (deploy: string, retired: string) =>
    bash(`umask 077; changed() { echo "$1"; }\n${login}\nretire_login`, { deploy_key: deploy, retired_key: retired });
  const lines = () => readFileSync(file(), 'utf8').split('\n').filter(Boolean);

  test('the next is let in beside the present one, then the present one goes; what others wrote stays', () => {
    bash('mkdir /root/.ssh; printf "ssh-ed25519 AAAAfirst\\nssh-rsa AAAAother me" >/root/.ssh/authorized_keys');
    authorize('ssh-ed25519 AAAAsecond');
    authorize('ssh-ed25519 AAAAsecond');
    expect(lines()).toEqual(['ssh-ed25519 AAAAfirst', 'ssh-rsa AAAAother me', 'ssh-ed25519 AAAAsecond']);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(retire('ssh-ed25519 AAAAsecond', 'ssh-ed25519 AAAAfirst')).toMatch(/authorized_keys \(the program's key/);
    expect(retire('ssh-ed25519 AAAAsecond', 'ssh-ed25519 AAAAfirst')).toBe('');
    expect(lines()).toEqual(['ssh-rsa AAAAother me', 'ssh-ed25519 AAAAsecond']);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test('no key goes where the present one is not there', () => {
    bash('mkdir /root/.ssh; echo "ssh-ed25519 AAAAfirst" >/root/.ssh/authorized_keys');
    expect(retire('ssh-ed25519 AAAAsecond', 'ssh-ed25519 AAAAfirst')).toBe('');
    expect(retire('ssh-ed25519 AAAAsecond', '')).toBe('');
    expect(lines()).toEqual(['ssh-ed25519 AAAAfirst']);
  });
});

describe('DNS', () => {
  const zone = (domain: string) => declare(`domain: ${domain}\ndns: {zone: example.com}\n`);

  test.each([
    ['example.com', '@'],
    ['gateway.example.com', 'gateway'],
    ['a.b.example.com', 'a.b'],
  ])('%s is the record %s of its zone, with a reverse record, before the release serves', async (domain, name) => {
    const { made, gateway } = await zone(domain);
    expect(made['ovth-dns-a']!.inputs).toMatchObject({
      ...{ zone: 'example.com', name, type: 'A', ttl: 300 },
      records: [{ value: '203.0.113.9' }],
    });
    expect(made['ovth-dns-aaaa']!.inputs).toMatchObject({ name, type: 'AAAA', records: [{ value: '2001:db8::1' }] });
    expect(made['ovth-rdns-a']!.inputs).toMatchObject({ ipAddress: '203.0.113.9', dnsPtr: domain });
    const after = made['ovth-apply']!.options.dependsOn as pulumi.Resource[];
    expect(after.map(({ constructor }) => constructor.name)).toEqual(['CopyToRemote', 'Dns']);
    expect(await valueOf(gateway.dnsRecords)).toEqual([]);
  });

  test('without a zone the records to set are an output; without a domain there are none', async () => {
    const { made, gateway } = await declare('domain: gateway.example.com\n');
    expect(Object.keys(made).filter((name) => name.includes('dns'))).toEqual([]);
    expect(await valueOf(gateway.dnsRecords)).toEqual([
      { name: 'gateway.example.com', type: 'A', value: '203.0.113.9' },
      { name: 'gateway.example.com', type: 'AAAA', value: '2001:db8::1' },
    ]);
    expect(await valueOf((await declare('')).gateway.dnsRecords)).toEqual([]);
  });
});
