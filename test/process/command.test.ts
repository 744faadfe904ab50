// The bundle as a command: `npx ovth …`.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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

test('what is wrong with the configuration is told to programs, too', () => {
  const folder = makeFolder('routes: {auto: {strategy: best}}\n');
  const check = (config: string) => {
    const { status, stdout } = spawnSync(node, [bundle(), 'check', '--json'], {
      cwd: folder.path,
      env: { OVTH_CONFIG: join(folder.path, config), OPENAI_API_KEY: 'x' },
      encoding: 'utf8',
    });
    return { status, told: JSON.parse(stdout) as unknown };
  };
  expect(check('config.yaml')).toMatchObject({
    status: 78,
    told: { valid: false, problems: [{ path: 'routes.auto.strategy' }] },
  });
  writeFileSync(join(folder.path, 'good.yaml'), 'routes: {auto: {}}\n');
  expect(check('good.yaml')).toMatchObject({
    status: 0,
    told: { valid: true, routes: ['auto'], providers: ['openai'] },
  });
  folder.remove();
});
