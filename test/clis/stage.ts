// The gateway as `npm start` runs it, a process of its own, in front of the simulated providers.

import { startSimulators, type Simulator, type SimulatorCall, type Simulators } from '../simulators';
import { makeFolder, startChild } from '../support/child';
import { masterKey } from '../support/gateway';
import { hostsAt, keysOf, type Upstream } from '../support/upstreams';

/** What the gateway logs of a request. */
export interface Logged {
  readonly path: string;
  readonly model: string;
  readonly target: string;
  readonly status: number;
  readonly outcome: string;
  readonly attempts: number;
  readonly dropped?: readonly string[];
  readonly lost?: readonly string[];
}

export interface Stage {
  readonly url: string;
  /** An application key without a quota. */
  readonly key: string;
  simulator(upstream: Upstream): Simulator;
  /** What was logged since the last reset, once every call of the providers has its line: requests and refusals, but no counts. */
  logged(): Promise<Logged[]>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Whether a path only counts tokens. Gemini CLI counts single parts, which no provider takes, and then estimates. */
export function isCount(path: string): boolean {
  return /count_?tokens$|input_tokens$/i.test(path);
}

/** @param routes of the configuration */
export async function startStage(routes = ''): Promise<Stage> {
  const simulators = await startSimulators();
  const folder = makeFolder(routes + hostsAt(simulators));
  const gateway = await startChild({ folder: folder.path, env: keysOf(simulators) }).catch(async (error: unknown) => {
    await simulators.close();
    throw error;
  });
  let seen = 0;
  const lines = (kinds = 'request|refused') =>
    gateway
      .output()
      .slice(seen)
      .split('\n')
      .filter((line) => new RegExp(`"msg":"(${kinds})"`).test(line))
      .map((line) => JSON.parse(line) as Logged)
      .filter(({ path }) => !isCount(path));
  const logged = async () => {
    const until = Date.now() + 5_000;
    // What was refused at the door made no call.
    while (lines('request').length < answeredBy(simulators) && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 50)); // lines are written in batches
    return lines();
  };
  return {
    url: gateway.url,
    key: await mint(gateway.url),
    simulator: ({ provider }) => simulators[provider],
    logged,
    async reset() {
      await logged();
      seen = gateway.output().length;
      simulators.reset();
    },
    async close() {
      gateway.process.kill('SIGTERM');
      await gateway.ended;
      folder.remove();
      await simulators.close();
    },
  };
}

// ---

/** The first of two calls that a request took where OpenAI refused the older name of the maximum. */
export function isFollowed({ status, answer }: SimulatorCall): boolean {
  return status === 400 && answer.includes("Use 'max_completion_tokens' instead");
}

const answeredBy = ({ openai, anthropic, google }: Simulators) =>
  [openai, anthropic, google].flatMap(({ calls }) => calls).filter((call) => !isCount(call.path) && !isFollowed(call))
    .length;

async function mint(url: string): Promise<string> {
  const answer = await fetch(`${url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}` },
    body: '{"label":"cli"}',
  });
  return ((await answer.json()) as { key: string }).key;
}
