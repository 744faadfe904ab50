// Primary IPs: `/primary_ips`. An IPv4 address is one of this machine's loopback addresses.
import * as z from 'zod';
import { begin } from './action';
import { locations } from './catalogue';
import { Refusal, invalid, notFound } from './refusal';
import { found, labels, list, read, rename, requireUnique, resourceName } from './request';
import type { Answer, Request, Routes } from './request';
import { showPrimaryIp } from './show';
import { newId, now, type PrimaryIp, type World } from './world';

/** The routes. */
export const primaryIpRoutes: Routes = {
  'GET /primary_ips': ({ world, query }) =>
    list('primary_ips', [...world.primaryIps.values()].map(showPrimaryIp), query),
  'POST /primary_ips': create,
  'GET /primary_ips/:id': (request) => one(found('primary IP', request.world.primaryIps, request)),
  'PUT /primary_ips/:id': (request) => {
    const ip = found('primary IP', request.world.primaryIps, request);
    const change = read(rename.extend({ auto_delete: z.boolean().optional() }), request.body);
    if (change.name !== undefined) requireUnique('primary IP', request.world.primaryIps.values(), change.name, ip.id);
    ip.name = change.name ?? ip.name;
    ip.labels = change.labels ?? ip.labels;
    ip.auto_delete = change.auto_delete ?? ip.auto_delete;
    return one(ip);
  },
  'DELETE /primary_ips/:id': (request) => {
    const ip = found('primary IP', request.world.primaryIps, request);
    if (ip.protection.delete) throw new Refusal('protected', 'primary IP deletion is protected');
    if (ip.assignee_id !== null) throw new Refusal('must_be_unassigned', 'primary IP must be unassigned');
    request.world.primaryIps.delete(ip.id);
    return { status: 204 };
  },
  'POST /primary_ips/:id/actions/assign': assign,
  'POST /primary_ips/:id/actions/unassign': unassign,
  'POST /primary_ips/:id/actions/change_protection': (request) => {
    const wanted = read(z.object({ delete: z.boolean() }), request.body);
    return change(request, 'change_protection', (ip) => (ip.protection = wanted));
  },
  'POST /primary_ips/:id/actions/change_dns_ptr': (request) => {
    const { ip, dns_ptr } = read(z.object({ ip: z.string(), dns_ptr: z.string().nullish() }), request.body);
    return change(request, 'change_dns_ptr', (own) => (own.dns_ptr = [{ ip, dns_ptr: dns_ptr ?? defaultName(ip) }]));
  },
};

/** Adds an address: the next free one of its family. */
export function addIp(
  world: World,
  wanted: Pick<PrimaryIp, 'name' | 'type' | 'location' | 'auto_delete'> & { labels?: PrimaryIp['labels'] },
): PrimaryIp {
  const ip = nextAddress(world, wanted.type);
  const id = newId(world);
  const created: PrimaryIp = {
    id,
    ip,
    labels: {},
    ...wanted,
    protection: { delete: false },
    dns_ptr: wanted.type === 'ipv4' ? [{ ip, dns_ptr: defaultName(ip) }] : [],
    assignee_id: null,
    created: now(),
  };
  world.primaryIps.set(id, created);
  return created;
}

/** Refuses an address that a new server cannot have. */
export function requireFree(world: World, id: number | undefined, family: 'ipv4' | 'ipv6', location: string): void {
  if (id === undefined) return;
  const ip = world.primaryIps.get(id);
  if (ip === undefined) throw notFound('primary IP', id);
  if (ip.type !== family) throw new Refusal('primary_ip_version_mismatch', 'primary IP has the wrong version');
  if (ip.assignee_id !== null) throw new Refusal('primary_ip_assigned', 'primary IP is already assigned');
  if (ip.location !== location)
    throw new Refusal('primary_ip_datacenter_mismatch', 'primary IP and server are in different locations');
}

