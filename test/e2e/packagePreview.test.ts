// The npm package with the real engine and provider against a cloud without machines: what a preview says, and that nothing
// is made where Hetzner does not sell what is wanted.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from '../lab/describeLab';
import { engineEnvironment } from '../lab/engine';
import { type Guard, setGuard } from '../lab/guard';
import { type Cloud, startCloud } from '../lab/hcloud/cloud';
import { noHardware } from '../lab/hcloud/hardware';
import { openOwnProgram } from './ownProgram';
import { copyProject, must, type Project } from './project';

describeLab('a preview of another program', () => {
  let guard: Guard;
  let cloud: Cloud;
  let project: Project;

  beforeAll(async () => {
    guard = await setGuard(console.error);
    cloud = await startCloud(noHardware());
    project = await openOwnProgram(guard.folder, engineEnvironment(guard.folder, cloud), {
      ...{
        acme: 'https://198.18.0.1:14000/dir',
        acmeRoot: '-----BEGIN CERTIFICATE-----\n',
        openai: 'http://198.18.0.1:18080',
      },
      openaiKey: 'sk-0123456789',
    });
  }, 300_000);

  afterAll(async () => {
    await cloud?.stop();
    await guard?.sweep();
  });

  const edit = (change: (text: string) => string) => {
    const file = join(project.folder, 'index.ts');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, change(before));
    return () => writeFileSync(file, before);
  };

  test('shows the whole gateway under the name it was given, with the program’s own provider', async () => {
    const { text } = await must(project.pulumi(['preview']));
    for (const name of [
      'llm-server',
      'llm-ipv4',
      'llm-data',
      'llm-firewall',
      'llm-key-site',
      'llm-bootstrap',
      'llm-apply',
    ])
      expect(text).toContain(name);
    expect(text).not.toContain('ovth-server');
    expect(text).not.toContain('sk-0123456789');
    expect(cloud.changes()).toEqual([]);
  });

  test('the clone’s own program is still its own once the package was made', async () => {
    const clone = await copyProject(guard.folder, engineEnvironment(guard.folder, cloud));
    mkdirSync(join(clone.folder, 'dist/package/infra'), { recursive: true });
    writeFileSync(join(clone.folder, 'dist/package/infra/package.js'), 'throw new Error("what the package exports");');
    const run = await clone.pulumi(['preview']);
    expect(run.text).toContain('has no ovth:* settings yet');
    expect(run.text).not.toMatch(/what the package exports|entry point/);
  });

  test.each([
    [
      'a server type that is not sold',
      (text: string) => text.replace('settings: {', "settings: { server: { type: 'cx99' },"),
      /settings\.server\.type: "cx99" is no server type of Hetzner/,
    ],
    [
      'a route to nobody',
      (text: string) => text.replace("providers: ['openai']", "providers: ['nobody']"),
      /settings\.routes\.auto\.providers\[0\]: "nobody" is not a known provider/,
    ],
  ])('%s is refused in one sentence, and nothing is made', async (_what, change, said) => {
    const restore = edit(change);
    const run = await project.pulumi(['preview']);
    restore();
    expect(run.code).not.toBe(0);
    expect(run.text).toMatch(said);
    expect(run.text).not.toMatch(/unhandled|error serializing|\n\s+at \S+ \(/);
    expect(cloud.changes()).toEqual([]);
  });
});
