// Volumes: `/volumes`. They outlive servers.
import * as z from 'zod';
import { begin, requireUnlocked } from './action';
import { locations } from './catalogue';
import { Refusal, invalid, notFound } from './refusal';
import { found, labels, list, read, rename, requireUnique, resourceName } from './request';
import type { Answer, Request, Routes } from './request';
import { showVolume } from './show';
import { newId, now, type Action, type Volume, type World } from './world';

/** The routes. */
export const volumeRoutes: Routes = {
  'GET /volumes': ({ world, query }) => list('volumes', [...world.volumes.values()].map(showVolume), query),
  'POST /volumes': create,
  'GET /volumes/:id': (request) => one(found('volume', request.world.volumes, request)),
  'PUT /volumes/:id': (request) => {
    const volume = found('volume', request.world.volumes, request);
    const change = read(rename, request.body);
    if (change.name !== undefined) requireUnique('volume', request.world.volumes.values(), change.name, volume.id);
    Object.assign(volume, { name: change.name ?? volume.name, labels: change.labels ?? volume.labels });
    return one(volume);
  },
  'DELETE /volumes/:id': remove,
  'POST /volumes/:id/actions/attach': (request) => {
    const volume = found('volume', request.world.volumes, request);
    const { server } = read(z.looseObject({ server: z.int() }), request.body);
    return { status: 201, body: { action: attach(request.world, volume, server) } };
  },
  'POST /volumes/:id/actions/detach': detach,
  'POST /volumes/:id/actions/resize': resize,
  'POST /volumes/:id/actions/change_protection': (request) => {
    const volume = found('volume', request.world.volumes, request);
    const wanted = read(z.object({ delete: z.boolean().optional() }), request.body);
    const action = begin(request.world, 'change_protection', [subject(volume)], async () => {
      volume.protection.delete = wanted.delete ?? volume.protection.delete;
    });
    return { status: 201, body: { action } };
  },
};

// ---

const wantedVolume = z.looseObject({
  name: resourceName,
  size: z.int().min(10, 'must be at least 10').max(10_240, 'must be at most 10240'),
  location: z.union([z.string(), z.int()]).optional(),
  server: z.int().optional(),
  labels: labels.default({}),
  format: z.enum(['ext4', 'xfs']).optional(),
  automount: z.boolean().optional(),
});

function create({ world, body }: Request): Answer {
  const wanted = read(wantedVolume, body);
  requireUnique('volume', world.volumes.values(), wanted.name);
  const server = wanted.server === undefined ? undefined : world.servers.get(wanted.server);
  if (wanted.server !== undefined && server === undefined) throw notFound('server', wanted.server);
  const place = locations.find((entry) => entry.name === wanted.location || entry.id === Number(wanted.location));
  const location = server?.location ?? place?.name;
  if (location === undefined) throw invalid('location', 'either location or server must be provided');
  if (wanted.automount === true && server === undefined) throw invalid('automount', 'automount needs a server');
  const volume: Volume = {
    id: newId(world),
    name: wanted.name,
    server: null,
    status: 'creating',
    location,
    size: wanted.size,
    format: wanted.format ?? null,
    labels: wanted.labels,
    protection: { delete: false },
    created: now(),
  };
  world.volumes.set(volume.id, volume);
  const made = world.hardware.createDisk(volume.id, volume.size, wanted.format);
  const shown = showVolume(volume);
  const action = begin(world, 'create_volume', [subject(volume)], async () => {
    await made;
    volume.status = 'available';
  });
  const next_actions = server === undefined ? [] : [attach(world, volume, server.id, made)];
  return { status: 201, body: { volume: shown, action, next_actions } };
}

function attach(world: World, volume: Volume, server: number, made?: Promise<void>): Action {
  if (!world.servers.has(server)) throw notFound('server', server);
  if (volume.server !== null) throw new Refusal('volume_already_attached', 'volume is already attached to a server');
  if (volume.location !== world.servers.get(server)?.location)
    throw invalid('server', 'server and volume must be in the same location');
  if (made === undefined) requireUnlocked(world, subject(volume));
  requireUnlocked(world, { type: 'server', id: server });
  volume.server = server;
  return begin(world, 'attach_volume', [{ type: 'server', id: server }, subject(volume)], async () => {
    await made;
    await world.hardware.attachDisk(volume.id, server);
  });
}

function detach(request: Request): Answer {
  const { world } = request;
  const volume = found('volume', world.volumes, request);
  const { server } = volume;
  if (server === null) throw new Refusal('invalid_input', 'volume is not attached to a server');
  requireUnlocked(world, subject(volume));
  requireUnlocked(world, { type: 'server', id: server });
  const action = begin(world, 'detach_volume', [{ type: 'server', id: server }, subject(volume)], async () => {
    await world.hardware.detachDisk(volume.id, server);
    volume.server = null;
  });
  return { status: 201, body: { action } };
}

function resize(request: Request): Answer {
  const { world } = request;
  const volume = found('volume', world.volumes, request);
  const { size } = read(z.object({ size: z.int().max(10_240) }), request.body);
  if (size <= volume.size) throw invalid('size', 'size must be larger than the current size');
  requireUnlocked(world, subject(volume));
  const action = begin(world, 'resize_volume', [subject(volume)], async () => {
    await world.hardware.resizeDisk(volume.id, size);
    volume.size = size;
  });
  return { status: 201, body: { action } };
}

async function remove(request: Request): Promise<Answer> {
  const volume = found('volume', request.world.volumes, request);
  if (volume.protection.delete) throw new Refusal('protected', 'volume deletion is protected');
  if (volume.server !== null)
    throw new Refusal('invalid_input', `volume with ID '${volume.id}' is still attached to a server`);
  requireUnlocked(request.world, subject(volume));
  request.world.volumes.delete(volume.id);
  await request.world.hardware.destroyDisk(volume.id);
  return { status: 204 };
}

function subject(volume: Volume) {
  return { type: 'volume' as const, id: volume.id };
}

function one(volume: Volume): Answer {
  return { status: 200, body: { volume: showVolume(volume) } };
}
