// From a requested model name to the targets to try, in order. Pure: what it needs to know is passed in.

import type { Account } from '../../../config/accounts';
import { type Capability, type ModelKind, nearestModels } from '../../../config/catalogue';
import { type Config, type Route } from '../../../config/load';
import { findTarget, type FoundTarget } from '../../../config/resolve';
import type { Settings } from '../../../config/schema';
import type { Target } from '../../../config/target';
import { GatewayError } from '../core/errors';
import type { TargetHealth, TargetKey } from '../upstream/targetHealth';
import { costOf, ratesOf } from '../accounting/pricing';

/** What a request needs of a model, as far as one look at its bytes tells. */
export interface Needs {
  /** What is asked for. */
  readonly kind: ModelKind;
  readonly capabilities: readonly Capability[];
  /** Estimated tokens. */
  readonly input: number;
  /** The most output it asks for in one answer; undefined when it names none. */
  readonly output: number | undefined;
  /** Answers it asks for at once. */
  readonly answers: number;
}

export interface Plan {
  readonly requested: string;
  /** The route's own name; null for a model named directly. */
  readonly route: string | null;
  /** Best first; never empty. */
  readonly targets: readonly Target[];
  readonly strategy: Route['strategy'] | 'direct';
  readonly strict: boolean;
  readonly warning: string | undefined;
}

export interface PlanMoment {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** ISO date of `now`. */
  readonly day: string;
  /** A number in [0, 1), for `weighted`. */
  readonly random: () => number;
}

/** @throws GatewayError unknown_model, provider_absent, no_capable_target */
export function plan(config: Config, requested: string, needs: Needs, health: TargetHealth, moment: PlanMoment): Plan {
  const route = routeNamed(config, requested);
  if (route === undefined) return directPlan(config, requested, moment.day);
  if (route.targets.length === 0) throw providerAbsent(config, requested);
  const capable = capableTargets(route, requested, needs);
  const ordered = order(config, route, capable, needs, health, moment);
  const cooling = (target: Target) => health.isResting(targetKey(config, target), moment.now);
  const resting = ordered.filter(cooling);
  const rested = resting.length === 0 ? ordered : ordered.filter((target) => !cooling(target));
  // Where all of them rest, the one that is the first to be well again is asked.
  const last =
    rested.length > 0 ? resting : sortedBy(resting, (target) => health.restsUntil(targetKey(config, target)));
  return {
    requested,
    route: route.name,
    targets: [...rested, ...last],
    strategy: route.strategy,
    strict: route.strict,
    warning: undefined,
  };
}

/**
 * A route by its name, or by the name it is listed under for Claude Code, which shows only ids with `claude` in them.
 * Source: Anthropic, "LLM gateway protocol", model discovery.
 */
export function routeNamed(config: Config, name: string): Route | undefined {
  const own = config.routes.get(name);
  return own ?? (name.startsWith(claudePrefix) ? config.routes.get(name.slice(claudePrefix.length)) : undefined);
}

/** Under which the health of a target is kept: one account's trouble (credential, credit, rate) is not another's. */
export function healthKey(target: Target, { name }: Pick<Account, 'name'>): TargetKey {
  const known = keys.get(target);
  if (known?.name === name) return known;
  const key = { name, target: `${target.label} ${name}`, account: `${target.provider} ${name}` };
  keys.set(target, key);
  return key;
}

/** The same, of the account that the target would be called with. */
export function targetKey({ providers }: Config, target: Target): TargetKey {
  return healthKey(target, providers.get(target.provider)?.accounts[0] ?? { name: '' });
}

/** Put before a route's name where only ids with `claude` in them are shown. */
export const claudePrefix = 'claude-';

/** Why a target cannot take a request; undefined when it can. */
export function incapability(target: Target, needs: Needs): string | undefined {
  if (target.kind !== undefined && target.kind !== needs.kind)
    return needs.kind === 'embedding' ? 'makes no embeddings' : 'makes embeddings only';
  for (const capability of needs.capabilities) {
    if (!target.capabilities.has(capability)) return `lacks ${capability}`;
  }
  if (target.maxOutput !== undefined && needs.output !== undefined && needs.output > target.maxOutput) {
    return `gives at most ${target.maxOutput} output tokens, ${needs.output} are asked for`;
  }
  const needed = Math.ceil(needs.input * leastOfEstimate) + (needs.output ?? 0);
  if (target.context !== undefined && needed > target.context)
    return `holds ${target.context} tokens, about ${needed} are needed`;
  return undefined;
}

/**
 * Input is estimated high, for reservations: Chinese at nearly twice its tokens, prose at a third more. A target is passed
 * over only for what surely does not fit; where the provider finds it too long, a larger one is tried.
 */
const leastOfEstimate = 0.55;

