// The cloud's API alone, with no machines behind it: what it refuses, and how it answers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { startCloud, type Cloud } from './hcloud/cloud';
import { noHardware } from './hcloud/hardware';
import { pause, until } from './shell';

type Json = ReturnType<typeof JSON.parse>;

let cloud: Cloud;
beforeEach(async () => {
  cloud = await startCloud({ ...noHardware(), destroyServer: () => pause(100) });
});
afterEach(() => cloud.stop());

const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => {
  const response = await fetch(`${cloud.endpoint}${path}`, {
    method,
    headers: { Authorization: `Bearer ${cloud.token}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
};

const settled = async (id: number): Promise<Json> => {
  let action: Json;
  const over = async () => (action = (await call('GET', `/actions?id=${id}`)).body.actions[0]).status !== 'running';
  await until(`action ${id}`, over, 5_000);
  return action;
};

// A process of the engine's name. It asks for the servers at the last of the ports it is given.
const oneThatAsks = `
  process.title = 'pulumi';
  const { connect } = require('node:net');
  const ports = JSON.parse(process.argv[1]);
  let localPort;
  const next = (n) => {
    const socket = connect({ host: '127.0.0.1', port: ports[n], localAddress: '127.0.0.1', localPort }, () => {
      localPort ??= socket.localPort;
      if (n + 1 < ports.length) return socket.end().on('close', () => next(n + 1)).resume();
      socket.on('close', () => setTimeout(() => process.exit(7), 100));
      socket.write('GET /v1/servers HTTP/1.1\\r\\nhost: cloud\\r\\nauthorization: Bearer TOKEN\\r\\n\\r\\n');
    });
    socket.on('error', () => process.exit(8));
  };
  next(0);
`;

const order = { name: 'box', server_type: 'cx23', image: 'debian-13', location: 'nbg1' };

test('the token has 64 characters, and the limits are in the headers', async () => {
  expect(cloud.token).toHaveLength(64);
  const response = await fetch(`${cloud.endpoint}/locations`, { headers: { Authorization: `Bearer ${cloud.token}` } });
  expect(response.headers.get('ratelimit-limit')).toBe('3600');
  expect(response.headers.get('ratelimit-remaining')).toBe('3599');
});

test('lists are filtered and paged', async () => {
  const types = await call('GET', '/server_types?per_page=2&page=2');
  expect(types.body.server_types).toHaveLength(2);
  expect(types.body.meta.pagination).toMatchObject({ page: 2, previous_page: 1, next_page: 3, last_page: 3 });
  expect((await call('GET', '/server_types?name=cx11')).body.server_types).toEqual([]);
  expect((await call('GET', '/server_types?name=cx22')).body.server_types[0].locations[0]).toMatchObject({
    available: false,
    deprecation: { unavailable_after: '2025-12-31T23:59:59Z' },
  });
  expect((await call('GET', '/images?name=debian-13&architecture=arm')).body.images).toHaveLength(1);
  await call('POST', '/firewalls', { name: 'a', labels: { app: 'x' } });
  await call('POST', '/firewalls', { name: 'b', labels: { app: 'y' } });
  expect((await call('GET', '/firewalls?label_selector=app!=x')).body.firewalls).toMatchObject([{ name: 'b' }]);
});

test.each([
  ['a size that is gone', { server_type: 'cx11' }, 422, 'invalid_input'],
  ['a size that is no longer sold', { server_type: 'cx22' }, 422, 'invalid_input'],
  ['a size that is not sold there', { location: 'ash' }, 422, 'invalid_input'],
  ['an unknown place', { location: 'moon' }, 422, 'invalid_input'],
  ['an unknown image', { image: 'plan-9' }, 422, 'invalid_input'],
  ['a name that is no host name', { name: 'a_b' }, 422, 'invalid_input'],
  ['an unknown key', { ssh_keys: [1] }, 404, 'not_found'],
  ['user data that is too long', { user_data: 'x'.repeat(32_769) }, 422, 'invalid_input'],
  ['a body that is no object', undefined, 422, 'invalid_input'],
])('%s is refused', async (_, change, status, code) => {
  const answer = await call('POST', '/servers', change === undefined ? '[1]' : { ...order, ...change });
  expect(answer).toMatchObject({ status, body: { error: { code } } });
  expect(cloud.inventory()).toEqual([]);
});

test('odd requests get an error, and the cloud goes on', async () => {
  expect((await call('POST', '/servers', '{"name":')).body).toMatchObject({ error: { code: 'json_error' } });
  expect((await call('POST', '/servers', '"' + 'x'.repeat(2_000_000) + '"')).status).toBe(422);
  expect((await call('GET', '/servers/%00')).status).toBe(404);
  expect((await call('GET', '/servers/%E0%A4%A')).status).toBe(404);
  expect((await fetch(cloud.endpoint.replace('/v1', '//'))).status).toBe(401);
  expect((await call('PATCH', '/servers')).status).toBe(404);
  expect((await call('DELETE', '/volumes/1')).status).toBe(404);
  expect((await call('GET', '/locations')).status).toBe(200);
});

test('a name is used once, also while its server goes', async () => {
  const server = (await call('POST', '/servers', order)).body;
  expect(await call('POST', '/servers', order)).toMatchObject({
    status: 409,
    body: { error: { code: 'uniqueness_error' } },
  });
  expect(await settled(server.action.id)).toMatchObject({ status: 'success', progress: 100 });
  const removed = await call('DELETE', `/servers/${server.server.id}`);
  expect(await call('DELETE', `/servers/${server.server.id}`)).toMatchObject({ status: 423 });
  await settled(removed.body.action.id);
  expect((await call('GET', `/servers/${server.server.id}`)).status).toBe(404);
  expect(cloud.inventory()).toEqual([]);
  expect(cloud.changes()).toEqual(['POST /servers', `DELETE /servers/${server.server.id}`]);
});

test('faults hit the next matching request, as often as wanted', async () => {
  cloud.next('POST /servers', { code: 'resource_unavailable', message: 'error during placement' });
  cloud.next('DELETE /firewalls/*', { code: 'rate_limit_exceeded', message: 'limit reached', times: 2 });
  expect((await call('POST', '/servers', order)).status).toBe(412);
  expect((await call('POST', '/servers', order)).status).toBe(201);
  const { id } = (await call('POST', '/firewalls', { name: 'wall' })).body.firewall;
  for (const status of [429, 429, 204]) expect((await call('DELETE', `/firewalls/${id}`)).status).toBe(status);
});

test('faults are set over HTTP too; a lost answer is one to a request that was carried out', async () => {
  expect(
    (await call('POST', '/_lab/faults', { on: 'POST /firewalls', refuse: { code: 'maintenance', message: 'm' } }))
      .status,
  ).toBe(204);
  expect(await call('POST', '/firewalls', { name: 'wall' })).toMatchObject({ status: 503 });
  await call('POST', '/_lab/faults', { on: 'POST /firewalls', after: 'lose' });
  await expect(call('POST', '/firewalls', { name: 'wall' })).rejects.toThrow();
  expect(cloud.inventory()).toEqual(['firewall/wall']);
  expect(cloud.changes()).toEqual(['POST /firewalls']);
  // Whoever asked is no engine, and goes on.
  await call('POST', '/_lab/faults', { on: 'DELETE /firewalls/*', after: 'kill' });
  const [wall] = (await cloud.state()).firewalls;
  await expect(call('DELETE', `/firewalls/${wall!.id}`)).rejects.toThrow();
  expect(cloud.inventory()).toEqual([]);
  expect((await call('POST', '/_lab/faults', { on: 'POST /servers', after: 'sleep' })).status).toBe(422);
});

test('an action can end in an error', async () => {
  cloud.failAction('create_volume', { code: 'no_space_left_in_location', message: 'no space left' });
  const volume = await call('POST', '/volumes', { name: 'data', size: 10, location: 'fsn1' });
  expect(await settled(volume.body.action.id)).toMatchObject({ status: 'error', error: { message: 'no space left' } });
});

test('protection, attachment and use keep things from being removed', async () => {
  const firewall = (await call('POST', '/firewalls', { name: 'wall' })).body.firewall.id;
  const volume = (await call('POST', '/volumes', { name: 'data', size: 10, location: 'nbg1' })).body.volume.id;
  await call('POST', `/volumes/${volume}/actions/change_protection`, { delete: true });
  const server = (await call('POST', '/servers', { ...order, firewalls: [{ firewall }] })).body;
  await settled(server.next_actions[0].id);
  const attached = await call('POST', `/volumes/${volume}/actions/attach`, { server: server.server.id });
  await settled(attached.body.action.id);
  const refusal = async (path: string) => (await call('DELETE', path)).body.error.code as string;
  expect(await refusal(`/firewalls/${firewall}`)).toBe('resource_in_use');
  expect(await refusal(`/volumes/${volume}`)).toBe('protected');
  await settled((await call('POST', `/volumes/${volume}/actions/change_protection`, { delete: false })).body.action.id);
  expect(await refusal(`/volumes/${volume}`)).toBe('invalid_input');
  await settled((await call('DELETE', `/servers/${server.server.id}`)).body.action.id);
  expect((await call('DELETE', `/volumes/${volume}`)).status).toBe(204);
  expect((await call('DELETE', `/firewalls/${firewall}`)).status).toBe(204);
  expect(cloud.inventory()).toEqual([]);
});

test('a server changes its size only when it is off, and is started again', async () => {
  const { server, action } = (await call('POST', '/servers', order)).body;
  await settled(action.id);
  const resize = { server_type: 'cx33', upgrade_disk: true };
  expect((await call('POST', `/servers/${server.id}/actions/change_type`, resize)).body.error.code).toBe(
    'server_not_stopped',
  );
  await settled((await call('POST', `/servers/${server.id}/actions/poweroff`)).body.action.id);
  expect((await call('GET', `/servers/${server.id}`)).body.server.status).toBe('off');
  await settled((await call('POST', `/servers/${server.id}/actions/change_type`, resize)).body.action.id);
  const shown = (await call('GET', `/servers/${server.id}`)).body.server;
  expect(shown).toMatchObject({ status: 'running', server_type: { name: 'cx33' }, primary_disk_size: 80 });
});

test('records of a zone are set, changed and removed', async () => {
  cloud.addZone('example.test');
  const path = '/zones/example.test/rrsets';
  const set = await call('POST', path, { name: 'gw', type: 'A', ttl: 60, records: [{ value: '127.0.0.5' }] });
  expect(set.body.rrset).toMatchObject({ id: 'gw/A', records: [{ value: '127.0.0.5' }] });
  await settled(
    (await call('POST', `${path}/gw/A/actions/set_records`, { records: [{ value: '127.0.0.6' }] })).body.action.id,
  );
  expect((await cloud.state()).rrsets).toMatchObject([{ records: [{ value: '127.0.0.6' }] }]);
  expect((await call('DELETE', `${path}/gw/A`)).status).toBe(201);
  expect(cloud.inventory()).toEqual([]);
});

test('the engine that is killed is the one that asked, also where its port had other connections', async () => {
  const others = await Promise.all(Array.from({ length: 6 }, listening));
  const ports = others.map((server) => (server.address() as AddressInfo).port);
  cloud.after('GET /servers', 'kill');
  // It goes from one port to all of them, and those that it has ended linger in the system's table.
  const engine = spawn(process.execPath, ['-e', oneThatAsks.replace('TOKEN', cloud.token), JSON.stringify([...ports, Number(new URL(cloud.endpoint).port)])], {
    stdio: 'ignore',
  }); // prettier-ignore
  const ended = once(engine, 'exit');
  try {
    expect(await ended).toEqual([null, 'SIGKILL']);
  } finally {
    engine.kill('SIGKILL');
    for (const server of others) server.close();
  }

  function listening(): Promise<Server> {
    const server = createServer((socket) => socket.on('error', () => undefined));
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
  }
});
