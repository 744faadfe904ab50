// From a requested model name to the targets to try, in order. Pure: what it needs to know is passed in.

import type { Account } from '../../../config/accounts';
import { nearestModels } from '../../../config/catalogue';
import { type Config, type Route } from '../../../config/load';
import { ownValue } from '../../../config/forms';
import { findTarget, type FoundTarget } from '../../../config/resolve';
import type { Settings } from '../../../config/schema';
import type { Target } from '../../../config/target';
import { GatewayError } from '../core/errors';
import type { TargetHealth, TargetKey } from '../upstream/targetHealth';
import { costOf, ratesOf } from '../accounting/pricing';
import { speaks } from '../wire';
import { formRefusals, refusedDemand } from '../wire/refusedDemand';
import type { FormDemand, FormDemands } from '../wire/shared/formDemands';
import { formDemands, leastInput, type Needs, type RequestFacts } from './inspect';
import { allowedTargets, type ScopedKey } from './keyScope';

export interface Plan {
  readonly requested: string;
  /** The route's own name; null for a model named directly. */
  readonly route: string | null;
  /** Best first; never empty. */
  readonly targets: readonly Target[];
  readonly strategy: Route['strategy'] | 'direct';
  readonly strict: boolean;
  readonly warning: string | undefined;
  /** The route that answers in its place, and from which percentage of a budget on it does. */
  readonly stepped?: { readonly from: number; readonly route: string };
}

export interface PlanMoment {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** ISO date of `now`. */
  readonly day: string;
  /** A number in [0, 1), for `weighted`. */
  readonly random: () => number;
}

/**
 * @param step answers in place of the route that is asked for; whether the key may use it is a matter of the latter
 * @throws GatewayError unknown_model, not_allowed, provider_absent, no_capable_target, bad_json, bad_request
 */
