// Before the simulators, what real clients send is replayed: their headers, their bodies with all their quirks.
// Sources: Anthropic "LLM gateway protocol" (Claude Code), and what Cursor, Codex, OpenCode, Continue and Aider are known to
// send.

import { type Scene, startScene } from './sim';

export type Fields = Record<string, unknown>;

/** Filled before the first test of its file. */
export interface ClientScene extends Pick<Scene, 'gateway' | 'simulators' | 'post'> {
  readonly key: string;
  /** The n-th body that a provider was sent. */
  readonly sentTo: (name: 'openai' | 'anthropic' | 'google', n?: number) => Fields;
}

/** Starts gateway and simulators before a file's tests, and ends them after; forgets the calls before each. */
export function useClientScene(): ClientScene {
  let scene: Scene | undefined;
  let key = '';
  beforeAll(async () => {
    scene = await startScene();
    key = await scene.gateway.mint();
  }, 60_000);
  afterAll(() => scene?.close());
  beforeEach(() => scene!.simulators.reset());
  return {
    get gateway() {
      return scene!.gateway;
    },
    get simulators() {
      return scene!.simulators;
    },
    get key() {
      return key;
    },
    post: (...args) => scene!.post(...args),
    sentTo: (name, n = 0) => JSON.parse(scene!.simulators[name].calls[n]?.body.toString() ?? '{}') as Fields,
  };
}

/** The JSON of an answer. @throws Error for one that is not 200 */
export const json = async (answer: Response): Promise<Fields> => {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
  return JSON.parse(text) as Fields;
};

/** The events of a stream, but for its closing word. */
export const eventsIn = (text: string): Fields[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as Fields);
