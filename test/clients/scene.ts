// The gateway in front of the simulated providers, and of a plain host that speaks OpenAI's chat and nothing else.

import { startSimulators, type Provider, type Simulator } from '../simulators';
import { providersAt } from '../support/guide';
import { startTestGateway, type TestGateway } from '../support/gateway';

export interface Upstream {
  readonly model: string;
  readonly provider: Provider;
  /** A host of the operator's own, and not the provider itself. */
  readonly own?: boolean;
}

/** One model of each provider, and one of a host of the operator's own. */
export const upstreams: readonly Upstream[] = [
  { model: 'gpt-5.5', provider: 'openai' },
  { model: 'claude-opus-4.7', provider: 'anthropic' },
  { model: 'gemini-3.5-flash', provider: 'google' },
  { model: 'own/deepseek-chat', provider: 'openai', own: true },
];

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
  const own = `  own: {base_url: ${JSON.stringify(simulators.openai.baseUrl)}, wire: openai, api_key_env: OWN_KEY, models: {deepseek-chat: {context: 100000, capabilities: [tools, images, json_schema, reasoning]}}}\n`;
  const gateway = await startTestGateway({
    config: routes + providersAt(simulators) + own,
    keys: {
      OPENAI_API_KEY: simulators.openai.key,
      ANTHROPIC_API_KEY: simulators.anthropic.key,
      GOOGLE_API_KEY: simulators.google.key,
      OWN_KEY: simulators.openai.key,
    },
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
