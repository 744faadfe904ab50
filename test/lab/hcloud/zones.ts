// DNS zones and their record sets: `/zones`. Address records go into the lab's DNS, where its ACME server looks.
import * as z from 'zod';
import { begin } from './action';
import { Refusal, notFound } from './refusal';
import { labels, list, read } from './request';
import type { Answer, Request, Routes } from './request';
import { showRecordSet, showZone } from './show';
import { newId, now, type RecordSet, type World, type Zone } from './world';

/** The routes. */
export const zoneRoutes: Routes = {
  'GET /zones': ({ world, query }) => list('zones', [...world.zones.values()].map(showZone), query),
  'POST /zones': ({ world, body }) => {
    const wanted = read(z.looseObject({ name: z.string(), ttl: z.int().optional(), labels: labels.optional() }), body);
    const zone = addZone(world, wanted.name, wanted.ttl, wanted.labels);
    return { status: 201, body: { zone: showZone(zone), action: act(world, 'create_zone', zone) } };
  },
  'GET /zones/:zone': (request) => ({ status: 200, body: { zone: showZone(zoneOf(request)) } }),
  'DELETE /zones/:zone': (request) => {
    const zone = zoneOf(request);
    if (zone.protection.delete) throw new Refusal('protected', 'zone deletion is protected');
    request.world.zones.delete(zone.id);
    return { status: 201, body: { action: act(request.world, 'delete_zone', zone) } };
  },
  'GET /zones/:zone/rrsets': (request) => {
    const zone = zoneOf(request);
    return list(
      'rrsets',
      zone.rrsets.map((set) => showRecordSet(zone, set)),
      request.query,
    );
  },
  'POST /zones/:zone/rrsets': create,
  'GET /zones/:zone/rrsets/:name/:type': (request) => one(request),
  'PUT /zones/:zone/rrsets/:name/:type': (request) => {
    const set = setOf(request);
    set.labels = read(z.looseObject({ labels: labels.optional() }), request.body).labels ?? set.labels;
    return one(request);
  },
  'DELETE /zones/:zone/rrsets/:name/:type': (request) => {
    const zone = zoneOf(request);
    const set = setOf(request);
    if (set.protection.change) throw new Refusal('protected', 'record set is protected');
    zone.rrsets = zone.rrsets.filter((other) => other !== set);
    return acted(request, 'delete_rrset', () => publish(request.world, zone, { ...set, records: [] }));
  },
  'POST /zones/:zone/rrsets/:name/:type/actions/set_records': (request) => {
    const set = setOf(request);
    set.records = read(z.object({ records }), request.body).records;
    return acted(request, 'set_rrset_records', () => publish(request.world, zoneOf(request), set));
  },
  'POST /zones/:zone/rrsets/:name/:type/actions/change_ttl': (request) => {
    setOf(request).ttl = read(z.object({ ttl: z.int().nullable() }), request.body).ttl;
    return acted(request, 'change_rrset_ttl');
  },
  'POST /zones/:zone/rrsets/:name/:type/actions/change_protection': (request) => {
    setOf(request).protection.change = read(z.object({ change: z.boolean() }), request.body).change;
    return acted(request, 'change_rrset_protection');
  },
};

/** Adds a zone, as its owner does before the first deployment. */
export function addZone(world: World, name: string, ttl = 3600, own: Record<string, string> = {}): Zone {
  if ([...world.zones.values()].some((zone) => zone.name === name))
    throw new Refusal('uniqueness_error', 'zone name is already used');
  const zone: Zone = {
    id: newId(world),
    name,
    ttl,
    labels: own,
    protection: { delete: false },
    rrsets: [],
    created: now(),
  };
  world.zones.set(zone.id, zone);
  return zone;
}

// ---

const records = z
  .array(
    z
      .object({ value: z.string(), comment: z.string().optional() })
      .transform(({ value, comment }) => (comment === undefined ? { value } : { value, comment })),
  )
  .min(1);

function zoneOf({ world, parts }: Request): Zone {
  const wanted = parts[0] ?? '';
  const zone = [...world.zones.values()].find((entry) => entry.name === wanted || String(entry.id) === wanted);
  if (zone === undefined) throw notFound('zone', wanted);
  return zone;
}

function setOf(request: Request): RecordSet {
  const [, name = '', type = ''] = request.parts;
  const set = zoneOf(request).rrsets.find((entry) => entry.name === name && entry.type === type);
  if (set === undefined) throw notFound('record set', `${name}/${type}`);
  return set;
}

function create(request: Request): Answer {
  const zone = zoneOf(request);
  const wanted = read(
    z.looseObject({
      name: z.string().min(1),
      type: z.enum(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT', 'HTTPS', 'SVCB', 'TLSA', 'PTR', 'DS']),
      ttl: z.int().min(60).nullish(),
      labels: labels.default({}),
      records,
    }),
    request.body,
  );
  if (zone.rrsets.some((set) => set.name === wanted.name && set.type === wanted.type))
    throw new Refusal('uniqueness_error', 'record set already exists');
  const { name, type, ttl = null } = wanted;
  const set: RecordSet = {
    name,
    type,
    ttl,
    labels: wanted.labels,
    protection: { change: false },
    records: wanted.records,
  };
  zone.rrsets.push(set);
  const action = act(request.world, 'create_rrset', zone, () => publish(request.world, zone, set));
  return { status: 201, body: { rrset: showRecordSet(zone, set), action } };
}

async function publish(world: World, zone: Zone, set: RecordSet): Promise<void> {
  if (set.type !== 'A' && set.type !== 'AAAA') return;
  const host = set.name === '@' ? zone.name : `${set.name}.${zone.name}`;
  await world.hardware.setName(
    host,
    set.type,
    set.records.map((record) => record.value),
  );
}

function act(world: World, command: string, zone: Zone, work: () => Promise<void> = async () => undefined) {
  return begin(world, command, [{ type: 'zone', id: zone.id }], work);
}

function acted(request: Request, command: string, work?: () => Promise<void>): Answer {
  return { status: 201, body: { action: act(request.world, command, zoneOf(request), work) } };
}

function one(request: Request): Answer {
  return { status: 200, body: { rrset: showRecordSet(zoneOf(request), setOf(request)) } };
}
