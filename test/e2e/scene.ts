// The whole scene of a deploy: lab cloud, simulated providers, a copy of the project with a configured stack.

import type { AddressInfo } from 'node:net';
import { startLab, type Lab, type LabOptions } from '../lab/lab';
import { startSimulators, type Simulators } from '../simulators';
import { copyProject, must, type Project } from './project';

export interface Scene {
  readonly lab: Lab;
  readonly simulators: Simulators;
  readonly project: Project;
  close(): Promise<void>;
}

/**
 * Starts the lab and the simulators, and configures a stack that uses both.
 * @param options for the lab, such as the memory of its boxes and what they can pull
 */
export async function startScene(options: Pick<LabOptions, 'boxMemoryMb' | 'litestream'> = {}): Promise<Scene> {
  const simulators = await startSimulators();
  const port = (url: string) => Number(new URL(url).port) satisfies AddressInfo['port'];
  const providers = [simulators.openai, simulators.anthropic, simulators.google];
  const lab = await startLab({ ...options, upstreamPorts: providers.map(({ baseUrl }) => port(baseUrl)) });
  const project = await copyProject(lab.folder, lab.env);
  const [openai = '', anthropic = '', google = ''] = lab.upstreams;
  project.configure((config) => {
    config['hcloud:pollInterval'] = '20ms';
    // What the migration guide names, and Hetzner does not sell any more.
    config['ovth:server'] = { type: 'cx11' };
    config['ovth:acme'] = { directory: lab.acmeDirectory, root: lab.acmeRoot };
    config['ovth:routes'] = { auto: { providers: ['openai'] } };
    config['ovth:quota'] = { daily_tokens: 50_000_000 };
    config['ovth:keys'] = { declared: { user: 'operator' } };
    config['ovth:providers'] = {
      openai: { base_url: `${openai}/v1` },
      anthropic: { base_url: anthropic },
      google: { base_url: google },
    };
  });
  await must(project.pulumi(['config', 'set', '--path', 'ovth:ssh.admin_cidrs[0]', '127.0.0.0/8']));
  for (const { provider, key } of providers)
    await must(
      project.pulumi(['config', 'set', '--secret', '--path', `ovth:provider_keys.${provider}`], { input: key }),
    );
  return {
    lab,
    simulators,
    project,
    close: async () => {
      await lab.stop();
      await simulators.close();
    },
  };
}
