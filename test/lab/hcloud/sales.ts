// What is on offer, and how things go: `/server_types`, `/images`, `/locations`, `/actions`.
import { images, locations, serverTypes } from './catalogue';
import { notFound } from './refusal';
import { found, list, type Answer, type Request, type Routes } from './request';

/** The routes. */
export const salesRoutes: Routes = {
  'GET /server_types': ({ query }) => list('server_types', serverTypes, query),
  'GET /server_types/:id': ({ parts }) => one('server_type', 'server type', serverTypes, parts),
  'GET /images': ({ query }) => list('images', images, query),
  'GET /images/:id': ({ parts }) => one('image', 'image', images, parts),
  'GET /locations': ({ query }) => list('locations', locations, query),
  'GET /locations/:id': ({ parts }) => one('location', 'location', locations, parts),
  'GET /actions': actions,
  'GET /actions/:id': (request) => ({ status: 200, body: { action: found('action', request.world.actions, request) } }),
};

// ---

function one(key: string, kind: string, things: readonly { id: number }[], parts: string[]): Answer {
  const thing = things.find((entry) => String(entry.id) === parts[0]);
  if (thing === undefined) throw notFound(kind, parts[0] ?? '');
  return { status: 200, body: { [key]: thing } };
}

/** Every id asked for is answered, once. */
function actions({ world, query }: Request): Answer {
  const asked = query.getAll('id').map(Number);
  const chosen = [...world.actions.values()].filter((action) => asked.length === 0 || asked.includes(action.id));
  return list('actions', chosen, query);
}
