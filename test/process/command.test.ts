// The bundle as a command: `npx ovth …`.

import { spawnSync } from 'node:child_process';
import { bundle, makeFolder, node } from '../support/child';
import { dirname, join } from 'node:path';

test('the bundle is a program that a shell can run', () => {
  const folder = makeFolder('routes: {}\n');
  const { status, stdout, stderr } = spawnSync(bundle(), ['check'], {
    cwd: folder.path,
    env: {
      PATH: `${dirname(node)}:${process.env['PATH']}`,
      OVTH_CONFIG: join(folder.path, 'config.yaml'),
      OPENAI_API_KEY: 'x',
    },
    encoding: 'utf8',
  });
  folder.remove();
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('the configuration is valid');
});

test('an unknown command is refused with what there is', () => {
  const { status, stderr } = spawnSync(node, [bundle(), 'sreve'], { encoding: 'utf8' });
  expect(status).toBe(64);
  expect(stderr).toContain('serve, check');
});
