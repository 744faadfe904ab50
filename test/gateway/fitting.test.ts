// A model that the gateway chose gets no setting that its provider refuses: hints are mended and named, what changes the form
// of an answer is honoured or refused by name. Every model that can be chosen × every setting, through a real gateway,
// against simulators that refuse what each provider's page says its models refuse.

import {
  askFitting,
  choosable,
  formerNames,
  type Wire,
  wires,
  wrongElsewhere,
  wrongSettings,
} from '../support/fitting';
import { type Scene, startScene } from '../support/sim';

/** Every announced end has come. */
const day = Date.UTC(2027, 11, 1);
const models = wires.map((wire) => ({ wire, models: choosable(wire.provider) }));
const routes = models.flatMap((one) => one.models.map(({ id }) => `  to-${id}: {models: [${id}]}`));
const config = `routes:\n${[...new Set(routes)].join('\n')}\n`;

let scene: Scene;
let key: string;
beforeAll(async () => {
  scene = await startScene(config, { now: () => day });
  key = await scene.gateway.mint();
}, 60_000);
afterAll(() => scene.close());
beforeEach(() => scene.simulators.reset());

/** What is wrong with a model, asked for by a name, and each setting of its wire. */
const wrongs = (wire: Wire, name: string) => wrongSettings(scene, key, wire, name);

describe.each(models)('$wire.format', ({ wire, models }) => {
  test.each(models.map(({ id }) => id))('%s by a route', async (id) => {
    expect(await wrongs(wire, `to-${id}`)).toEqual([]);
  });

  // One name of each successor's: those that are gone, and those whose end is announced.
  test.each(formerNames(wire.provider))('%s, for which %s answers', async (name, heir) => {
    const asked = wire.path(name).includes(name) ? wire.body(name) : { ...wire.body(name), model: name };
    const answer = await scene.post(wire.path(name), key, asked);
    expect([answer.status, answer.headers.get('x-ovth-warning')]).toEqual([200, expect.stringContaining(heir)]);
    expect(await wrongs(wire, name)).toEqual([]);
  });
});

test.each(wires)(
  '$format: the models of other providers, by a route',
  async (wire) => {
    const wrong: string[] = [];
    for (const provider of ['openai', 'anthropic', 'google'] as const)
      for (const model of provider === wire.provider ? [] : choosable(provider))
        wrong.push(...(await wrongElsewhere(scene, key, wire, model)));
    expect(wrong).toEqual([]);
  },
  60_000,
);

test('the simulators refuse what was mended, so that this suite could fail', async () => {
  const refused: Record<string, number> = {};
  for (const { wire, models } of wires.map((one) => ({ wire: one, models: choosable(one.provider) })))
    for (const { id } of models)
      for (const setting of wire.settings) {
        const { status } = await askFitting(scene, key, wire, id, setting.fields);
        if (status === 400)
          refused[`${wire.format} ${setting.name}`] = (refused[`${wire.format} ${setting.name}`] ?? 0) + 1;
      }
  const settings = wires.flatMap(({ format, settings: all }) => all.map(({ name }) => `${format} ${name}`));
  // What no provider's page says that a model refuses; the rest is refused by some model that is named exactly.
  expect(settings.filter((name) => refused[name] === undefined).sort()).toEqual(taken.sort());
}, 60_000);

const taken = [
  ...['low', 'medium', 'high'].map((effort) => `chat effort ${effort}`),
  ...['low', 'medium', 'high', 'xhigh'].map((effort) => `responses effort ${effort}`),
  'chat forced tool', // refused in chat completions, and answered by Responses
  ...['chat effort xhigh', 'chat n', 'responses forced tool', 'messages stop'],
  ...['temperature', 'topP', 'topK', 'one candidate', 'forced tool', 'stop'].map((name) => `generate ${name}`),
];
