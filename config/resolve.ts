// Names → targets: what a model name stands for, and which candidates a route has.

import { findModel, models, nearestModels } from './catalogue';
import { isoDay } from './calendar';
import { ownValue } from './forms';
import { isKnownProvider, knownProviders } from './knownProviders';
import type { FoundProviders } from './providers';
import type { RouteSettings, Settings, Strategy } from './schema';
import { catalogueTarget, configuredTarget, type Target, unknownTarget } from './target';

/** A route with its candidates. */
export interface Route {
  readonly name: string;
  readonly strategy: Strategy;
  /** Whether a target that cannot carry a field of the request is passed over instead of the field being dropped. */
  readonly strict: boolean;
  /** In the order written; only those whose provider is present. May be empty. */
  readonly targets: readonly Target[];
  /** Target label → share, for `weighted`; a target that is not in it has share 1. */
  readonly weights: ReadonlyMap<string, number>;
  /** What answers instead once so much of a budget is spent, the highest percentage first. */
  readonly stepDowns: readonly StepDown[];
}

/** A route that answers instead of another. */
export interface StepDown {
  /** Percentage of a budget from which on it does. */
  readonly from: number;
  readonly route: string;
}

/** What a model name stands for. */
export interface FoundTarget {
  /** Its provider may be absent. */
  readonly target: Target;
  /** Set when the name is retired or misspelt and a successor answers: a sentence naming both. */
  readonly warning?: string;
}

/**
 * The target of a model name: of the catalogue, of a provider's own models, or `provider/anything`. Never throws,
 * whatever the name is.
 * @param today ISO date; models past their last day are answered by their successors, without it none is
 * @returns `undefined` for a name that stands for nothing (a route's name too)
 */
export function findTarget(name: string, settings: Settings, today?: string): FoundTarget | undefined {
  const slash = name.indexOf('/');
  const prefix = slash > 0 ? name.slice(0, slash) : undefined;
  const model = name.slice(slash + 1);
  if (prefix !== undefined) {
    const own = ownValue(settings.providers, prefix);
    const custom = own && ownValue(own.models, model);
    if (custom !== undefined) return { target: configuredTarget(prefix, model, custom) };
    if (own !== undefined && !isKnownProvider(prefix))
      return model === '' ? undefined : { target: unknownTarget(prefix, model) };
  }
  const found = findModel(name, undefined, today);
  if (found !== undefined) {
    const target = catalogueTarget(found.model, found.send);
    return found.warning === undefined ? { target } : { target, warning: found.warning };
  }
  if (prefix !== undefined && model !== '' && isKnownProvider(prefix)) return { target: unknownTarget(prefix, model) };
  for (const [provider, own] of Object.entries(settings.providers)) {
    const custom = ownValue(own.models, name);
    if (custom !== undefined) return { target: configuredTarget(provider, name, custom) };
  }
  return undefined;
}

/** What is wrong with a model name that stands for nothing, with the nearest that do. */
export function unknownModel(model: string): string {
  const near = nearestModels(model);
  return `"${model}" is not a known model.${near.length > 0 ? ` Nearest: ${near.join(', ')}.` : ''} A model the catalogue does not know is written provider/model.`;
}

/**
 * Every route with its candidates.
 * @param today ISO date
 * @param warnings where a sentence for each retired model, and for each route without a candidate, is put
 */
export function findRoutes(
  settings: Settings,
  { providers, absent }: FoundProviders,
  today: string,
  warnings: string[],
): Map<string, Route> {
  const routes = new Map<string, Route>();
  for (const [name, route] of Object.entries(settings.routes)) {
    const candidates = candidatesOf(name, route, settings, today, warnings);
    const targets = candidates.filter((target) => providers.has(target.provider));
    if (targets.length === 0) {
      const needed = [...new Set(candidates.map((target) => absent.get(target.provider) ?? target.provider))];
      warnings.push(`routes.${name}: none of its providers has a key; set ${needed.join(' or ')}.`);
    }
    const { strategy, strict } = route;
    routes.set(name, {
      name,
      strategy,
      strict,
      targets,
      weights: weightsOf(route, candidates),
      stepDowns: stepDownsOf(route),
    });
  }
  return routes;
}

/** The warnings of the routes' models (retired, misspelt), with no environment. @param today ISO date */
export function warningsOf(settings: Settings, today = isoDay(Date.now())): string[] {
  const warnings: string[] = [];
  for (const [name, route] of Object.entries(settings.routes)) candidatesOf(name, route, settings, today, warnings);
  return warnings;
}

// ---

/** A route's targets in the order written, also those whose provider is absent. */
function candidatesOf(
  name: string,
  route: RouteSettings,
  settings: Settings,
  today: string,
  warnings: string[],
): Target[] {
  if (route.models !== undefined) {
    return route.models.flatMap((model, i) => {
      const found = findTarget(model, settings, today);
      if (found?.warning !== undefined) warnings.push(`routes.${name}.models[${i}]: ${found.warning}`);
      return found === undefined ? [] : [found.target];
    });
  }
  const all = [...new Set([...Object.keys(knownProviders), ...Object.keys(settings.providers)])];
  return (route.providers ?? all).flatMap((provider) => chatTargets(provider, route.strategy, settings));
}

/** A provider's candidates for a route that names no models: its current chat models, for `ordered` one of them. */
function chatTargets(provider: string, strategy: Strategy, settings: Settings): Target[] {
  const configured = Object.entries(ownValue(settings.providers, provider)?.models ?? {})
    .map(([model, custom]) => configuredTarget(provider, model, custom))
    .filter((target) => target.kind !== 'embedding');
  const chosen = models
    .filter((row) => row.provider === provider && row.kind === 'chat')
    .filter((row) => (strategy === 'ordered' ? row.default : row.current));
  const targets = [...configured, ...chosen.map((row) => catalogueTarget(row, row.id))];
  return strategy === 'ordered' ? targets.slice(0, 1) : targets;
}

function stepDownsOf({ when_budget_used: steps = {} }: RouteSettings): StepDown[] {
  return Object.entries(steps)
    .map(([from, route]) => ({ from: Number(from), route }))
    .sort((a, b) => b.from - a.from);
}

function weightsOf(route: RouteSettings, candidates: readonly Target[]): Map<string, number> {
  const weights = new Map<string, number>();
  route.models?.forEach((model, i) => {
    const target = candidates[i];
    if (target !== undefined) weights.set(target.label, ownValue(route.weights ?? {}, model) ?? 1);
  });
  return weights;
}
