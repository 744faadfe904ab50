// Servers: `/servers`.
import * as z from 'zod';
import { begin, requireUnlocked, type Subject } from './action';
import { images, locations, serverTypes, type ServerType } from './catalogue';
import type { PowerChange } from './hardware';
import { addIp, releaseIps, requireFree } from './primaryIps';
import { Refusal, invalid, notFound } from './refusal';
import { found, labels, list, read, rename, requireUnique, type Answer, type Request, type Routes } from './request';
import { showServer } from './show';
import { newId, now, type Action, type Server, type World } from './world';

/** The routes. */
export const serverRoutes: Routes = {
  'GET /servers': async ({ world, query }) => {
    const shown = await Promise.all([...world.servers.values()].map((server) => showServer(world, server)));
    return list('servers', shown, query);
  },
  'POST /servers': create,
  'GET /servers/:id': async (request) => one(request.world, found('server', request.world.servers, request)),
  'PUT /servers/:id': (request) => {
    const server = found('server', request.world.servers, request);
    const change = read(rename, request.body);
    if (change.name !== undefined) requireUnique('server', request.world.servers.values(), change.name, server.id);
    Object.assign(server, { name: change.name ?? server.name, labels: change.labels ?? server.labels });
    return one(request.world, server);
  },
  'DELETE /servers/:id': remove,
  'POST /servers/:id/actions/poweron': (request) => power(request, 'poweron', 'start_server'),
  'POST /servers/:id/actions/poweroff': (request) => power(request, 'poweroff', 'stop_server'),
  'POST /servers/:id/actions/shutdown': (request) => power(request, 'shutdown', 'shutdown_server'),
  'POST /servers/:id/actions/reboot': (request) => power(request, 'reboot', 'reboot_server'),
  'POST /servers/:id/actions/reset': (request) => power(request, 'reset', 'reset_server'),
  'POST /servers/:id/actions/change_type': changeType,
  'POST /servers/:id/actions/enable_backup': (request) =>
    change(request, 'enable_backup', (server) => (server.backup_window = '22-02')),
  'POST /servers/:id/actions/disable_backup': (request) =>
    change(request, 'disable_backup', (server) => (server.backup_window = null)),
  'POST /servers/:id/actions/change_protection': (request) => {
    const wanted = read(z.object({ delete: z.boolean().optional(), rebuild: z.boolean().optional() }), request.body);
    return change(request, 'change_protection', (server) => Object.assign(server.protection, wanted));
  },
  'POST /servers/:id/actions/change_dns_ptr': (request) => {
    const { ip, dns_ptr } = read(z.object({ ip: z.string(), dns_ptr: z.string().nullish() }), request.body);
    const own = [...request.world.primaryIps.values()].find((entry) => entry.ip === ip);
    if (own === undefined) throw invalid('ip', 'ip does not belong to the server');
    return change(request, 'change_dns_ptr', () => (own.dns_ptr = [{ ip, dns_ptr: dns_ptr ?? '' }]));
  },
};

// ---

const idOrName = z.union([z.string().min(1), z.int()]);

const plan = z.looseObject({
  name: z
    .string()
    .regex(/^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*$/, 'invalid hostname'),
  server_type: idOrName,
  image: idOrName,
  location: z.string().optional(),
  ssh_keys: z.array(z.int()).default([]),
  user_data: z.string().max(32_768, 'must not be longer than 32KiB').default(''),
  start_after_create: z.boolean().default(true),
  labels: labels.default({}),
  volumes: z.array(z.int()).default([]),
  firewalls: z.array(z.object({ firewall: z.int() })).default([]),
  public_net: z
    .looseObject({
      enable_ipv4: z.boolean().default(true),
      enable_ipv6: z.boolean().default(true),
      ipv4: z.int().optional(),
      ipv6: z.int().optional(),
    })
    .prefault({}),
});
type Plan = z.infer<typeof plan>;

async function create({ world, body }: Request): Promise<Answer> {
  const wanted = read(plan, body);
  const type = orderable(wanted);
  const image = images.find(
    (entry) =>
      (entry.name === wanted.image || entry.id === Number(wanted.image)) && entry.architecture === type.architecture,
  );
  if (image === undefined) throw invalid('image', 'image not found');
  const location = wanted.location ?? 'nbg1';
  requireUnique('server', world.servers.values(), wanted.name);
  for (const key of wanted.ssh_keys) if (!world.sshKeys.has(key)) throw notFound('SSH key', key);
  for (const { firewall } of wanted.firewalls) if (!world.firewalls.has(firewall)) throw notFound('firewall', firewall);
  for (const id of wanted.volumes) requireAttachable(world, id, location);
  const addresses = (['ipv4', 'ipv6'] as const).filter((family) => wanted.public_net[`enable_${family}`]);
  for (const family of addresses) requireFree(world, wanted.public_net[family], family, location);
  const server: Server = {
    id: newId(world),
    name: wanted.name,
    created: now(),
    phase: 'initializing',
    type: type.name,
    location,
    image: image.name,
    labels: wanted.labels,
    protection: { delete: false, rebuild: false },
    backup_window: null,
    userData: wanted.user_data,
    sshKeys: wanted.ssh_keys,
    firewalls: wanted.firewalls.map((entry) => entry.firewall),
    diskSize: type.disk,
  };
  world.servers.set(server.id, server);
  for (const family of addresses) assign(world, server, family, wanted.public_net[family]);
  for (const id of wanted.volumes) Object.assign(world.volumes.get(id) ?? {}, { server: server.id });
  return { status: 201, body: await start(world, server, wanted) };
}

