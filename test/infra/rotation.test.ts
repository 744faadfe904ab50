// Keys that are replaced, a renamed one, and a host name in a zone: the component against the engine's mocks.

import * as pulumi from '@pulumi/pulumi';
import { mintKey } from '../../config/appKey';
import { parseSettings } from '../../config/check';
import type * as component from '../../infra/components/gateway';
import { gatewayRelease } from '../../infra/render/compose';
import { deriveBytes } from '../../infra/sshKey';

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
async function declare(text: string, more: { legacy?: readonly string[] } = {}) {
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
  const settings = parseSettings(`ssh: {admin_cidrs: [203.0.113.7/32]}\n${text}`);
  const gateway = new Gateway(
    'ovth',
    {
      settings,
      providerKeys: pulumi.secret({ openai: 'sk-test-0123456789' }),
      bundle: { hash: '0123456789abcdef', path: __filename, sha256: 'f'.repeat(64), dockerfile: 'FROM x AS runtime\n' },
      labels: { stack: 'ovth-test' },
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
