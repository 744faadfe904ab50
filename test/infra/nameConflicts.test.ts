// Names that collide: only where an operator fixes them.

import { formatProblem } from '../../config/problems';
import { fixedNames, takenNames } from '../../infra/preflight/nameConflicts';

const stack = { name: 'dev', project: 'ovth' };

test.each([
  ['no setting', undefined, undefined],
  ['the default', '{"mode":"default"}', undefined],
  ['letters at random', '{"pattern":"${name}-${hex(4)}"}', undefined],
  ['verbatim', '{"mode":"verbatim"}', 'ovth-server'],
  ['a pattern', '{"pattern":"${project}-${stack}-${name}"}', 'ovth-dev-ovth-server'],
  ['verbatim for Hetzner alone', '{"providers":{"hcloud":{"mode":"verbatim"}}}', 'ovth-server'],
  ['something else', '[1', undefined],
])('names under %s', (_what, autonaming, name) => {
  expect(fixedNames(autonaming, stack)?.('ovth-server')).toBe(name);
});

test('a name is taken by the same kind of thing that is not this stack’s', () => {
  const wanted = { server: 'ovth-server', firewall: 'ovth-firewall' };
  const things = [
    { kind: 'server', name: 'ovth-server', labels: { stack: 'ovth-dev' } },
    { kind: 'server', name: 'other', labels: {} },
    { kind: 'volume', name: 'ovth-server', labels: {} },
    { kind: 'firewall', name: 'ovth-firewall', labels: { stack: 'ovth-prod' } },
  ];
  expect(takenNames(wanted, things, 'ovth-dev').map(formatProblem)).toEqual([
    expect.stringMatching(/^pulumi:autonaming: makes the name "ovth-firewall", which another firewall of your Hetzner/),
  ]);
});
