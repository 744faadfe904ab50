// The script that removes things at Hetzner, and the list it is chosen from, against the lab's cloud without machines.

import { listResources } from '../../infra/operate/hetznerApi';
import { removeScript } from '../../infra/scripts';
import { run } from '../lab/shell';
import { startCloud, type Cloud } from '../lab/hcloud/cloud';
import { noHardware } from '../lab/hcloud/hardware';

let cloud: Cloud;
beforeEach(async () => (cloud = await startCloud(noHardware())));
afterEach(() => cloud.stop());

const labels = { 'managed-by': 'ovth', stack: 'ovth-dev', 'stack-id': '0123456789' };
const make = async (path: string, body: object, own: object = labels) => {
  const response = await fetch(`${cloud.endpoint}/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cloud.token}` },
    body: JSON.stringify({ ...body, labels: own }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as Record<string, { id: number }>;
};
const server = (name: string) => ({ name, server_type: 'cx23', image: 'debian-13', location: 'nbg1' });
const remove = (order: object, environment: Record<string, string> = {}) =>
  run(process.execPath, ['-'], {
    input: removeScript,
    env: {
      ...{ HCLOUD_ENDPOINT: cloud.endpoint, HCLOUD_TOKEN: cloud.token, OVTH_REMOVE: JSON.stringify(order) },
      ...environment,
    },
    check: false,
  });
const selector = 'managed-by=ovth,stack=ovth-dev,stack-id=0123456789';

/** A server with its address, firewall and volume, as a stack has it. */
const makeAll = async () => {
  const ip = await make('primary_ips', { name: 'ip', type: 'ipv4', location: 'nbg1' });
  const wall = await make('firewalls', { name: 'wall' });
  const disk = await make('volumes', { name: 'disk', size: 10, location: 'nbg1' });
  await make('servers', {
    ...server('box'),
    firewalls: [{ firewall: wall['firewall']!.id }],
    volumes: [disk['volume']!.id],
    public_net: { ipv4: ip['primary_ip']!.id, enable_ipv6: false },
  });
};

test('a sweep removes what carries all the labels, whatever holds what, and nothing else', async () => {
  await makeAll();
  await make('firewalls', { name: 'colleague' }, { ...labels, 'stack-id': 'abcdefabcd' });
  await make('servers', server('other'), {});
  const ran = await remove({ selector });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^removed: servers\/\d+ \(box\)$/),
    expect.stringMatching(/^removed: volumes\/\d+ \(disk\)$/),
    expect.stringMatching(/^removed: primary_ips\/\d+ \(ip\)$/),
    expect.stringMatching(/^removed: firewalls\/\d+ \(wall\)$/),
  ]);
  expect(cloud.inventory().filter((thing) => !thing.startsWith('primary_ip/'))).toEqual([
    'firewall/colleague',
    'server/other',
  ]);
});

test('a sweep that finds nothing says nothing', async () => {
  expect(await remove({ selector })).toMatchObject({ code: 0, stdout: '' });
});

test('what is protected at Hetzner is left and named', async () => {
  const disk = await make('volumes', { name: 'disk', size: 10, location: 'nbg1' });
  await fetch(`${cloud.endpoint}/volumes/${disk['volume']!.id}/actions/change_protection`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cloud.token}` },
    body: '{"delete": true}',
  });
  const ran = await remove({ selector });
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^left: volumes\/\d+ \(disk\) is protected/) });
  expect(cloud.inventory()).toEqual(['volume/disk']);
});

test('chosen things are removed, a volume is detached, and what is gone already is no failure', async () => {
  await makeAll();
  const there = await listResources({ token: cloud.token, endpoint: cloud.endpoint });
  expect(there.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    'firewall wall',
    'primary IP ip',
    'server box',
    'volume disk',
  ]);
  const [box, disk] = ['server', 'volume'].map((kind) => there.find((thing) => thing.kind === kind)!);
  expect(disk).toMatchObject({ server: box!.id, labels });
  expect(there.find(({ kind }) => kind === 'primary IP')).toMatchObject({ family: 'ipv4' });
  expect(await remove({ things: [{ path: 'attachments', id: disk!.id }] })).toMatchObject({ code: 0 });
  expect((await cloud.state()).volumes).toMatchObject([{ server: null }]);
  const things = [{ path: 'servers', id: box!.id }];
  expect(await remove({ things })).toMatchObject({ code: 0 });
  expect(await remove({ things })).toMatchObject({ code: 0 });
  expect(cloud.inventory()).toEqual(['firewall/wall', 'primary_ip/ip', 'volume/disk']);
});

test('a refusal is told and ends with 1; without a token nothing is asked', async () => {
  await make('firewalls', { name: 'wall' });
  cloud.next('DELETE /firewalls/*', { code: 'forbidden', message: 'read-only token' });
  expect(await remove({ selector })).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^not removed: firewalls\/\d+ \(wall\): read-only token \(forbidden\)/),
  });
  expect(await remove({ selector }, { HCLOUD_TOKEN: '' })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('HCLOUD_TOKEN is not set'),
  });
  expect(await remove({ selector }, { HCLOUD_TOKEN: 'x'.repeat(64) })).toMatchObject({ code: 1 });
});
