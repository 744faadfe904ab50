// What an agent framework may expect of the gateway, whoever answers behind it: its own loop of tools, played to the end,
// with the tokens of every turn in its own report and in the ledger. Each framework runs all of it.

import { type Upstream, upstreams } from '../support/upstreams';
import type { Call, Connection, PlayOptions, Tool, Usage } from './driver';
import { type Scene, startScene } from './scene';
import { question, sealsIn, tools, wanted } from './toolQuestion';

/** A loop of tools that a framework played. */
export interface Loop {
  /** The last answer's words. */
  readonly text: string;
  readonly calls: readonly Call[];
  /** Of all turns together. */
  readonly usage: Usage;
}

/** What a provider reported of one turn. */
export interface Spent {
  readonly input: number;
  /** Thoughts included. */
  readonly output: number;
  readonly reasoning: number;
}

export interface Framework {
  readonly name: string;
  /** Whether it sends the sealed thoughts of one turn back in the next. */
  readonly keepsThoughts: (upstream: Upstream, stream: boolean) => boolean;
  /** What it reports where that is not the sum of its turns, though the gateway tells it so. */
  readonly miscounts?: (turns: readonly Spent[], upstream: Upstream, stream: boolean) => Usage;
  /** Providers that refuse what it makes of several calls at once, with or without a gateway: there it gets one. */
  readonly onlyOneCall?: (upstream: Upstream) => boolean;
  /** A framework in front of the gateway; without retries of its own. */
  open(connection: Connection): {
    play(model: string, prompt: string, tools: readonly Tool[], options: PlayOptions): Promise<Loop>;
  };
}

/** Declares the tests of one framework. */
export function declareLoops(framework: Framework): void {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene.close());
  beforeEach(() => scene.reset());

  describe.each(upstreams)(`${framework.name} → $model`, (upstream) => {
    const { model } = upstream;
    const one = framework.onlyOneCall?.(upstream) === true;
    const play = (options: PlayOptions, key = scene.key) =>
      framework
        .open({ url: scene.gateway.url, key, retries: 0 })
        .play(model, one ? 'Use get_weather for Paris' : question, tools, options);

    test.each([
      { stream: false, think: false },
      { stream: true, think: false },
      { stream: false, think: true },
      { stream: true, think: true },
    ])('plays a loop of parallel tools (stream: $stream, think: $think)', async (options) => {
      const before = scene.gateway.requests.length;
      const loop = await play(options);
      expect(loop.calls).toEqual(one ? wanted.slice(0, 1) : wanted);
      expect(loop.text).toContain('"rain in Paris"');
      if (!one) expect(loop.text).toContain('"noon"');

      const { calls } = scene.simulator(upstream);
      expect(calls.map(({ status }) => status)).toEqual([200, 200]);
      const spent = calls.map(({ usage }) => ({
        input: usage!.input,
        output: usage!.output,
        reasoning: usage!.reasoning ?? 0,
      }));
      const rows = scene.gateway.requests.slice(before);
      expect(rows.map(({ usage }) => usage)).toEqual(spent.map((turn) => expect.objectContaining(turn)));
      const reported = framework.miscounts?.(spent, upstream, options.stream);
      expect(loop.usage).toEqual(reported ?? { input: sum(spent, 'input'), output: sum(spent, 'output') });
      for (const row of rows)
        expect(row).toMatchObject({ outcome: 'ok', stream: options.stream, estimated: false, lost: [] });

      const keeps = options.think && framework.keepsThoughts(upstream, options.stream);
      const seals = keeps ? sealsIn(calls[0]!.answer.toString()) : [];
      expect(seals.length > 0).toBe(keeps);
      const second = plainBase64(calls[1]!.body.toString());
      for (const seal of seals) expect(second).toContain(plainBase64(seal));
    });

    test.each([false, true])('says why a wrong key and an empty quota are refused (stream: %s)', async (stream) => {
      const options = { stream, think: false };
      await expect(play(options, 'sk-wrong')).rejects.toThrow(/key|401/i);
      const poor = await scene.gateway.mint({ label: 'poor', quota: { daily_tokens: 1 } });
      await expect(play(options, poor)).rejects.toThrow(/quota|limit|429/i);
      expect(scene.simulator(upstream).calls).toHaveLength(0);
    });
  });
}

/** Of all turns together. */
export const sum = (turns: readonly Spent[], of: keyof Spent) => turns.reduce((all, turn) => all + turn[of], 0);

/** Every provider seals its thoughts; a plain host has none. */
export const wherePossible = ({ own }: Upstream): boolean => own !== true;

// ---

// Google's Python SDK writes bytes in the other alphabet of base64.
const plainBase64 = (text: string) => text.replaceAll('-', '+').replaceAll('_', '/');