/** Output tokens every candidate is priced with: the same for all, so that a small limit is not mistaken for a low price. */
const expectedOutput = 500;

/** Expected nano-USD of this request at a target, for comparison. */
export function expectedCost(target: Target, needs: Needs, day: string): number {
  const output = needs.answers * Math.min(needs.output ?? expectedOutput, expectedOutput);
  const searches = needs.capabilities.includes('web_search') ? 1 : 0; // it may be more, or none
  return costOf(
    { searches, input: needs.input, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output, reasoning: 0 },
    ratesOf(target, day),
  );
}

// ---

// A search of the web is preferred, and on a route that is not strict no more: an agent that names it in every request, as
// Codex does, is answered by a host without it. It is dropped there, and named.
function capableTargets(route: Route, requested: string, needs: Needs): readonly Target[] {
  const refusals: string[] = [];
  const capable = route.targets.filter((target) => {
    const why = incapability(target, needs);
    if (why !== undefined) refusals.push(`${target.label} ${why}`);
    return why === undefined;
  });
  if (capable.length > 0) return capable;
  const others = needs.capabilities.filter((capability) => capability !== 'web_search');
  if (!route.strict && others.length < needs.capabilities.length)
    return capableTargets(route, requested, { ...needs, capabilities: others });
  throw new GatewayError('no_capable_target', {
    field: 'model',
    message: `No model of route "${requested}" can take this request: ${refusals.slice(0, 5).join('; ')}.`,
  });
}

/** Of the account that each target was called with last. */
const keys = new WeakMap<Target, TargetKey & { readonly name: string }>();

/** Names that are remembered for one configuration and day: a client's own choice, and therefore bounded. */
const mostNames = 1_000;
const remembered = new WeakMap<Settings, { day: string; targets: Map<string, FoundTarget> }>();

// The same object for the same name, so that what is derived from a target (its rates) is derived once.
function knownTarget(name: string, settings: Settings, day: string): FoundTarget | undefined {
  let known = remembered.get(settings);
  if (known?.day !== day) remembered.set(settings, (known = { day, targets: new Map() }));
  let found = known.targets.get(name);
  if (found !== undefined) return found;
  found = findTarget(name, settings, day);
  if (found === undefined) return undefined;
  if (known.targets.size >= mostNames) known.targets.clear();
  known.targets.set(name, found);
  return found;
}

function directPlan(config: Config, requested: string, day: string): Plan {
  const found = knownTarget(requested, config.settings, day);
  if (found === undefined) {
    const near = [...nearestModels(requested), ...[...config.routes.keys()].slice(0, 5)];
    throw new GatewayError('unknown_model', {
      field: 'model',
      message: `There is no model or route "${requested.slice(0, 100)}" here.${near.length > 0 ? ` Nearest models and routes: ${near.join(', ')}.` : ''} GET /v1/models lists them all.`,
    });
  }
  if (!config.providers.has(found.target.provider)) throw providerAbsent(config, requested, found.target.provider);
  return { requested, route: null, targets: [found.target], strategy: 'direct', strict: false, warning: found.warning };
}

function providerAbsent(config: Config, requested: string, provider?: string): GatewayError {
  const variable = provider === undefined ? undefined : config.absent.get(provider);
  const remedy = variable === undefined ? `set one of ${[...config.absent.values()].join(', ')}` : `set ${variable}`;
  return new GatewayError('provider_absent', {
    field: 'model',
    message: `"${requested.slice(0, 100)}" needs ${provider === undefined ? 'a provider that is' : `the provider ${provider}, which is`} not set up on this gateway; its operator can ${remedy}.`,
  });
}

function order(
  config: Config,
  route: Route,
  targets: readonly Target[],
  needs: Needs,
  health: TargetHealth,
  moment: PlanMoment,
): Target[] {
  switch (route.strategy) {
    case 'ordered':
      return [...targets];
    case 'cheapest-capable':
      return sortedBy(targets, (target) => expectedCost(target, needs, moment.day));
    case 'fastest':
      return sortedBy(targets, (target) => health.firstByte(targetKey(config, target), moment.now));
    case 'weighted':
      return weighted(route, targets, moment.random());
  }
}

function sortedBy(targets: readonly Target[], value: (target: Target) => number): Target[] {
  return targets
    .map((target) => ({ target, value: value(target) }))
    .sort((a, b) => (a.value === b.value ? 0 : a.value - b.value)) // two may be Infinity
    .map(({ target }) => target);
}

function weighted(route: Route, targets: readonly Target[], chance: number): Target[] {
  const share = (target: Target) => route.weights.get(target.label) ?? 1;
  let point = chance * targets.reduce((sum, target) => sum + share(target), 0);
  const first = targets.find((target) => (point -= share(target)) < 0) ?? targets[0];
  return first === undefined ? [] : [first, ...targets.filter((target) => target !== first)];
}
