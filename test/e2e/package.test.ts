// The npm package in a program of another's own: an hcloud provider of its own, Outputs among the settings, from nothing to
// nothing.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from '../lab/describeLab';
import { type Lab, startLab } from '../lab/lab';
import { startSimulators, type Simulators } from '../simulators';
import { installPackage, packProject } from '../support/packed';
import { openClient, type Client } from './client';
import { must, openProject, type Project } from './project';

const program = `
import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { clientSettings, Gateway, sshCommand } from 'ovth';

const config = new pulumi.Config();
const hetzner = new hcloud.Provider('hetzner', { token: config.requireSecret('hetznerToken'), pollInterval: '20ms' });
const beside = new hcloud.Firewall('beside', {}, { provider: hetzner });

const llm = new Gateway(
  'llm',
  {
    settings: {
      ssh: { admin_cidrs: ['127.0.0.0/8'] },
      acme: { directory: config.require('acme'), root: config.require('acmeRoot') },
      routes: { auto: { providers: ['openai'] } },
      keys: { site: { user: beside.name } },
      providers: { openai: { base_url: pulumi.interpolate\`\${config.require('openai')}/v1\` } },
    },
    providerKeys: { openai: config.requireSecret('openaiKey') },
  },
  { provider: hetzner },
);

export const url = llm.url;
export const ipv4 = llm.ipv4;
export const masterKey = llm.masterKey;
export const appKeys = llm.appKeys;
export const clients = llm.url.apply(clientSettings);
export const sshHostKey = llm.sshHostKey;
export const sshPrivateKey = llm.sshPrivateKey;
export const login = pulumi.all([llm.ipv4, llm.sshHostKey]).apply(([address, key]) => sshCommand(address, key, false));
`;

describeLab('the npm package in another program', () => {
  let lab: Lab;
  let simulators: Simulators;
  let project: Project;
  let client: Client;

  beforeAll(async () => {
    simulators = await startSimulators();
    lab = await startLab({ upstreamPorts: [Number(new URL(simulators.openai.baseUrl).port)] });
    const packed = join(lab.folder, 'packed');
    mkdirSync(packed);
    const folder = join(lab.folder, 'own-program');
    cpSync('infra/examples/own-program', folder, { recursive: true });
    writeFileSync(join(folder, 'index.ts'), program);
    installPackage(packProject(packed), folder);
    // The provider of the program has the token; the engine's own would have none.
    const { HCLOUD_TOKEN = '', ...environment } = lab.env;
    project = await openProject(folder, lab.folder, environment);
    project.configure((config) => {
      config['own-program:acme'] = lab.acmeDirectory;
      config['own-program:acmeRoot'] = lab.acmeRoot;
      config['own-program:openai'] = lab.upstreams[0];
    });
    for (const [name, input] of [
      ['hetznerToken', HCLOUD_TOKEN],
      ['openaiKey', simulators.openai.key],
    ] as const)
      await must(
        project.pulumi(['config', 'set', '--secret', name], { input, environment: { HCLOUD_TOKEN: undefined } }),
      );
  }, 900_000);

  afterAll(async () => {
    await lab?.stop();
    await simulators?.close();
  }, 120_000);

  test('up: from nothing to an answered request', async () => {
    const run = await must(project.up());
    console.log(`the package's first up: ${run.seconds.toFixed(1)} s`);
    client = openClient(await project.output<string>('url'), await lab.issuedRoot());
    const { site } = await project.output<Record<string, string>>('appKeys');
    expect((await client.chat(site!)).status).toBe(200);
    expect(lab.cloud.inventory().map((thing) => thing.replace(/-[0-9a-f]{7}$/, ''))).toEqual(
      expect.arrayContaining(['firewall/beside', 'firewall/llm-firewall', 'server/llm-server', 'volume/llm-data']),
    );
    expect((await lab.cloud.state()).servers[0]?.labels).toEqual({
      'managed-by': 'ovth',
      stack: 'own-program-e2e-llm',
    });
  });

  test('a second up changes nothing', async () => {
    await must(project.up('--expect-no-changes'));
  });

  test('destroy leaves nothing', async () => {
    await must(project.pulumi(['destroy', '--yes', '--skip-preview']));
    expect(lab.cloud.inventory()).toEqual([]);
  });
});