/** The type, if one can still order it there. */
function orderable(wanted: Plan): ServerType {
  const type = serverTypes.find(
    (entry) => entry.name === wanted.server_type || entry.id === Number(wanted.server_type),
  );
  if (type === undefined) throw invalid('server_type', 'server type not found');
  const location = wanted.location ?? 'nbg1';
  if (!locations.some((entry) => entry.name === location))
    throw new Refusal('invalid_input', `location '${location}' not found`, {
      fields: [{ name: 'location', messages: [] }],
    });
  if (type.deprecated) throw new Refusal('invalid_input', `server type ${type.id} is deprecated`);
  if (!type.locations.some((entry) => entry.name === location))
    throw new Refusal('invalid_input', 'unsupported location for server type', {});
  return type;
}

function requireAttachable(world: World, id: number, location: string): void {
  const volume = world.volumes.get(id);
  if (volume === undefined) throw notFound('volume', id);
  if (volume.server !== null) throw new Refusal('volume_already_attached', 'volume is already attached to a server');
  if (volume.location !== location) throw invalid('volumes', 'volume is in another location');
}

function assign(world: World, server: Server, family: 'ipv4' | 'ipv6', id: number | undefined): void {
  const given = id === undefined ? undefined : world.primaryIps.get(id);
  // An address nobody asked for goes with its server.
  const name = `primary_ip-${server.id}-${family}`;
  const ip = given ?? addIp(world, { name, type: family, location: server.location, auto_delete: true });
  ip.assignee_id = server.id;
}

async function start(world: World, server: Server, wanted: Plan) {
  const subject: Subject = { type: 'server', id: server.id };
  const keys = server.sshKeys.map((id) => world.sshKeys.get(id)?.public_key ?? '');
  const v4 = [...world.primaryIps.values()].find((ip) => ip.assignee_id === server.id && ip.type === 'ipv4');
  const made = () =>
    world.hardware.createServer({
      id: server.id,
      name: server.name,
      address: v4?.ip,
      userData: server.userData,
      sshKeys: keys,
      volumes: wanted.volumes,
      start: wanted.start_after_create,
    });
  const body = await showServer(world, server);
  let ready = Promise.resolve();
  const action = begin(world, 'create_server', [subject], () => {
    ready = made().finally(() => (server.phase = undefined));
    return ready;
  });
  const next: Action[] = wanted.start_after_create ? [begin(world, 'start_server', [subject], () => ready)] : [];
  const root_password = server.sshKeys.length === 0 ? 'not-in-the-lab' : null;
  return { server: { ...body, locked: true }, action, next_actions: next, root_password };
}

function remove(request: Request): Answer {
  const { world } = request;
  const server = found('server', world.servers, request);
  if (server.protection.delete) throw new Refusal('protected', 'server deletion is protected');
  const subject: Subject = { type: 'server', id: server.id };
  requireUnlocked(world, subject);
  server.phase = 'deleting';
  const action = begin(world, 'delete_server', [subject], async () => {
    await world.hardware.destroyServer(server.id);
    for (const volume of world.volumes.values()) if (volume.server === server.id) volume.server = null;
    releaseIps(world, server.id);
    world.servers.delete(server.id);
  });
  return { status: 200, body: { action } };
}

function power(request: Request, change: PowerChange, command: string): Answer {
  const { world } = request;
  const server = found('server', world.servers, request);
  const subject: Subject = { type: 'server', id: server.id };
  requireUnlocked(world, subject);
  const action = begin(world, command, [subject], () => world.hardware.power(server.id, change));
  return { status: 201, body: { action } };
}

/** A change that only the tables know of. */
function change(request: Request, command: string, apply: (server: Server) => unknown): Answer {
  const { world } = request;
  const server = found('server', world.servers, request);
  const action = begin(world, command, [{ type: 'server', id: server.id }], async () => void apply(server));
  return { status: 201, body: { action } };
}

async function changeType(request: Request): Promise<Answer> {
  const { world } = request;
  const server = found('server', world.servers, request);
  const wanted = read(z.object({ server_type: idOrName, upgrade_disk: z.boolean() }), request.body);
  const type = serverTypes.find(
    (entry) => entry.name === wanted.server_type || entry.id === Number(wanted.server_type),
  );
  if (type === undefined) throw invalid('server_type', 'server type not found');
  const before = serverTypes.find((entry) => entry.name === server.type);
  if (type.deprecated || type.architecture !== before?.architecture)
    throw new Refusal('invalid_server_type', 'server type does not fit for the given server');
  if (!type.locations.some((entry) => entry.name === server.location))
    throw new Refusal('invalid_input', 'unsupported location for server type', {});
  if (await world.hardware.isOn(server.id)) throw new Refusal('server_not_stopped', 'server must be stopped');
  if (type.disk < server.diskSize)
    throw new Refusal('invalid_server_type', 'server disk is larger than that of the type');
  const action = begin(world, 'change_server_type', [{ type: 'server', id: server.id }], async () => {
    server.type = type.name;
    if (wanted.upgrade_disk) server.diskSize = type.disk;
    // "... and starts it again", says the API's documentation; the provider counts on it.
    await world.hardware.power(server.id, 'poweron');
  });
  return { status: 201, body: { action } };
}

async function one(world: World, server: Server): Promise<Answer> {
  return { status: 200, body: { server: await showServer(world, server) } };
}
