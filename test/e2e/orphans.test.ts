// What a cloud and a killed engine do to a deploy, with the real engine and provider against a cloud without machines: what
// the state does not know stops the next update, is adopted or removed on request, and is swept in the end.

import { describeLab } from '../lab/describeLab';
import { engineEnvironment } from '../lab/engine';
import { setGuard, type Guard } from '../lab/guard';
import { startCloud, type Cloud } from '../lab/hcloud/cloud';
import { noHardware } from '../lab/hcloud/hardware';
import { copyProject, must, type Project } from './project';

/** What runs on the box is left out: here are no boxes. */
const withoutBox = `
import * as pulumi from '@pulumi/pulumi';
export class Release extends pulumi.ComponentResource {
  readonly releaseId = pulumi.output('none');
  readonly ledger = pulumi.output('none');
  constructor(name: string, _args: object, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Release', name, {}, options);
    this.registerOutputs({});
  }
}
`;

describeLab('an update that was cut off', () => {
  let guard: Guard;
  let cloud: Cloud;
  let project: Project;

  beforeAll(async () => {
    guard = await setGuard(console.error);
    cloud = await startCloud(noHardware());
    project = await copyProject(guard.folder, engineEnvironment(guard.folder, cloud));
    project.configure((config) => {
      config['hcloud:pollInterval'] = '20ms';
      config['ovth:ssh'] = { admin_cidrs: ['127.0.0.0/8'] };
      config['ovth:routes'] = { auto: { providers: ['openai'] } };
    });
    await must(
      project.pulumi(['config', 'set', '--secret', '--path', 'ovth:provider_keys.openai'], { input: 'sk-0123456789' }),
    );
    project.edit('infra/components/release.ts', () => withoutBox);
  }, 120_000);

  afterAll(async () => {
    await cloud?.stop();
    await guard?.sweep();
  });

  const arrives = () => must(project.up());
  const stops = async (sentence: RegExp) => {
    const before = cloud.changes().length;
    const run = await project.up();
    expect(run.code).not.toBe(0);
    expect(run.text).toMatch(sentence);
    expect(run.text).toContain('Nothing was changed');
    expect(cloud.changes()).toHaveLength(before);
  };
  const things = () => cloud.inventory().map((thing) => thing.replace(/-[0-9a-f]{7}$/, ''));
  const complete = [
    ...['firewall/ovth-firewall', 'primary_ip/ovth-ipv4', 'primary_ip/ovth-ipv6'],
    ...['server/ovth-server', 'ssh_key/ovth-ssh-key', 'volume/ovth-data'],
  ];
  /** An update, killed after the call that matches. */
  const killedAfter = async (call: string) => {
    cloud.after(call, 'kill');
    const run = await project.up();
    expect(run.code).toBe(128);
    await must(project.pulumi(['cancel', '--yes']));
  };

  test('killed in the first orders: adopted or removed on request', async () => {
    await killedAfter('POST /ssh_keys');
    await stops(
      /SSH key ovth-ssh-key-\S+ \(id \d+\): exists at Hetzner[^]*An update of this stack was cut off\. .*run "npm run recover"/,
    );
    const { volumes } = await cloud.state();
    const run = await must(project.recover('--yes', 'adopt'));
    expect(run.text).toMatch(/Recovered\. The next "pulumi up" goes on from here\./);
    await killedAfter('POST /servers');
    expect((await cloud.state()).volumes.map(({ id }) => id)).toEqual(
      expect.arrayContaining(volumes.map(({ id }) => id)),
    );
  });

  test('killed after it ordered the server: removed, because it holds nothing', async () => {
    const [server] = (await cloud.state()).servers;
    await stops(/server ovth-server-\S+ \(id \d+\): exists at Hetzner/);
    const recovered = await must(project.recover('--yes', 'adopt'));
    expect(recovered.text).toContain(`removed: servers/${server!.id} `);
    const run = await arrives();
    expect(run.text).not.toMatch(/pending operation/);
    expect(things()).toEqual(complete);
  });

  test('killed after it attached the volume, in a rebuild', async () => {
    project.configure((config) => (config['ovth:server'] = { generation: 2 }));
    await killedAfter('POST /volumes/*/actions/attach');
    await stops(/volume attachment ovth-data-\S+ \(id \d+\): exists at Hetzner/);
    await must(project.recover('--yes', 'adopt'));
    await arrives();
    expect(things()).toEqual(complete);
  });

  test('killed in a rebuild, after the old server was deleted', async () => {
    project.configure((config) => (config['ovth:server'] = { generation: 3 }));
    await killedAfter('DELETE /servers/*');
    await stops(
      /ovth-server \(id \d+\): is in this stack's state and no longer exists at Hetzner\. .*run "pulumi refresh"/,
    );
    await must(project.recover());
    await arrives();
    expect(things()).toEqual(complete);
  });

  test('the answer to an order was lost, in a rebuild', async () => {
    project.configure((config) => (config['ovth:server'] = { generation: 4 }));
    cloud.after('POST /servers', 'lose');
    expect((await project.up()).code).not.toBe(0);
    await stops(/server ovth-server-\S+ \(id \d+\): exists at Hetzner/);
    await must(project.recover('--yes', 'remove'));
    await arrives();
    expect(things()).toEqual(complete);
  });

  test('a preview says which settings change on the box, and what a rebuild costs', async () => {
    project.configure((config) => {
      config['ovth:quota'] = { daily_tokens: 1_000 };
      config['ovth:keys'] = { second: { user: 'me' } };
      config['ovth:server'] = { generation: 5 };
    });
    const { text } = await must(project.pulumi(['preview']));
    expect(text).toMatch(
      /settings that change:\n(.*\n)*?\s+\+ keys.second.user: me\n(.*\n)*?\s+\+ quota.daily_tokens: 1000\n/,
    );
    expect(text).toMatch(/warning: ovth:server.generation: the server is built anew; the gateway does not answer/);
    expect(text).not.toContain('sk-0123456789');
    const before = await cloud.state();
    await must(project.up());
    const after = await cloud.state();
    expect(after.servers[0]!.id).not.toBe(before.servers[0]!.id);
    expect(after.primary_ips.map(({ ip }) => ip)).toEqual(before.primary_ips.map(({ ip }) => ip));
    expect((await must(project.pulumi(['preview', '--expect-no-changes']))).text).not.toContain('settings that change');
  });

  test('destroy without a preview deletes nothing of a protected stack; its server can be rebuilt', async () => {
    project.configure((config) => (config['ovth:data'] = { protect: true }));
    await must(project.up());
    const changes = cloud.changes().length;
    const run = await project.pulumi(['destroy', '--yes', '--skip-preview']);
    expect(run.code).not.toBe(0);
    expect(run.text).toMatch(/::ovth-serving" cannot be deleted\s+because it is protected/);
    expect(run.text).not.toMatch(/^ - +(hcloud|random|command):/m);
    expect(cloud.changes()).toHaveLength(changes);
    project.configure((config) => (config['ovth:server'] = { generation: 6 }));
    await must(project.up());
    project.configure((config) => (config['ovth:data'] = { protect: false }));
    await must(project.up());
    expect((await cloud.state()).volumes[0]!.protection).toEqual({ delete: false });
  });

  test('what cannot be or would lose data is refused at preview, and done once that is meant', async () => {
    const preview = () => project.pulumi(['preview']);
    project.configure((config) => {
      config['ovth:data'] = { size_gb: 10 };
      config['ovth:server'] = { generation: 6, location: 'fsn1' };
    });
    const refused = await preview();
    expect(refused.code).not.toBe(0);
    expect(refused.text).toMatch(
      /error: ovth:server.location: cannot go from nbg1 to fsn1 with the data: .*ovth:data.allow_replace/,
    );
    project.configure((config) => (config['ovth:data'] = { size_gb: 20, allow_replace: true }));
    const { text } = await must(project.up());
    expect(text).toMatch(
      /warning: ovth:server.location: the server, the volume with all data and both addresses are repl/,
    );
    const { servers, volumes, primary_ips } = await cloud.state();
    expect([...servers, ...volumes, ...primary_ips].map(({ location }) => location?.name)).toEqual(
      Array(4).fill('fsn1'),
    );
    project.configure((config) => (config['ovth:data'] = { size_gb: 10 }));
    expect((await preview()).text).toMatch(
      /error: ovth:data.size_gb: cannot go from 20 to 10: Hetzner's volumes do not shrink/,
    );
    project.configure((config) => (config['ovth:data'] = { size_gb: 20 }));
  });

  test('what another state of the same name made is never touched without being asked for', async () => {
    await order('firewalls', { name: 'colleague', labels: { 'managed-by': 'ovth', stack: 'ovth-e2e' } });
    await stops(/firewall colleague \(id \d+\): [^]*another stack of this name \(label stack=ovth-e2e\)/);
    const run = await project.recover('--yes', 'remove');
    expect(run.code).toBe(1);
    expect(run.text).toMatch(/1 left as they were/);
    expect(cloud.inventory()).toContain('firewall/colleague');
  });

  test('destroy sweeps what was left under this stack’s labels, and nothing of others', async () => {
    const [server] = (await cloud.state()).servers;
    await order('servers', {
      ...{ name: 'left-behind', server_type: 'cx23', image: 'debian-13', location: 'nbg1' },
      labels: server!.labels,
    });
    await must(project.pulumi(['destroy', '--yes', '--skip-preview']));
    expect(cloud.inventory()).toEqual(['firewall/colleague']);
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
