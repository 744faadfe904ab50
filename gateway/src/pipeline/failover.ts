// Sending: to one target after another until one has an answer, of which content has come or which is whole. Until then
// nothing has reached the client.

import type { Reservation } from '../accounting/ledger';
import { GatewayError } from '../core/errors';
import { decoded } from '../upstream/contentEncoding';
import { acrossWires } from '../upstream/headers';
import { keyCleanerOf } from '../upstream/ownKeys';
import type { UpstreamResponse } from '../upstream/exchange';
import { brokeOnReuse } from '../upstream/pool';
import { isAboutPath, translateError } from '../upstream/providerErrors';
import { retryAfterMs } from '../upstream/targetHealth';
import { alreadyRead, garbageIn, isPage, readRefusal } from './answerBody';
import { ratesHeld, searchCostAt } from './admit';
import type { AnswerTurn } from './answerTurn';
import type { Answered, Candidate, Exchange, Local, Service } from './context';
import { noteDropped } from './droppedAnswer';
import { failureCauses, isOperators } from './failureCauses';
import type { RequestFacts } from './inspect';
import { healthKey, targetKey } from './plan';
import type { Candidates, NextCandidate } from './prepare';
import { forgetAnswer, type ResponseProgress } from './responseProgress';
import { shortWaitMs, waitShortly } from './shortWait';

/** Connections that were closed while they were idle, and that one request may come upon. */
const mostStale = 3;
/** Time that the body of an error may take: what other targets could answer does not wait for it. */
const errorBodyMs = 5_000;

/** One request's way from target to target. */
export class Failover<T> implements AnswerTurn {
  /** The answer that was passed on was dropped, and `send` has another target to send to. */
  again = true;
  #candidate: Candidate<T>;
  #response: UpstreamResponse | undefined;
  #settled = false;
  /** The candidate whose failure has been counted. */
  #failed: Candidate<T> | undefined;
  /** Targets so far. */
  #targets = 1;
  #waited = false;
  /** The attempt was taken from the route's budget, and has not failed. */
  #isRetry = false;
  readonly #service: Pick<Service<T>, 'booked' | 'optionalPath'>;
  readonly #candidates: Candidates<T>;
  readonly #exchange: Exchange;
  readonly #reservation: Pick<Reservation, 'reprice'>;
  readonly #progress: ResponseProgress;

  /** @param progress is told of every attempt, so that what is booked names the target that was sent to */
  constructor(
    service: Pick<Service<T>, 'booked' | 'optionalPath'>,
    first: Candidate<T>,
    candidates: Candidates<T>,
    exchange: Exchange,
    reservation: Pick<Reservation, 'reprice'>,
    progress: ResponseProgress,
  ) {
    this.#service = service;
    this.#candidate = first;
    this.#candidates = candidates;
    this.#exchange = exchange;
    this.#reservation = reservation;
    this.#progress = progress;
  }

