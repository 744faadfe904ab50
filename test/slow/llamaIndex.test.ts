// LlamaIndex's agent, with its models of each API: a process for every loop.

import { type Scene, startScene } from '../clients/scene';
import { question, wanted } from '../clients/toolQuestion';
import { describeIf } from '../support/shared';
import { upstreams } from '../support/upstreams';
import { pythonWithPackages, runPython } from './python';

const python = pythonWithPackages('llamaIndex.requirements.txt');
const apis = ['chat', 'responses', 'anthropic', 'google'] as const;
const rows = apis.flatMap((api) => upstreams.map((upstream) => ({ api, upstream, model: upstream.model })));

describeIf(python !== undefined)('LlamaIndex', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene.close());
  beforeEach(() => scene.reset());

  const play = (api: string, model: string, stream: boolean, key = scene.key) =>
    runPython(python!, 'llamaIndex.py', { api, url: scene.gateway.url, key, model, prompt: question, stream });

  test.each(rows)('plays a loop of parallel tools in $api with $model', async ({ api, upstream, model }) => {
    for (const stream of [false, true]) {
      scene.reset();
      const before = scene.gateway.requests.length;
      const loop = (await play(api, model, stream)) as { text: string; calls: { name: string }[] };
      const inOrder = [...loop.calls].sort((one, other) => other.name.localeCompare(one.name));
      expect(inOrder).toEqual(wanted);
      expect(loop.text).toContain('rain in Paris');
      expect(loop.text).toContain('noon');
      const { calls } = scene.simulator(upstream);
      expect(calls.map(({ status }) => status)).toEqual([200, 200]);
      for (const row of scene.gateway.requests.slice(before))
        expect(row).toMatchObject({ outcome: 'ok', stream, estimated: false, lost: [] });
    }
  });

  test.each(apis)('says why a wrong key is refused in %s', async (api) => {
    await expect(play(api, 'gpt-5.5', false, 'sk-wrong')).rejects.toThrow(/key|401/i);
  });
});
