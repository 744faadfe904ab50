// Names → targets: what a model name stands for, and which candidates a route has.

import { findModel, models } from './catalogue';
import { isoDay } from './calendar';
import { isKnownProvider, knownProviders } from './knownProviders';
import type { RouteSettings, Settings, Strategy } from './schema';
import { catalogueTarget, configuredTarget, type Target, unknownTarget } from './target';

export interface Route {
  readonly name: string;
  readonly strategy: Strategy;
  readonly strict: boolean;
  /** Only those whose provider is present. */
  readonly targets: readonly Target[];
  /** Target label → share, for `weighted`. */
  readonly weights: ReadonlyMap<string, number>;
}

/** A model name of a route (or of a request that is no route) → its target, present or not. */
export function findTarget(
  name: string,
  settings: Settings,
  today?: string,
): { target: Target; warning?: string } | undefined {
  const slash = name.indexOf('/');
  if (slash > 0) {
    const provider = name.slice(0, slash);
    const model = name.slice(slash + 1);
    const own = settings.providers[provider];
    const custom = own?.models[model];
    if (custom !== undefined) return { target: configuredTarget(provider, model, custom) };
    if (own !== undefined && !isKnownProvider(provider))
      return model === '' ? undefined : { target: unknownTarget(provider, model) };
  }
  const found = findModel(name, undefined, today);
  if (found !== undefined) {
    const target = catalogueTarget(found.model, found.send);
    return found.warning === undefined ? { target } : { target, warning: found.warning };
  }
  if (slash > 0 && slash < name.length - 1 && isKnownProvider(name.slice(0, slash))) {
    return { target: unknownTarget(name.slice(0, slash), name.slice(slash + 1)) };
  }
  for (const [provider, own] of Object.entries(settings.providers)) {
    const custom = own.models[name];
    if (custom !== undefined) return { target: configuredTarget(provider, name, custom) };
  }
  return undefined;
}

export function resolveRoute(
  name: string,
  route: RouteSettings,
  settings: Settings,
  warnings: string[],
  today: string,
): Target[] {
  if (route.models !== undefined) {
    return route.models.flatMap((model, i) => {
      const found = findTarget(model, settings, today);
      if (found?.warning !== undefined) warnings.push(`routes.${name}.models[${i}]: ${found.warning}`);
      return found === undefined ? [] : [found.target];
    });
  }
  const providers = route.providers ?? [
    ...new Set([...Object.keys(knownProviders), ...Object.keys(settings.providers)]),
  ];
  return providers.flatMap((provider) => {
    const own = Object.entries(settings.providers[provider]?.models ?? {}).map(([model, custom]) =>
      configuredTarget(provider, model, custom),
    );
    const rows = models.filter((row) => row.provider === provider && row.kind === 'chat');
    const chosen = route.strategy === 'ordered' ? rows.filter((row) => row.default) : rows.filter((row) => row.current);
    const all = [...own, ...chosen.map((row) => catalogueTarget(row, row.id))];
    return route.strategy === 'ordered' ? all.slice(0, 1) : all;
  });
}

export function weightsOf(route: RouteSettings, plan: readonly Target[]): Map<string, number> {
  const weights = new Map<string, number>();
  route.models?.forEach((model, i) => {
    const target = plan[i];
    if (target !== undefined) weights.set(target.label, route.weights?.[model] ?? 1);
  });
  return weights;
}

/** Settings → the warnings that loading them would print (retired models and the like), with no environment. */
export function warningsOf(settings: Settings, today = isoDay(Date.now())): string[] {
  const warnings: string[] = [];
  for (const [name, route] of Object.entries(settings.routes)) resolveRoute(name, route, settings, warnings, today);
  return warnings;
}
