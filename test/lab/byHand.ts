// The lab as a person uses it: providers that answer, a stack that is ready for `pulumi up`, and what to type.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startSimulators, type Simulators } from '../simulators';
import { startLab, type Lab, type LabOptions } from './lab';
import { run } from './shell';

/** A lab with everything around it. */
export interface HandLab {
  lab: Lab;
  /** Undefined where other providers were given. */
  simulators: Simulators | undefined;
  /** For a shell: the engine's environment, `curl` that trusts the lab's certificates, and where its Docker is. */
  env: Record<string, string>;
  /** The stack's settings that are the lab's own, by full key, for other stacks. */
  settings: Record<string, unknown>;
  /** A shell line that asks a question, after `pulumi up`. */
  question: string;
  /** Ends everything and takes the stack's file away. */
  stop(): Promise<void>;
}

/** Name of the stack that is ready. */
export const labStack = 'lab';

/** A zone of the lab's Hetzner project, whose names resolve for its certificate authority. */
export const labZone = 'example.test';

/**
 * Starts a lab, and simulated providers unless ports of others are given, and makes the stack `lab` in a project's folder.
 * @param project the folder of Pulumi.yaml; Pulumi.lab.yaml is written there
 */
export async function startHandLab(project: string, options: LabOptions = {}): Promise<HandLab> {
  const simulators = options.upstreamPorts === undefined ? await startSimulators() : undefined;
  const own = simulators && [simulators.openai, simulators.anthropic, simulators.google];
  const upstreamPorts = options.upstreamPorts ?? own?.map(({ baseUrl }) => Number(new URL(baseUrl).port)) ?? [];
  const lab = await startLab({ ...options, upstreamPorts }).catch(async (problem: unknown) => {
    await simulators?.close();
    throw problem;
  });
  const stop = async () => {
    rmSync(stackFile(project), { force: true });
    await lab.stop();
    await simulators?.close();
  };
  try {
    lab.cloud.addZone(labZone);
    const env = await shellEnvironment(lab);
    const keys = own?.map(({ provider, key }) => [provider, key] as const) ?? someKeys;
    await makeStack(project, lab, env, keys);
    return { lab, simulators, env, settings: labSettings(lab), question, stop };
  } catch (problem) {
    await stop();
    throw problem;
  }
}

// ---

const someKeys = ['openai', 'anthropic', 'google'].map(
  (provider) => [provider, `sk-lab-${provider}-0123456789`] as const,
);

const question =
  'curl "$(pulumi stack output url)/v1/chat/completions" -H "Authorization: Bearer $(pulumi stack output appKeys --show-secrets | grep -o "ovth_live_[A-Za-z0-9_-]*" | head -n 1)" -d \'{"model":"auto","messages":[{"role":"user","content":"hi"}]}\'';

const stackFile = (project: string) => join(project, `Pulumi.${labStack}.yaml`);

function labSettings(lab: Lab): Record<string, unknown> {
  const [openai = '', anthropic = '', google = ''] = lab.upstreams;
  return {
    'hcloud:pollInterval': '20ms',
    'ovth:acme': { directory: lab.acmeDirectory, root: lab.acmeRoot },
    'ovth:providers': {
      openai: { base_url: `${openai}/v1` },
      anthropic: { base_url: anthropic },
      google: { base_url: google },
    },
  };
}

async function makeStack(
  project: string,
  lab: Lab,
  environment: Record<string, string>,
  keys: readonly (readonly [provider: string, key: string])[],
): Promise<void> {
  const settings = {
    ...labSettings(lab),
    'ovth:ssh': { admin_cidrs: ['127.0.0.0/8'] },
    'ovth:routes': { auto: { strategy: 'cheapest-capable', providers: ['anthropic', 'openai', 'google'] } },
    'ovth:keys': { me: {} },
  };
  writeFileSync(stackFile(project), stringify({ config: settings }));
  const env = { ...process.env, ...environment };
  const pulumi = (args: readonly string[], input?: string) =>
    run('pulumi', args, { cwd: project, env, ...(input === undefined ? {} : { input }) });
  await pulumi(['stack', 'init', labStack]);
  for (const [provider, key] of keys)
    await pulumi(['config', 'set', '--secret', '--path', `ovth:provider_keys.${provider}`], key);
}

async function shellEnvironment(lab: Lab): Promise<Record<string, string>> {
  const authority = join(lab.folder, 'issued.pem');
  writeFileSync(authority, await lab.issuedRoot());
  const bin = join(lab.folder, 'bin');
  mkdirSync(bin);
  const { PATH = '' } = lab.env;
  // The only address on the Internet that the documented commands ask: how this machine is seen from there.
  const script = `#!/bin/sh
case "$*" in *icanhazip.com*) echo 127.0.0.1; exit ;; esac
PATH=\${PATH#*:}
exec curl "$@"
`;
  writeFileSync(join(bin, 'curl'), script);
  chmodSync(join(bin, 'curl'), 0o755);
  return { ...lab.env, PATH: `${bin}:${PATH}`, CURL_CA_BUNDLE: authority, DOCKER_HOST: lab.docker.host };
}
