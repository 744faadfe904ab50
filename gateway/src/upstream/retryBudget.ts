// How many requests of a route may be sent to a second target: failover helps while few fail, and where all do it only
// multiplies the load on providers that are down already.

export interface RetryBudgets {
  /** A request of the route has been sent for the first time. @param now milliseconds since 1970 */
  sent(route: string, now: number): void;
  /** Whether one more may be sent to another target; it is counted if so. */
  take(route: string, now: number): boolean;
  /** One that was taken was not needed. */
  giveBack(route: string): void;
  /** One that was taken failed as well, and its client is not to blame. */
  failed(route: string): void;
}

/** Further attempts that a route always has in a window, and those it has for each request. Finagle's defaults. */
const free = 10;
const share = 0.2;
const windowSeconds = 10;

/** The budgets of all routes; their names come from the configuration, so that there are few. */
export function openRetryBudgets(): RetryBudgets {
  const routes = new Map<string, RouteWindow>();
  const windowOf = (route: string): RouteWindow => {
    let window = routes.get(route);
    if (window === undefined) routes.set(route, (window = new RouteWindow()));
    return window;
  };
  return {
    sent: (route, now) => windowOf(route).sent(now),
    take: (route, now) => windowOf(route).take(now),
    giveBack: (route) => windowOf(route).giveBack(),
    failed: (route) => windowOf(route).failed(),
  };
}

// ---

/**
 * Counts of the last seconds, one slot a second. At one request every ten seconds those alone allow a second attempt for each;
 * so further attempts that failed as well are counted too, however long ago, and a request makes up for a fifth of one.
 */
class RouteWindow {
  readonly #requests = new Array<number>(windowSeconds).fill(0);
  readonly #retries = new Array<number>(windowSeconds).fill(0);
  #second = 0;
  #futile = 0;

  sent(now: number): void {
    const slot = this.#turnTo(now);
    this.#futile = Math.max(0, this.#futile - share);
    this.#requests[slot] = (this.#requests[slot] ?? 0) + 1;
  }

  take(now: number): boolean {
    const slot = this.#turnTo(now);
    if (this.#futile >= free) return false;
    if (sum(this.#retries) >= free + share * sum(this.#requests)) return false;
    this.#retries[slot] = (this.#retries[slot] ?? 0) + 1;
    return true;
  }

  // It may have been taken seconds ago: the latest one is given back.
  giveBack(): void {
    for (let ago = 0; ago < windowSeconds; ago++) {
      const slot = (this.#second - ago + windowSeconds) % windowSeconds;
      const taken = this.#retries[slot] ?? 0;
      if (taken === 0) continue;
      this.#retries[slot] = taken - 1;
      return;
    }
  }

  // No further than one beyond what stops them: many may be on their way at once, and the outage that they tell of may end.
  failed(): void {
    this.#futile = Math.min(free + 1, this.#futile + 1);
  }

  // Empties the slots of the seconds that have passed; all of them, where the clock was set back by more than a window.
  #turnTo(now: number): number {
    const second = Math.floor(now / 1_000);
    const ahead = second - this.#second;
    const passed = ahead < -windowSeconds ? windowSeconds : Math.min(windowSeconds, ahead);
    for (let i = 0; i < passed; i++) {
      const slot = (second - i) % windowSeconds;
      this.#requests[slot] = 0;
      this.#retries[slot] = 0;
    }
    if (passed > 0) this.#second = second;
    return this.#second % windowSeconds;
  }
}

function sum(counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
