// What a key may use: `models` and `routes` of its settings. A model is the same by all its names, so that what is listed by
// one of them may be asked for by another, and a route is left with those of its targets that are listed.

import type { Config } from '../../../config/load';
import { findTarget } from '../../../config/resolve';
import type { Settings } from '../../../config/schema';
import type { Target } from '../../../config/target';
import { GatewayError } from '../core/errors';

/** The part of a key that says what it may use. */
export interface ScopedKey {
  readonly label: string;
  /** JSON lists of names; null: all. */
  readonly models: string | null;
  readonly routes: string | null;
}

/** What a request named, and what that stands for. */
export interface NamedTargets {
  readonly requested: string;
  /** The route's name; null where a model was named by itself. */
  readonly route: string | null;
  readonly targets: readonly Target[];
}

/**
 * Of the targets, those that the key may use.
 * @param day ISO date: models past their last day are answered by their successors
 * @throws GatewayError not_allowed
 */
export function allowedTargets(
  config: Pick<Config, 'settings'>,
  key: ScopedKey,
  named: NamedTargets,
  day: string,
): readonly Target[] {
  const allowed = usableTargets(config, key, named, day);
  if (allowed.length > 0) return allowed;
  const { requested, route } = named;
  const { models, routes } = scopeOf(key, config.settings, day);
  const name = requested.slice(0, 100);
  if (route !== null && routes?.has(route) === false) throw refusal(key, `the route "${name}"`);
  if (route === null && models === undefined) throw refusal(key, `"${name}" by its own name`);
  throw refusal(key, route === null ? `"${name}"` : `any model of the route "${route}"`);
}

/** The same, and none where it may use none. */
export function usableTargets(
  { settings }: Pick<Config, 'settings'>,
  key: ScopedKey,
  { route, targets }: Pick<NamedTargets, 'route' | 'targets'>,
  day: string,
): readonly Target[] {
  if (key.models === null && key.routes === null) return targets;
  const { models, routes } = scopeOf(key, settings, day);
  if (route !== null && routes?.has(route) === false) return [];
  // Who may name certain routes only would get at every model by its own name.
  if (models === undefined) return route === null ? [] : targets;
  return targets.filter(({ label }) => models.has(label));
}

// ---

interface Scope {
  /** Labels of targets; undefined: all. */
  readonly models: ReadonlySet<string> | undefined;
  readonly routes: ReadonlySet<string> | undefined;
}

const scopes = new WeakMap<ScopedKey, { settings: Settings; day: string; scope: Scope }>();

function scopeOf(key: ScopedKey, settings: Settings, day: string): Scope {
  const known = scopes.get(key);
  if (known?.settings === settings && known.day === day) return known.scope;
  const scope = {
    models: key.models === null ? undefined : new Set(namesOf(key.models).map((name) => labelOf(name, settings, day))),
    routes: key.routes === null ? undefined : new Set(namesOf(key.routes)),
  };
  scopes.set(key, { settings, day, scope });
  return scope;
}

function namesOf(list: string): string[] {
  return JSON.parse(list) as string[];
}

/** A name that resolves to nothing is a model of a host that is no longer set up: it allows nothing. */
function labelOf(name: string, settings: Settings, day: string): string {
  return findTarget(name, settings, day)?.target.label ?? name;
}

function refusal({ label, models, routes }: ScopedKey, what: string): GatewayError {
  const lists = [
    ...(routes === null ? [] : [`the routes ${namesOf(routes).slice(0, 10).join(', ')}`]),
    ...(models === null ? [] : [`the models ${namesOf(models).slice(0, 10).join(', ')}`]),
  ];
  return new GatewayError('not_allowed', {
    field: 'model',
    message: `Key "${label}" may not use ${what}, only ${lists.join(' and ')}.`,
  });
}
