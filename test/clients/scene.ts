// The gateway in front of the simulated providers, and of a plain host that speaks OpenAI's chat and nothing else.

import { startSimulators, type Simulator } from '../simulators';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { hostsAt, keysOf, type Upstream } from '../support/upstreams';

export interface Scene {
  readonly gateway: TestGateway;
  /** An application key without a quota. */
  readonly key: string;
  simulator(upstream: Upstream): Simulator;
  reset(): void;
  close(): Promise<void>;
}

export async function startScene(routes = ''): Promise<Scene> {
  const simulators = await startSimulators();
  const gateway = await startTestGateway({
    config: routes + hostsAt(simulators),
    keys: keysOf(simulators),
  }).catch(async (error: unknown) => {
    await simulators.close();
    throw error;
  });
  return {
    gateway,
    key: await gateway.mint(),
    simulator: ({ provider }) => simulators[provider],
    reset: () => simulators.reset(),
    close: async () => {
      await gateway.close();
      await simulators.close();
    },
  };
}
