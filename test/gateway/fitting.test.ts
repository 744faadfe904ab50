// A model that the gateway chose gets no setting that its provider refuses: hints are mended and named, what changes the form
// of an answer is honoured or refused by name. Every model that can be chosen × every setting, through a real gateway,
// against simulators that refuse what each provider's page says its models refuse.

import { choosable, type Setting, type Wire, wires } from '../support/fitting';
import { type Scene, startScene } from '../support/sim';

const day = Date.UTC(2026, 10, 26, 12);
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

interface Outcome {
  readonly status: number;
  readonly dropped: string;
  readonly text: string;
  readonly calls: number;
  readonly refusals: number;
  readonly sent: string;
}

async function ask(wire: Wire, model: string, more: object): Promise<Outcome> {
  scene.simulators.reset();
  const answer = await scene.post(wire.path(model), key, { ...wire.body(model), ...more });
  const text = await answer.text();
  const { calls } = scene.simulators[wire.provider];
  return {
    status: answer.status,
    dropped: answer.headers.get('x-ovth-dropped') ?? '',
    text,
    calls: calls.length,
    refusals: calls.filter(({ status }) => status !== 200).length,
    sent: calls[0]?.body.toString() ?? '',
  };
}

/** What is wrong with an outcome; nothing where all is well. */
function wrongWith({ kind, field, fields }: Setting, outcome: Outcome): string | undefined {
  const { status, dropped, text, calls, refusals, sent } = outcome;
  if (refusals > 0) return `refused by the provider: ${text.slice(0, 200)}`;
  if (kind === 'demand' && status === 400) {
    if (calls > 0) return 'refused after it was sent';
    return text.includes(field) ? undefined : `refused without a name: ${text}`;
  }
  if (status !== 200) return `${status}: ${text.slice(0, 200)}`;
  if (dropped === '') return undefined;
  if (kind === 'demand') return `dropped: ${dropped}`;
  const named = dropped.split(', ');
  const known = Object.keys(fields).map((name) => (field.startsWith(`${name}.`) ? field : name));
  if (!named.every((name) => known.includes(name))) return `names what was not asked for: ${dropped}`;
  return sent.includes(JSON.stringify(fields).slice(1, -1)) ? `names ${dropped}, which was sent as it was` : undefined;
}

describe.each(models)('$wire.format', ({ wire, models }) => {
  test.each(models.map(({ id }) => id))('%s by a route', async (id) => {
    const wrong: string[] = [];
    for (const setting of wire.settings) {
      const what = wrongWith(setting, await ask(wire, `to-${id}`, setting.fields));
      if (what !== undefined) wrong.push(`${setting.name}: ${what}`);
    }
    expect(wrong).toEqual([]);
  });
});
