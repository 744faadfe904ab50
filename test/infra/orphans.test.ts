// What the state of a stack says, and how it is compared with what exists at Hetzner.

import { formatProblem } from '../../config/problems';
import { type CloudResource, stackLabel } from '../../infra/preflight/cloudResources';
import { parseState } from '../../infra/preflight/lastState';
import { driftProblems, goneFrom, idInState, orphansOf } from '../../infra/preflight/orphans';

const urn = (type: string, name: string) =>
  `urn:pulumi:dev::ovth::ovth:index:Gateway$ovth:index:Host$${type}::ovth-${name}`;
const labels = { 'managed-by': 'ovth', stack: 'ovth-dev', 'stack-id': '0123456789' };
const inState = (kind: string, name: string, id: string, more: object = {}) => ({
  ...{ urn: urn(`hcloud:index/${kind}`, name), type: `hcloud:index/${kind}`, custom: true, id, inputs: { labels } },
  ...more,
});
const state = (...resources: object[]) => parseState(JSON.stringify({ version: 3, deployment: { resources } }));
const present = (kind: CloudResource['kind'], id: string, more: Partial<CloudResource> = {}): CloudResource => ({
  ...{ kind, id, name: `ovth-${id}`, labels },
  ...more,
});

const server = inState('server:Server', 'server', '1');
const volume = inState('volume:Volume', 'data', '2');
const attachment = inState('volumeAttachment:VolumeAttachment', 'data-attachment', '2', { inputs: {} });
const stack = { label: 'ovth-dev', id: '0123456789' };

test('what exists and is known is no orphan, nor is what other stacks made', () => {
  const known = state(server, volume, attachment);
  const there = [
    present('server', '1'),
    present('volume', '2', { server: '1' }),
    present('server', '9', { labels: { stack: 'ovth-production' } }),
    present('volume', '8', { labels: {} }),
  ];
  expect(orphansOf(there, known, stack)).toEqual([]);
  expect(goneFrom(there, known)).toEqual([]);
  expect(driftProblems(there, known, stack)).toEqual([]);
});

test('what the state does not know is an orphan: this state’s own, or another’s', () => {
  const there = [
    present('server', '1'),
    present('server', '3'),
    present('primary IP', '4', { family: 'ipv6' }),
    present('SSH key', '5', { labels: { stack: 'ovth-dev', 'stack-id': 'abcdefabcd' } }),
    present('firewall', '6', { labels: { stack: 'ovth-dev' } }),
  ];
  expect(orphansOf(there, state(server), stack)).toEqual([
    { kind: 'server', id: '3', name: 'ovth-3', own: true, role: undefined },
    { kind: 'primary IP', id: '4', name: 'ovth-4', own: true, role: 'ipv6' },
    { kind: 'SSH key', id: '5', name: 'ovth-5', own: false, role: 'ssh-key' },
    { kind: 'firewall', id: '6', name: 'ovth-6', own: false, role: 'firewall' },
  ]);
  expect(driftProblems(there, state(server), stack).map(formatProblem)).toEqual([
    "server ovth-3 (id 3): exists at Hetzner and is not in this stack's state.",
    expect.stringMatching(/^primary IP ovth-4 /),
    expect.stringMatching(/^SSH key ovth-5 /),
    expect.stringMatching(/^firewall ovth-6 /),
    'An update was cut off, or the state was lost, or another stack of this name (label stack=ovth-dev) uses your Hetzner project. Nothing was changed: run "npm run recover", which adopts or removes what it finds after asking, then "pulumi up".',
  ]);
  const own = driftProblems(there.slice(0, 2), state(server), stack).map(formatProblem);
  expect(own[1]).toMatch(/^An update of this stack was cut off\. Nothing was changed: run "npm run recover"/);
});

test('a volume that is attached without the state knowing is an orphaned attachment', () => {
  const there = [present('server', '1'), present('volume', '2', { server: '1' })];
  const before = { ...attachment, pendingReplacement: true };
  for (const known of [state(server, volume), state(server, volume, before)])
    expect(orphansOf(there, known, stack)).toEqual([
      { kind: 'volume attachment', id: '2', name: 'ovth-2', server: '1', own: true, role: 'data-attachment' },
    ]);
});

test('what the state knows and Hetzner does not have is gone, unless it is just being replaced', () => {
  expect(driftProblems([], state(volume), stack).map(formatProblem)).toEqual([
    'ovth-data (id 2): is in this stack\'s state and no longer exists at Hetzner. Nothing was changed: run "pulumi refresh", then "pulumi up".',
  ]);
  expect(driftProblems([], state({ ...server, pendingReplacement: true }), stack)).toEqual([]);
});

test('nothing at all is known of a stack without a state', () => {
  expect(parseState('{"version": 3, "deployment": {}}')).toEqual({ resources: [], pending: [] });
  expect(idInState(state())).toBeUndefined();
  const order = '{"selector": "managed-by=ovth,stack=ovth-dev,stack-id=0123456789"}';
  const sweep = {
    urn: 'x::ovth-sweep',
    type: 'command:local:Command',
    inputs: { environment: { OVTH_REMOVE: order } },
  };
  expect(idInState(state(sweep, server))).toBe('0123456789');
  // Encrypted beside a token.
  const encrypted = { ...sweep, inputs: { environment: { '4dabf18193072939515e22adb298388d': 'x', ciphertext: 'x' } } };
  expect(idInState(state(encrypted, server))).toBe('0123456789');
  expect(idInState(state(encrypted))).toBeUndefined();
  // Without the sweep it may have been adopted from another state.
  expect(idInState(state(server))).toBeUndefined();
});

test('interrupted operations are read from the state', () => {
  const pending = [{ type: 'creating', resource: { urn: urn('hcloud:index/server:Server', 'server') } }];
  const text = JSON.stringify({ version: 3, deployment: { resources: [], pending_operations: pending } });
  expect(parseState(text).pending).toEqual([{ type: 'creating', urn: pending[0]!.resource.urn }]);
});

test('the label fits Hetzner’s rules', () => {
  expect(stackLabel('ovth', 'dev')).toBe('ovth-dev');
  expect(stackLabel('ovth', 'a b/ü')).toBe('ovth-a-b');
  expect(stackLabel('ovth', 'x'.repeat(99))).toHaveLength(63);
});