/** What happens to a server's addresses when it goes. */
export function releaseIps(world: World, server: number): void {
  for (const ip of world.primaryIps.values()) {
    if (ip.assignee_id !== server) continue;
    if (ip.auto_delete) world.primaryIps.delete(ip.id);
    else ip.assignee_id = null;
  }
}

// ---

const wantedIp = z.looseObject({
  name: resourceName,
  type: z.enum(['ipv4', 'ipv6']),
  location: z.string().optional(),
  assignee_id: z.int().nullish(),
  assignee_type: z.string().optional(),
  auto_delete: z.boolean().default(false),
  labels: labels.default({}),
});

function create({ world, body }: Request): Answer {
  const wanted = read(wantedIp, body);
  requireUnique('primary IP', world.primaryIps.values(), wanted.name);
  const server = wanted.assignee_id == null ? undefined : world.servers.get(wanted.assignee_id);
  if (wanted.assignee_id != null && server === undefined) throw notFound('server', wanted.assignee_id);
  const location = server?.location ?? wanted.location;
  if (location === undefined) throw invalid('location', 'either location or assignee_id must be provided');
  if (!locations.some((entry) => entry.name === location))
    throw invalid('location', `location '${location}' not found`);
  const { name, type, auto_delete } = wanted;
  const ip = addIp(world, { name, type, location, auto_delete, labels: wanted.labels });
  if (server === undefined) return { status: 201, body: { primary_ip: showPrimaryIp(ip), action: null } };
  ip.assignee_id = server.id;
  const action = begin(world, 'create_primary_ip', [{ type: 'primary_ip', id: ip.id }], async () => undefined);
  return { status: 201, body: { primary_ip: showPrimaryIp(ip), action } };
}

function nextAddress(world: World, type: 'ipv4' | 'ipv6'): string {
  const taken = new Set([...world.primaryIps.values()].map((ip) => ip.ip));
  for (let n = 5; n < 250; n += 1) {
    const address = type === 'ipv4' ? `127.0.0.${n}` : `2001:db8:0:${n.toString(16)}::/64`;
    if (!taken.has(address)) return address;
  }
  throw new Refusal('resource_limit_exceeded', 'primary IP limit exceeded');
}

function defaultName(ip: string): string {
  return `static.${ip.split('.').reverse().join('.')}.clients.example.test`;
}

/** Boxes publish their ports when they are made, so an address cannot be moved to one that is running. */
async function assign(request: Request): Promise<Answer> {
  const { world } = request;
  const ip = found('primary IP', world.primaryIps, request);
  const { assignee_id } = read(z.looseObject({ assignee_id: z.int() }), request.body);
  if (ip.assignee_id !== null) throw new Refusal('primary_ip_already_assigned', 'primary IP is already assigned');
  if (!world.servers.has(assignee_id)) throw notFound('server', assignee_id);
  if ([...world.primaryIps.values()].some((other) => other.assignee_id === assignee_id && other.type === ip.type))
    throw new Refusal(`server_has_${ip.type}`, `the server already has an ${ip.type} address`);
  if (await world.hardware.isOn(assignee_id)) throw new Refusal('server_not_stopped', 'server must be stopped');
  return change(request, 'assign_primary_ip', () => (ip.assignee_id = assignee_id));
}

async function unassign(request: Request): Promise<Answer> {
  const ip = found('primary IP', request.world.primaryIps, request);
  if (ip.assignee_id === null) throw new Refusal('invalid_input', 'primary IP is not assigned');
  if (await request.world.hardware.isOn(ip.assignee_id))
    throw new Refusal('server_not_stopped', 'server must be stopped');
  return change(request, 'unassign_primary_ip', () => (ip.assignee_id = null));
}

function change(request: Request, command: string, apply: (ip: PrimaryIp) => unknown): Answer {
  const { world } = request;
  const ip = found('primary IP', world.primaryIps, request);
  const action = begin(world, command, [{ type: 'primary_ip', id: ip.id }], async () => void apply(ip));
  return { status: 201, body: { action } };
}

function one(ip: PrimaryIp): Answer {
  return { status: 200, body: { primary_ip: showPrimaryIp(ip) } };
}
