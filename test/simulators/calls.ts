// What a simulator remembers of the calls it got, and the waiting for them.
import type { Provider, Usage } from './wire';

/** One request as the simulator saw it. It is in the list from its arrival on and is completed as it is answered. */
export interface SimulatorCall {
  provider: Provider;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
  /** as asked for; empty where a request names none or could not be understood */
  model: string;
  stream: boolean;
  /** 0 until an answer has begun */
  status: number;
  startedAt: number;
  firstByteAt?: number;
  endedAt?: number;
  /** the peer closed before the answer was complete */
  aborted: boolean;
  /** what the answer reported */
  usage?: Usage;
  /** the exact bytes answered so far */
  readonly answer: Buffer;
}

export interface Counts {
  started: number;
  ended: number;
  aborted: number;
}

/** The list of calls, and who waits for it to grow. */
export interface CallLog {
  calls: SimulatorCall[];
  counts: Counts;
  started(call: SimulatorCall): void;
  /** for good or by abortion */
  ended(call: SimulatorCall): void;
  wait(kind: 'started' | 'ended', n: number, ms: number): Promise<SimulatorCall[]>;
  /** forgets everything so far */
  reset(): void;
  close(): void;
}

/** A new log; without `keep` it counts only. */
export function createCallLog(provider: Provider, keep: boolean): CallLog {
  const calls: SimulatorCall[] = [];
  const counts: Counts = { started: 0, ended: 0, aborted: 0 };
  const waiters = new Set<Waiter>();

  function settle(kind: Waiter['kind']): void {
    for (const waiter of waiters) if (waiter.kind === kind && counts[kind] >= waiter.n) waiter.settle();
  }

  return {
    calls,
    counts,
    started(call) {
      counts.started++;
      if (keep) calls.push(call);
      settle('started');
    },
    ended(call) {
      counts.ended++;
      if (call.aborted) counts.aborted++;
      settle('ended');
    },
    wait(kind, n, ms) {
      const found = () => calls.filter((call) => kind === 'started' || call.endedAt !== undefined);
      if (counts[kind] >= n) return Promise.resolve(found());
      return new Promise((resolve, reject) => {
        const end = (finish: () => void) => {
          clearTimeout(timer);
          waiters.delete(waiter);
          finish();
        };
        const fail = (why: string) =>
          end(() => reject(new Error(`${provider}: waited for ${n} calls ${kind}, saw ${counts[kind]} ${why}`)));
        const timer = setTimeout(() => fail(`in ${ms} ms`), ms);
        const waiter: Waiter = { kind, n, settle: () => end(() => resolve(found())), fail };
        waiters.add(waiter);
      });
    },
    reset() {
      calls.length = 0;
      Object.assign(counts, { started: 0, ended: 0, aborted: 0 });
    },
    close() {
      for (const waiter of waiters) waiter.fail('until the simulator was closed');
    },
  };
}

// ---

interface Waiter {
  kind: 'started' | 'ended';
  n: number;
  settle(): void;
  fail(why: string): void;
}
