// Local providers: they speak the real wire formats of OpenAI, Anthropic and Google over real HTTP, compute their
// answers from what they are asked, and fail on demand. One implementation for the demo, the tests and the benchmark.
import { anthropic } from './anthropic';
import { createGates } from './delivery';
import { google } from './gemini';
import { openai } from './openai';
import { startSimulator, type Simulator } from './server';
import type { Provider } from './wire';

export type { Counts, SimulatorCall } from './calls';
export type { Fault, Script } from './fault';
export type { Simulator } from './server';
export type { Provider, Usage } from './wire';

export interface Simulators {
  openai: Simulator;
  anthropic: Simulator;
  google: Simulator;
  /** lets go of the answers that `[[sim: hold=NAME]]` holds back, now and from now on */
  release(name: string): void;
  /** forgets the calls and faults of all three */
  reset(): void;
  close(): Promise<void>;
}

/** Starts the three providers. Without options: free ports, keys that look real, every call recorded. */
export async function startSimulators(
  options: {
    keys?: Partial<Record<Provider, string>>;
    /** false for benchmarks: counters only */
    record?: boolean;
    ports?: Partial<Record<Provider, number>>;
  } = {},
): Promise<Simulators> {
  const gates = createGates();
  const start = (wire: typeof openai) =>
    startSimulator(wire, {
      key: options.keys?.[wire.provider],
      port: options.ports?.[wire.provider],
      record: options.record ?? true,
      gates,
    });
  const started = await Promise.allSettled([start(openai), start(anthropic), start(google)]);
  const all = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const close = async () => void (await Promise.all(all.map((simulator) => simulator.close())));
  const [first, second, third] = all;
  if (!first || !second || !third) {
    // One port was taken: the others must not stay open behind the error.
    await close();
    throw started.find((one) => one.status === 'rejected')?.reason;
  }
  return {
    openai: first,
    anthropic: second,
    google: third,
    release: (name) => gates.release(name),
    reset: () => all.forEach((simulator) => simulator.reset()),
    close,
  };
}
