// What a cloud and a killed engine do to a deploy, with the real engine and provider against a cloud without machines: what
// the state does not know stops the next update, is adopted or removed on request, and is swept in the end.

import { describeLab } from '../lab/describeLab';
import { engineEnvironment } from '../lab/engine';
import { setGuard, type Guard } from '../lab/guard';
import { startCloud, type Cloud } from '../lab/hcloud/cloud';
import { noHardware } from '../lab/hcloud/hardware';
import { copyProject, must, type Project } from './project';

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
    // Nothing answers SSH here: minutes of tries would show nothing that one try does not.
    project.edit('infra/preflight/sshReachable.ts', (text) => text.replace('patience = 180_000', 'patience = 100'));
    project.edit('infra/components/release.ts', (text) => text.replace(/dialErrorLimit: \d+/, 'dialErrorLimit: 1'));
  }, 120_000);

  afterAll(async () => {
    await cloud?.stop();
    await guard?.sweep();
  });

  /** Everything at Hetzner is made, and only the login to a box that is none fails. */
  const arrives = async () => {
    const run = await project.up();
    expect(run.text).toMatch(/ovth:server: the server at 127\.0\.0\.\d+ refuses SSH/);
    return run;
  };
  const stops = async (sentence: RegExp) => {
    const before = cloud.changes().length;
    const run = await project.up();
    expect(run.code).not.toBe(0);
    expect(run.text).toMatch(sentence);
    expect(run.text).toContain('Nothing was changed.');
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

  test('killed after it ordered an SSH key: removed on request', async () => {
    await killedAfter('POST /ssh_keys');
    await stops(
      /SSH key ovth-ssh-key-\S+: exists at Hetzner \(id \d+\) and this stack's state does not know it: an update was cut off\. Run "npm run recover"/,
    );
    const run = await must(project.recover('--yes', 'remove'));
    expect(run.text).toMatch(/removed: ssh_keys\/\d+ \(ovth-ssh-key-/);
    expect(cloud.inventory().filter((thing) => thing.startsWith('ssh_key/'))).toEqual([]);
  });

  test('killed after it ordered the volume: adopted on request', async () => {
    await killedAfter('POST /volumes');
    const [volume] = (await cloud.state()).volumes;
    await stops(/volume ovth-data-\S+: exists at Hetzner/);
    await must(project.recover('--yes', 'adopt'));
    await killedAfter('POST /servers');
    expect((await cloud.state()).volumes).toMatchObject([{ id: volume!.id }]);
  });

  test('killed after it ordered the server: removed, because it holds nothing', async () => {
    const [server] = (await cloud.state()).servers;
    await stops(/server ovth-server-\S+: exists at Hetzner/);
    const recovered = await must(project.recover('--yes', 'adopt'));
    expect(recovered.text).toContain(`removed: servers/${server!.id} `);
    const run = await arrives();
    expect(run.text).not.toMatch(/pending operation/);
    expect(things()).toEqual(complete);
  });

  test('killed after it attached the volume, in a rebuild', async () => {
    project.configure((config) => (config['ovth:server'] = { generation: 2 }));
    await killedAfter('POST /volumes/*/actions/attach');
    await stops(/volume attachment ovth-data-\S+: exists at Hetzner/);
    await must(project.recover('--yes', 'adopt'));
    await arrives();
    expect(things()).toEqual(complete);
  });

  test('killed in a rebuild, after the old server was deleted', async () => {
    project.configure((config) => (config['ovth:server'] = { generation: 3 }));
    await killedAfter('DELETE /servers/*');
    await stops(
      /ovth-server: is in this stack's state \(id \d+\) and no longer exists at Hetzner: run "pulumi refresh"/,
    );
    await must(project.recover());
    await arrives();
    expect(things()).toEqual(complete);
  });

  test('killed in a rebuild, after the new server was ordered', async () => {
    project.configure((config) => (config['ovth:server'] = { generation: 4 }));
    await killedAfter('POST /servers');
    await stops(/server ovth-server-\S+: exists at Hetzner/);
    await must(project.recover('--yes', 'remove'));
    await arrives();
    expect(things()).toEqual(complete);
  });

  test('the answer to an order was lost: said at once, and again by the next update', async () => {
    project.configure((config) => (config['ovth:server'] = { generation: 5 }));
    cloud.after('POST /servers', 'lose');
    const run = await project.up();
    expect(run.text).toMatch(/HCLOUD_ENDPOINT: the answer to "create server" was lost .* run "npm run recover"/);
    await stops(/server ovth-server-\S+: exists at Hetzner/);
    await must(project.recover('--yes', 'adopt'));
    await arrives();
    expect(things()).toEqual(complete);
  });

  test('what another state of the same name made is never touched without being asked for', async () => {
    await order('firewalls', { name: 'colleague', labels: { 'managed-by': 'ovth', stack: 'ovth-e2e' } });
    await stops(/firewall colleague: .*another stack named like this one \(label stack=ovth-e2e\)/);
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
