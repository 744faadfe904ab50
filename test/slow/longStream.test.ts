// Streams of ten minutes across a change of code, which brings another front too, on a box of the lab.

import { openClient } from '../e2e/client';
import { must } from '../e2e/project';
import { startScene } from '../e2e/scene';
import { describeLab } from '../lab/describeLab';
import { until } from '../lab/shell';

const minutes = 10;

describeLab('a stream of ten minutes', () => {
  test('begun before other code and another front took over, it ends whole', async () => {
    const scene = await startScene();
    try {
      const { project, lab } = scene;
      await must(project.up());
      const client = openClient(await project.output<string>('url'), await lab.issuedRoot());
      const key = (await project.output<Record<string, string>>('appKeys'))['declared']!;
      await until('the first answer', async () => (await client.chat(key)).status === 200, 60_000);
      const fault = `chunks=${minutes * 60} gap_ms=1000`;
      const streams = [client.stream(key, fault), client.stream(key, fault, 'h2')];
      for (const { begun } of streams) await begun;
      project.edit('gateway/src/main.ts', (text) => `${text}\nconsole.log('other code');\n`);
      await must(project.up());
      expect((await client.chat(key)).status).toBe(200);
      expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(['whole', 'whole']);
      const left = async () => (await lab.boxes()[0]!.exec('docker ps -aq | wc -l')).stdout.trim();
      await until('what retired is gone', async () => (await left()) === '2', 120_000);
    } finally {
      await scene.close();
    }
  }, 1_500_000);
});
