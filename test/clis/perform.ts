// One run of a CLI against one provider, and what must be true of every such run: it ends well, nothing was refused, and
// all of it went where it belongs.

import type { Script, SimulatorCall } from '../simulators';
import type { Upstream } from '../support/upstreams';
import type { Cli } from './cli';
import { type Home, run } from './run';
import { isCount, isFollowed, type Stage } from './stage';

/** Longest run of one CLI. */
export const runMs = 90_000;

export interface Part {
  readonly cli: Cli;
  readonly upstream: Upstream;
  readonly home: Home;
  readonly prompt: string;
  /** What the model does. */
  readonly script: Script;
  /** Goes on with the last conversation of this home. */
  readonly resumes?: boolean;
  /** What of the answers the client's format has no place for. */
  readonly loses?: readonly string[];
}

export interface Performance {
  readonly stdout: string;
  /** The turns of the loop, as the provider got them; not titles and the like. */
  readonly turns: readonly SimulatorCall[];
  /** What the provider could not carry, each name once. */
  readonly dropped: readonly string[];
}

export async function perform(stage: Stage, part: Part): Promise<Performance> {
  const { cli, upstream, home, prompt, script, resumes = false, loses = [] } = part;
  const { model } = upstream;
  await stage.reset();
  const simulator = stage.simulator(upstream);
  simulator.always({ script });
  const task = { url: stage.url, key: stage.key, model, prompt, home: home.path, resumes };
  const { code, signal, stdout, stderr } = await run(cli.program!, cli.invoke(task), home, runMs);
  const made = simulator.calls.filter(({ path }) => !isCount(path));
  // A model named exactly gets the client's own bytes first; what OpenAI said of them is followed, and remembered.
  const calls = made.filter((call) => !isFollowed(call));
  expect(made.length - calls.length).toBeLessThanOrEqual(1);
  expect(calls.filter(({ status }) => status !== 200).map(({ answer }) => answer.toString())).toEqual([]);
  expect({ code, signal, all: stdout + stderr }).toEqual({ code: 0, signal: null, all: expect.any(String) });

  const turns = calls.filter(({ body }) => body.includes('"tools"'));
  expect(new Set(turns.map(({ path }) => path))).toEqual(new Set([pathOf(cli, upstream)]));
  const logged = await stage.logged();
  expect(logged).toHaveLength(calls.length);
  for (const line of logged) expect(line).toMatchObject({ path: cli.format(model), status: 200, outcome: 'ok' });
  expect(logged.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(made.length);
  expect(logged.flatMap(({ lost = [] }) => lost)).toEqual(loses);
  return { stdout, turns, dropped: [...new Set(logged.flatMap(({ dropped = [] }) => dropped))].sort() };
}

// ---

/** Where a turn of the CLI has to arrive: on its own wire at its own path, else at the one that the provider prefers. */
function pathOf({ format, renames }: Cli, { model, provider, own }: Upstream): string {
  if (provider === 'anthropic') return '/v1/messages';
  if (provider === 'google') return `/v1beta/models/${renames?.[model] ?? model}:streamGenerateContent?alt=sse`;
  return own === true || format(model) === 'chat' ? '/v1/chat/completions' : '/v1/responses';
}