export function plan(
  config: Config,
  facts: RequestFacts,
  body: Buffer,
  key: ScopedKey,
  health: TargetHealth,
  moment: PlanMoment,
  step?: { readonly from: number; readonly route: Route },
): Plan {
  const { model: requested, needs } = facts;
  const asked = routeNamed(config, requested);
  if (asked === undefined) return directPlan(config, facts, body, key, moment.day);
  const route = step?.route ?? asked;
  if (route.targets.length === 0) throw providerAbsent(config, requested);
  const targets = allowedTargets(config, key, { requested, route: asked.name, targets: route.targets }, moment.day);
  const capable = capableOf(config, { ...route, targets }, facts, body);
  const ordered = order(config, route, capable, needs, health, moment);
  const cooling = (target: Target) => health.isResting(targetKey(config, target), moment.now);
  const resting = ordered.filter(cooling);
  const rested = resting.length === 0 ? ordered : ordered.filter((target) => !cooling(target));
  // Where all of them rest, the one that is the first to be well again is asked.
  const last =
    rested.length > 0 ? resting : sortedBy(resting, (target) => health.restsUntil(targetKey(config, target)));
  return {
    requested,
    route: asked.name,
    targets: [...rested, ...last],
    strategy: route.strategy,
    strict: route.strict,
    warning: undefined,
    ...(step === undefined ? {} : { stepped: { from: step.from, route: route.name } }),
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

/** Whether the gateway chose the model, by a route, an alias or a successor, as opposed to its own id by which it was named. */
export function isChosen({ requested, route }: Plan, target: Target): boolean {
  return route !== null || requested !== target.model;
}

/** Under which the health of a target is kept: one account's trouble (credential, credit, rate) is not another's. */
export function healthKey(target: Target, { name }: Pick<Account, 'name'>): TargetKey {
  const known = keys.get(target);
  if (known?.name === name) return known;
  const key = {
    name,
    target: `${target.label} ${name}`,
    account: `${target.provider} ${name}`,
    madeUp: madeUp.has(target),
  };
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
function incapability(target: Target, needs: Needs, input: number): string | undefined {
  if (target.kind !== undefined && target.kind !== needs.kind)
    return needs.kind === 'embedding' ? 'makes no embeddings' : 'makes embeddings only';
  for (const capability of needs.capabilities) {
    if (!target.capabilities.has(capability)) return `lacks ${capability}`;
  }
  if (target.maxOutput !== undefined && needs.output !== undefined && needs.output > target.maxOutput) {
    return `gives at most ${target.maxOutput} output tokens, ${needs.output} are asked for`;
  }
  const needed = input + (needs.output ?? 0);
  if (target.context !== undefined && needed > target.context)
    return `holds ${target.context} tokens, about ${needed} are needed`;
  return undefined;
}

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

/** Of the account that each target was called with last. */
const keys = new WeakMap<Target, TargetKey & { readonly name: string }>();

/** Targets that a client has named, and that are neither in the catalogue nor in the configuration. */
const madeUp = new WeakSet<Target>();

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
  const { provider, model, row } = found.target;
  if (row === undefined && ownValue(settings.providers[provider]?.models ?? {}, model) === undefined)
    madeUp.add(found.target);
  if (known.targets.size >= mostNames) known.targets.clear();
  known.targets.set(name, found);
  return found;
}

function directPlan(config: Config, facts: RequestFacts, body: Buffer, key: ScopedKey, day: string): Plan {
  const { model: requested, needs } = facts;
  const found = knownTarget(requested, config.settings, day);
  if (found === undefined) {
    const near = [...nearestModels(requested), ...[...config.routes.keys()].slice(0, 5)];
    throw new GatewayError('unknown_model', {
      field: 'model',
      message: `There is no model or route "${requested.slice(0, 100)}" here.${near.length > 0 ? ` Nearest models and routes: ${near.join(', ')}.` : ''} GET /v1/models lists them all.`,
    });
  }
  const { target, warning } = found;
  allowedTargets(config, key, { requested, route: null, targets: [target] }, day);
  const provider = config.providers.get(target.provider);
  if (provider === undefined) throw providerAbsent(config, requested, target.provider);
  const { kind } = target;
  if (kind !== undefined && kind !== needs.kind) {
    const remedy =
      kind === 'embedding'
        ? 'makes embeddings and answers nothing else: POST /v1/embeddings'
        : 'makes no embeddings; GET /v1/models lists models that do';
    throw new GatewayError('no_capable_target', { field: 'model', message: `"${requested.slice(0, 100)}" ${remedy}.` });
  }
  // Who names a model by its own id is told its provider's refusals. Where the request is translated, what is lost is named.
  if (target.model !== requested && needs.kind === 'chat' && speaks(provider, facts.format, false)) {
    const refused = refusedDemand(formDemands(facts, body), facts.format, provider.wire, target, needs.capabilities);
    if (refused !== undefined)
      throw formRefused(refused, `"${requested.slice(0, 100)}" is ${target.label} here, which`);
  }
  return { requested, route: null, targets: [target], strategy: 'direct', strict: false, warning };
}

/** @throws GatewayError no_capable_target */
function capableOf(config: Config, route: Route, facts: RequestFacts, body: Buffer): readonly Target[] {
  const { needs } = facts;
  return capableTargets(config, route, facts, needs, needs.kind === 'chat' ? formDemands(facts, body) : undefined);
}

// A search of the web is preferred, and on a route that is not strict no more: an agent that names it in every request, as
// Codex does, is answered by a host without it. It is dropped there, and named.
function capableTargets(
  config: Config,
  route: Route,
  facts: RequestFacts,
  needs: Needs,
  demands: FormDemands | undefined,
): readonly Target[] {
  const { model: requested, format } = facts;
  const refusals: string[] = [];
  const least = leastInput(facts);
  let form: FormDemand | undefined;
  const capable = route.targets.filter((target) => {
    const provider = config.providers.get(target.provider);
    let why = incapability(target, needs, least);
    if (why === undefined && demands !== undefined && provider !== undefined) {
      const refused = refusedDemand(demands, format, provider.wire, target, needs.capabilities);
      if (refused !== undefined) why = `${formRefusals[refused.kind]} ("${refused.field}")`;
      form ??= refused;
    }
    if (why !== undefined) refusals.push(`${target.label} ${why}`);
    return why === undefined;
  });
  if (capable.length > 0) return capable;
  const others = needs.capabilities.filter((capability) => capability !== 'web_search');
  if (!route.strict && others.length < needs.capabilities.length)
    return capableTargets(config, route, facts, { ...needs, capabilities: others }, demands);
  throw new GatewayError('no_capable_target', {
    field: form?.field ?? 'model',
    message: `No model of route "${requested}" can take this request: ${refusals.slice(0, 5).join('; ')}.`,
  });
}

function formRefused({ kind, field }: FormDemand, subject: string): GatewayError {
  return new GatewayError('no_capable_target', { field, message: `${subject} ${formRefusals[kind]} ("${field}").` });
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
