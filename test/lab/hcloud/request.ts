// What a route of the API gets and gives, and what all of them read from it: bodies, ids, filters, pages.
import * as z from 'zod';
import { Refusal, notFound } from './refusal';
import type { Labels, World } from './world';

/** A request, authenticated and parsed. */
export interface Request {
  world: World;
  /** The parts of the path that the route's pattern left open. */
  parts: string[];
  query: URLSearchParams;
  body: unknown;
}

/** The answer: a status, and what JSON to send (nothing for 204). */
export interface Answer {
  status: number;
  body?: unknown;
}

/** METHOD and pattern (`POST /servers/:id/actions/poweron`) of every route of one noun. */
export type Routes = Record<string, (request: Request) => Answer | Promise<Answer>>;

/** Reads a body; what does not fit is refused field by field. */
export function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => ({ name: issue.path.join('.'), messages: [issue.message] }));
  const names = fields.map((field) => `'${field.name}'`).join(', ');
  throw new Refusal('invalid_input', `invalid input in field${fields.length > 1 ? 's' : ''} ${names}`, { fields });
}

/** The resource whose id is the path's first open part. */
export function found<T>(kind: string, things: Map<number, T>, request: Request): T {
  const id = request.parts[0] ?? '';
  const thing = things.get(Number(id));
  if (thing === undefined) throw notFound(kind, id);
  return thing;
}

/** Refuses a name that another resource of its kind has. */
export function requireUnique(
  kind: string,
  things: Iterable<{ id: number; name: string }>,
  name: string,
  self?: number,
) {
  for (const thing of things)
    if (thing.name === name && thing.id !== self) throw new Refusal('uniqueness_error', `${kind} name is already used`);
}

/** A list, filtered by what the query names and cut into pages. */
export function list<T extends object>(key: string, things: readonly T[], query: URLSearchParams): Answer {
  const chosen = things.filter((thing) => matches(thing as Record<string, unknown>, query));
  const page = Math.max(1, Number(query.get('page') ?? 1) || 1);
  const per_page = Math.min(50, Math.max(1, Number(query.get('per_page') ?? 25) || 25));
  const last_page = Math.max(1, Math.ceil(chosen.length / per_page));
  const pagination = {
    page,
    per_page,
    previous_page: page > 1 ? page - 1 : null,
    next_page: page < last_page ? page + 1 : null,
    last_page,
    total_entries: chosen.length,
  };
  return { status: 200, body: { [key]: chosen.slice((page - 1) * per_page, page * per_page), meta: { pagination } } };
}

/** A name, labels: what every resource takes. */
export const resourceName = z.string().min(1).max(63);

/** Labels as the API allows them. */
export const labels = z.record(
  z.string().regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, 'invalid label key'),
  z.string().regex(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/, 'invalid label value'),
);

/** The change of name and labels that every resource allows. */
export const rename = z.looseObject({ name: resourceName.optional(), labels: labels.optional() });

// ---

/** Filters that the API knows; others are ignored, as it does. */
const filters = ['name', 'fingerprint', 'architecture', 'ip', 'status', 'type'];

function matches(thing: Record<string, unknown>, query: URLSearchParams): boolean {
  const asked = filters.filter((filter) => query.has(filter) && filter in thing);
  if (!asked.every((filter) => query.getAll(filter).includes(String(thing[filter])))) return false;
  const selector = query.get('label_selector');
  return selector === null || selects(selector, (thing['labels'] ?? {}) as Labels);
}

/** The plain selectors: `key`, `!key`, `key=value`, `key!=value`, joined by commas. */
export function selects(selector: string, own: Labels): boolean {
  return selector
    .split(',')
    .filter((term) => term.trim() !== '')
    .every((term) => {
      const [, not, key = '', operator, value] = /^\s*(!?)([^!=\s]+)\s*(==?|!=)?\s*(\S*)\s*$/.exec(term) ?? [];
      if (operator === undefined) return (not === '!') !== key in own;
      return (operator === '!=') !== (own[key] === value);
    });
}