  get held(): boolean {
    const { plan, config, services } = this.#exchange;
    if (plan.targets.length === 1 || this.#targets >= config.limits.attempts) return false;
    const now = services.now();
    const next = plan.targets.indexOf(this.#candidate.target) + 1;
    return plan.targets.slice(next).some((target) => !services.health.isResting(targetKey(config, target), now));
  }

  /**
   * Sends to the next target, and on to others while they fail. The last failure is returned as the answer it was, with
   * `progress.failure` set, or thrown where there was none.
   * @throws GatewayError upstream_unreachable, upstream_timeout, upstream_garbage, or the reason the client's signal gives
   */
  async send(): Promise<Answered<T>> {
    for (;;) {
      this.again = false;
      if (this.#isProbedByAnother() && (await this.#skip())) continue;
      const candidate = this.#candidate;
      let response: UpstreamResponse;
      try {
        response = this.#response = await this.#attempt(candidate);
      } catch (error) {
        if (await this.#movedOn(error)) continue;
        throw error;
      }
      if (candidate.kind === 'local') return { ...candidate, response };
      const garbage = garbageIn(response);
      if (response.status < 300 && garbage === undefined) return { ...candidate, response };
      const answered = await this.#judge(candidate, response, garbage);
      if (answered !== undefined) return answered;
    }
  }

  async moveOn(failure: GatewayError): Promise<boolean> {
    this.failed(failure);
    const { services, plan, facts } = this.#exchange;
    const cause = failureCauses[failure.code];
    if (cause === undefined || !this.held) return false;
    const route = plan.route ?? plan.requested;
    if (!services.retries.take(route, services.now())) return false;
    const { target } = this.#candidate;
    const than = failure.tokens?.most ?? target.context ?? facts.needs.input;
    const { next, unaffordable } = await this.#next(cause.moves === 'larger' ? { largerThan: than } : undefined);
    if (next === undefined) {
      services.retries.giveBack(route);
      return false;
    }
    this.#response?.cancel();
    this.#response = undefined;
    this.#candidate = next;
    this.#targets++;
    this.#isRetry = true;
    this.#settled = false;
    this.again = true;
    noteDropped(this.#progress, failure.code, this.#exchange.day);
    this.#progress.attempts.push(...unaffordable);
    forgetAnswer(this.#progress);
    return true;
  }

  succeeded(): void {
    if (this.#settled || this.#candidate.kind === 'local' || !this.#service.booked) return;
    this.#settled = true;
    const { target, account } = this.#candidate;
    const { health } = this.#exchange.services;
    health.succeeded(healthKey(target, account), this.#progress.attempts.at(-1)?.ms);
  }

  /** A request of its has a connection, and goes out. */
  sent(): void {
    this.#progress.sentAt = this.#exchange.services.now();
  }

  /** The provider may have read all of it. */
  delivered(): void {
    this.#progress.delivered = true;
  }

  /** The request has ended, and nothing was learnt of its target: its client left. */
  abandoned(): void {
    const { target, account, kind } = this.#candidate;
    if (kind !== 'local' && !this.#settled) this.#exchange.services.health.dropProbe(healthKey(target, account), this);
  }

  /** The answer failed, before or after its first content. Only the first call for a target counts. */
  failed(failure: GatewayError): void {
    const candidate = this.#candidate;
    const status = this.#response?.status ?? 0;
    // A host that cannot count may well answer.
    if (this.#failed === candidate || candidate.kind === 'local' || !this.#service.booked) return;
    this.#failed = candidate;
    this.#settled = true;
    const { services, plan, facts } = this.#exchange;
    const key = healthKey(candidate.target, candidate.account);
    const cause = failureCauses[failure.code];
    if (this.#isRetry && cause?.counts === true) services.retries.failed(plan.route ?? plan.requested);
    this.#isRetry = false;
    // The client's own mistake shows that the target lives; what ended the request from our side (its key, the quota) shows
    // nothing, and the next one finds out.
    if (cause?.counts !== true)
      return status >= 400 ? services.health.succeeded(key, undefined) : services.health.dropProbe(key, this);
    // Clients may name any model: that one is unknown says nothing about the target's health.
    if (failure.code === 'unknown_model' && (plan.route === null || namesOthers(facts)))
      return services.health.dropProbe(key, this);
    const now = services.now();
    const restMs = cause.restMs ?? retryAfterMs(failure.headers['retry-after'], now);
    const ofAccount = failure.code === 'upstream_credential';
    services.health.failed(key, now, { code: failure.code, restMs, ofAccount }, this);
  }

  // Since the plan was made, another request may have begun to find out whether the target is well again: then the next one
  // is sent to, where there is one that does not rest. Otherwise this request is the one that finds out.
  #isProbedByAnother(): boolean {
    const { target, account, kind } = this.#candidate;
    if (kind === 'local' || !this.#service.booked) return false;
    const { health, now } = this.#exchange.services;
    const key = healthKey(target, account);
    const at = now();
    if (health.isResting(key, at, this)) return this.held;
    health.claimProbe(key, at, this);
    return false;
  }

  async #skip(): Promise<boolean> {
    const { next } = await this.#next();
    if (next !== undefined) this.#candidate = next;
    return next !== undefined;
  }

  // The next candidate that fits into what may be spent: what is dearer than the target before is reserved first.
  async #next(after?: NextCandidate) {
    const unaffordable: ResponseProgress['attempts'] = [];
    for (;;) {
      const next = (await this.#candidates.next(after)).value;
      if (next === undefined || next.kind === 'local') return { next, unaffordable };
      const { target, account } = next;
      const { day, facts } = this.#exchange;
      const { needs } = facts;
      if (await this.#reservation.reprice(ratesHeld(target, needs, day), searchCostAt(target, needs, day)))
        return { next, unaffordable };
      unaffordable.push({ target: target.label, account: account.name, status: 0, cause: 'over_quota', ms: 0 });
    }
  }

  // After an attempt that had no answer.
  async #movedOn(error: unknown): Promise<boolean> {
    if (!(error instanceof GatewayError) || this.#exchange.client.reason !== undefined) return false;
    if (error.code === 'upstream_unreachable' || error.code === 'upstream_garbage') return this.moveOn(error);
    // A request that was sent whole, and whose connection then broke or stayed silent, may have been done: another try could
    // be paid twice.
    this.failed(error);
    return false;
  }

  // A refusal, as the answer it is; undefined where the request goes to another target, or in other words to the same.
  async #judge(
    candidate: Exclude<Candidate<T>, Local>,
    response: UpstreamResponse,
    garbage: GatewayError | undefined,
  ): Promise<Answered<T> | undefined> {
    const { status, headers } = response;
    if (garbage !== undefined) {
      if (await this.moveOn(garbage)) return undefined;
      response.cancel();
      throw garbage;
    }
    const { config, incoming, client, plan } = this.#exchange;
    const isReadable = !isPage(response);
    if (!isReadable) response.cancel();
    const reading = isReadable
      ? readRefusal(response, config.limits.error_body_bytes, client)
      : Promise.resolve(Buffer.alloc(0));
    const late = setTimeout(() => response.cancel(), errorBodyMs);
    const read = await reading.finally(() => clearTimeout(late));
    const body = keyCleanerOf(config).bytes(read);
    if (candidate.rewordAfter?.has(status) === true) {
      const other = (await this.#candidates.next({ status, body })).value;
      if (other !== undefined) {
        this.#candidate = other;
        return undefined;
      }
    }
    const { target } = candidate;
    const failure =
      this.#service.optionalPath === true && isAboutPath(status, body)
        ? new GatewayError('no_capable_target', { field: 'model', message: `The host of ${target.label} does not serve this path.` }) // prettier-ignore
        : translateError(
            status,
            body,
            acrossWires(headers, incoming.dialect, keyCleanerOf(config)),
            target,
            candidate.account,
          );
    if ((await this.moveOn(failure)) || (await this.#waitOut(failure))) return undefined;
    this.#progress.failure = failure;
    // Who asked for a route named no provider, and could do nothing about a refusal of our key.
    if (plan.route !== null && isOperators(failure)) throw failure;
    return { ...candidate, response: alreadyRead(response, body) };
  }

  // Where no target of a route is left and the last one asks for a moment, it is given that, once, and asked again. Nothing is
  // sent where another request finds out meanwhile whether the target is well. @throws the reason the client's signal gives
  async #waitOut(failure: GatewayError): Promise<boolean> {
    const { services, plan } = this.#exchange;
    const { health, now } = services;
    const ms = shortWaitMs(failure, now());
    if (plan.route === null || this.#waited || ms === undefined) return false;
    if (!services.retries.take(plan.route, now())) return false;
    this.#waited = true;
    noteDropped(this.#progress, failure.code, this.#exchange.day);
    const { firstByteAt } = this.#progress;
    forgetAnswer(this.#progress); // a client that leaves now leaves nothing behind
    const { target, account } = this.#candidate;
    const isProbed = () => this.#service.booked && health.isResting(healthKey(target, account), now(), this);
    if (!(await waitShortly(ms, plan.route, this.#exchange, isProbed))) {
      this.#progress.firstByteAt = firstByteAt; // the refusal is passed on after all
      return false;
    }
    this.#settled = false;
    this.#failed = undefined;
    this.#isRetry = true;
    return true;
  }

  async #attempt(candidate: Candidate<T>): Promise<UpstreamResponse> {
    const { services, client, plan } = this.#exchange;
    const { target, account } = candidate;
    const progress = this.#progress;
    if (client.reason !== undefined) throw client.reason; // it left while this was prepared
    progress.target = target;
    progress.account = account;
    if (candidate.kind === 'local') return candidate.response;
    progress.format = candidate.format;
    progress.firstByteAt = undefined;
    if (progress.attempts.length === 0 && plan.route !== null) services.retries.sent(plan.route, services.now());
    for (let tries = 0; ; tries++) {
      const startedAt = services.now();
      progress.sentAt = undefined;
      progress.delivered = false;
      const about = { target: target.label, account: account.name };
      try {
        const response = decoded(await services.upstream.send(candidate.request, client, this));
        const at = services.now();
        progress.firstByteAt = at;
        progress.attempts.push({ ...about, status: response.status, ms: at - startedAt });
        return response;
      } catch (error) {
        if (client.reason !== undefined || !(error instanceof GatewayError)) throw error;
        progress.attempts.push({ ...about, status: 0, cause: error.code, ms: services.now() - startedAt });
        // The provider closed an idle connection just as we wrote to it: nothing was processed. It may have closed others.
        if (tries >= mostStale || error.code !== 'upstream_unreachable' || !brokeOnReuse(error.cause)) throw error;
      }
    }
  }
}

// ---

// OpenRouter's fields with which a request names other models than the target's, or hosts of it: either may be unknown.
function namesOthers({ scan }: Pick<RequestFacts, 'scan'>): boolean {
  return scan.fields.has('models') || scan.fields.has('provider');
}
