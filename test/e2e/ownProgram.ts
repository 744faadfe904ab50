// A Pulumi program of another's own that uses the npm package, and has an hcloud provider of its own.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPackage, packProject } from '../support/packed';
import { must, openProject, type Project } from './project';

/** Its settings; the last two are secret. */
export interface OwnProgramConfig {
  readonly acme: string;
  readonly acmeRoot: string;
  readonly openai: string;
  readonly openaiKey: string;
}

/**
 * Packs the project, and makes the program beside it.
 * @param runFolder the lab run's
 * @param environment for the engine. Its token is the provider's alone: the engine's own provider gets none
 * @param checked whether each run checks the program's types, which takes some seconds
 */
export async function openOwnProgram(
  runFolder: string,
  environment: Readonly<Record<string, string>>,
  settings: OwnProgramConfig,
  checked = true,
): Promise<Project> {
  const packed = join(runFolder, 'packed');
  mkdirSync(packed);
  const folder = join(runFolder, 'own-program');
  cpSync('infra/examples/own-program', folder, { recursive: true });
  writeFileSync(join(folder, 'index.ts'), program);
  installPackage(packProject(packed), folder);
  const { HCLOUD_TOKEN = '', ...others } = environment;
  const unchecked = checked ? {} : { PULUMI_NODEJS_TRANSPILE_ONLY: 'true' };
  const project = await openProject(folder, runFolder, { ...others, ...unchecked });
  const { openaiKey, ...open } = settings;
  project.configure((config) => {
    for (const [name, value] of Object.entries(open)) config[`own-program:${name}`] = value;
  });
  for (const [name, input] of Object.entries({ hetznerToken: HCLOUD_TOKEN, openaiKey }))
    await must(project.pulumi(['config', 'set', '--secret', name], { input }));
  return project;
}

// ---

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
