// A route that another answers for once so much of a budget is spent (`when_budget_used`). It spares money and refuses
// nothing: where the other route cannot answer, the one that was asked for does.

import type { Config } from '../../../config/load';
import type { Route } from '../../../config/resolve';
import { quotaLimitsOf } from '../accounting/quota';
import { type ErrorCode, GatewayError } from '../core/errors';
import type { IncomingRequest, Services } from './context';
import type { RequestFacts } from './inspect';
import { plan, type Plan, type PlanMoment, routeNamed } from './plan';

/** What answers instead of the route that was asked for, and from which percentage of a budget on. */
export interface TakenStep {
  readonly from: number;
  readonly route: Route;
}

/**
 * The plan of a request, by the route that its budgets leave. The ledger is asked only for routes that have such a setting.
 * @throws what `plan` throws for the route that was asked for
 */
export function planWithinBudget(
  services: Services,
  facts: RequestFacts,
  incoming: IncomingRequest,
  moment: PlanMoment,
): Plan | Promise<Plan> {
  const { config, health, ledger } = services;
  const { body, key, startedAt } = incoming;
  const asked = routeNamed(config, facts.model);
  const usual = () => plan(config, facts, body, key, health, moment);
  if (asked === undefined || asked.stepDowns.length === 0) return usual();
  const limits = quotaLimitsOf(key, config.settings.quota, startedAt);
  return ledger.usedOf(limits).then((used) => {
    const step = stepAt(config, asked, used);
    if (step === undefined) return usual();
    try {
      return plan(config, facts, body, key, health, moment, step);
    } catch (error) {
      if (!(error instanceof GatewayError) || !cannotAnswer.has(error.code)) throw error;
      return usual();
    }
  });
}

/** The route that answers at a percentage of a budget, and of what it leads to in turn. @param used percentage that is spent */
export function stepAt({ routes }: Pick<Config, 'routes'>, asked: Route, used: number): TakenStep | undefined {
  let taken: TakenStep | undefined;
  for (;;) {
    const next = (taken?.route ?? asked).stepDowns.find(({ from }) => used >= from);
    const route = next && routes.get(next.route);
    if (next === undefined || route === undefined) return taken;
    taken = { from: next.from, route };
  }
}

// ---

/** Why a route has nothing for a request. */
const cannotAnswer: ReadonlySet<ErrorCode> = new Set(['no_capable_target', 'provider_absent', 'not_allowed']);
