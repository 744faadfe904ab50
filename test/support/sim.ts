// A gateway in front of the three simulated providers: what most tests run against.

import { startSimulators, type Simulators } from '../simulators';
import { guideConfig, providersAt } from './guide';
import { startTestGateway, type TestGateway, type TestOptions } from './gateway';
import { closingOnce } from './opened';

export interface Scene {
  readonly gateway: TestGateway;
  readonly simulators: Simulators;
  post(
    path: string,
    key: string,
    body: object | string,
    headers?: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Response>;
  close(): Promise<void>;
}

/** @param config beside the providers' addresses; the guide's when absent */
export async function startScene(config = guideConfig, options: Partial<TestOptions> = {}): Promise<Scene> {
  const simulators = await startSimulators();
  const gateway = await startTestGateway({
    keys: {
      OPENAI_API_KEY: simulators.openai.key,
      ANTHROPIC_API_KEY: simulators.anthropic.key,
      GOOGLE_API_KEY: simulators.google.key,
    },
    ...options,
    config: config + providersAt(simulators),
  }).catch(async (error: unknown) => {
    await simulators.close();
    throw error;
  });
  return {
    gateway,
    simulators,
    post: (path, key, body, headers = {}, signal) =>
      fetch(gateway.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      }),
    close: closingOnce(async () => {
      await gateway.close();
      await simulators.close();
    }),
  };
}

export const say = (text: string) => [{ role: 'user' as const, content: text }];
