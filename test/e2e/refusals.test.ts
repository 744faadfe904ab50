// What an operator may get wrong and what a cloud may refuse, with the real engine and provider against a cloud without
// machines: each is one sentence that names a setting, and the next run goes on from where this one stopped.

import { describeLab } from '../lab/describeLab';
import { setGuard, type Guard } from '../lab/guard';
import { engineEnvironment } from '../lab/engine';
import { startCloud, type Cloud } from '../lab/hcloud/cloud';
import { noHardware } from '../lab/hcloud/hardware';
import { copyProject, must, type Project, type Run } from './project';

describeLab('what pulumi up refuses', () => {
  let guard: Guard;
  let cloud: Cloud;
  let project: Project;
  /** Changes that were not the engine's. */
  let foreign = 0;

  beforeAll(async () => {
    guard = await setGuard(console.error);
    cloud = await startCloud(noHardware());
    project = await copyProject(guard.folder, engineEnvironment(guard.folder, cloud));
  }, 120_000);

  afterAll(async () => {
    await cloud?.stop();
    await guard?.sweep();
  });

  const refused = (run: Run, ...sentences: RegExp[]) => {
    expect(run.code).not.toBe(0);
    for (const sentence of sentences) expect(run.text).toMatch(sentence);
    expect(run.text).not.toMatch(/unhandled|\n\s+at \S+ \(/);
  };
  const preview = (environment: Record<string, string> = {}) => project.pulumi(['preview'], { environment });
  /** Changes the stack's file; `a.b` is a setting within `a`. */
  const set = (setting: string, value: unknown) =>
    project.configure((config) => {
      const [first = '', second] = setting.split('.');
      config[first] = second === undefined ? value : { ...(config[first] as object), [second]: value };
    });
  /** What a run has made, as the API saw it. */
  const madeBy = async (run: () => Promise<Run>) => {
    const before = cloud.changes().length;
    const ran = await run();
    return { ran, made: cloud.changes().slice(before) };
  };

  describe('at preview, before anything is made', () => {
    afterAll(() => expect(cloud.changes()).toHaveLength(foreign));

    test('a stack without settings, and no token', async () => {
      refused(
        await preview({ HCLOUD_TOKEN: '' }),
        /HCLOUD_TOKEN: is not set: make an API token/,
        /the stack e2e has no ovth:\* settings yet: copy config\/stack.example.yaml to Pulumi.e2e.yaml/,
      );
    });

    test('several settings that are wrong, all at once', async () => {
      set('ovth:routes.auto', { providers: ['google'] });
      set('ovth:domain', 'https://gateway');
      refused(await preview(), /ovth:domain: must be a host name/);
      project.configure((config) => delete config['ovth:domain']);
      await must(
        project.pulumi(['config', 'set', '--secret', '--path', 'ovth:provider_keys.openai'], {
          input: 'sk-0123456789',
        }),
      );
      refused(
        await preview({ HCLOUD_TOKEN: 'short' }),
        /HCLOUD_TOKEN: must be the 64 characters of a Hetzner API token, found 5/,
        /ovth:ssh.admin_cidrs: is missing: name the addresses/,
        /ovth:routes.auto.providers\[0\]: needs google, which has no key; set one with/,
      );
    });

    test('what only Hetzner knows: the token, the server type, the location', async () => {
      set('ovth:routes.auto', { providers: ['openai'] });
      set('ovth:ssh.admin_cidrs', ['127.0.0.0/8']);
      set('hcloud:pollInterval', '20ms');
      refused(await preview({ HCLOUD_TOKEN: 'x'.repeat(64) }), /HCLOUD_TOKEN: Hetzner does not accept this API token/);
      refused(
        await preview({ HCLOUD_ENDPOINT: 'http://127.0.0.1:9/v1' }),
        /HCLOUD_ENDPOINT: Hetzner's API cannot be reached at http:\/\/127.0.0.1:9\/v1; check this machine's network/,
      );
      set('ovth:server.type', 'cx22');
      refused(await preview(), /ovth:server.type: cx22 is being retired by Hetzner; sold in nbg1: .*cx23/);
      set('ovth:server.type', 'cx23');
      set('ovth:server.location', 'ash');
      refused(await preview(), /ovth:server.location: cx23 is not sold in ash, only in /);
      set('ovth:server.location', 'nbg1');
    });

    test('a gateway whose code does not build', async () => {
      const restore = project.edit('gateway/src/main.ts', (text) => `${text}\nimport './nothing';\n`);
      refused(
        await preview(),
        /error: gateway\/ does not build, so nothing was changed:\s+gateway\/src\/main.ts:\d+:\d+: ERROR/,
      );
      restore();
    });

    test('a name that is taken, where the stack fixes names', async () => {
      await order('firewalls', { name: 'ovth-firewall' });
      foreign = cloud.changes().length;
      project.configure((config) => (config['pulumi:autonaming'] = { mode: 'verbatim' }));
      refused(
        await preview(),
        /error: pulumi:autonaming: makes the name "ovth-firewall", which another firewall of your/,
      );
      project.configure((config) => delete config['pulumi:autonaming']);
    });
  });

  describe('on the way', () => {
    test('a server that Hetzner refuses to make', async () => {
      cloud.next('POST /servers', { code: 'resource_unavailable', message: 'error during placement' });
      const { ran, made } = await madeBy(() => project.up());
      refused(ran, /hcloud:index:Server \(ovth-server\):\n\s+error: .*error during placement/);
      expect(made.sort()).toEqual([
        ...['POST /firewalls', 'POST /primary_ips', 'POST /primary_ips', 'POST /ssh_keys', 'POST /volumes'],
      ]);
    });

    test('a box that never answers: its address, the setting, what to try', async () => {
      // Minutes of tries would show nothing that one try does not.
      const restore = [
        project.edit('infra/preflight/sshReachable.ts', (text) => text.replace('patience = 180_000', 'patience = 100')),
        project.edit('infra/components/release.ts', (text) => text.replace(/dialErrorLimit: \d+/, 'dialErrorLimit: 1')),
      ];
      const { ran, made } = await madeBy(() => project.up());
      for (const undo of restore) undo();
      refused(
        ran,
        /ovth:server: the server at 127\.0\.0\.\d+ refuses SSH on port 22 \(ECONNREFUSED\): look at its console .* goes on from here/,
      );
      // It went on from where the one before had stopped.
      expect(made).toEqual(['POST /servers', expect.stringMatching(/^POST \/volumes\/\d+\/actions\/attach$/)]);
    });

    test('destroy removes what there is, and nothing of others', async () => {
      await must(project.pulumi(['destroy', '--yes', '--skip-preview']));
      expect(cloud.inventory()).toEqual(['firewall/ovth-firewall']);
    });
  });

  // ---

  async function order(path: string, body: object): Promise<void> {
    const response = await fetch(`${cloud.endpoint}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${cloud.token}` },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(201);
  }
});
