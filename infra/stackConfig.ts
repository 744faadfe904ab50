// Reads the stack's configuration and the environment into checked settings, or into one sentence for each problem.

import { existsSync } from 'node:fs';
import { loadConfig, checkSettings, findTarget } from '../config/load';
import { ConfigError, formatProblem, type Problem, suggest } from '../config/problems';
import { type Settings, type StackSettings, stackSchema } from '../config/schema';
import { isKnownProvider, knownProviders } from '../config/wires';
import { gatewayConfig, secretVariables, secretsEnv, withKeyVariables } from './render/gatewayConfig';

/** What the engine passes to a program. */
export interface StackInput {
  /** Name of the stack. */
  readonly name: string;
  /** `project:key` → value: text, or JSON for what is not a text. */
  readonly config: Readonly<Record<string, string>>;
  /** The keys whose values are secret. */
  readonly secretKeys: readonly string[];
  /** The process's environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A checked stack configuration. */
export interface Stack {
  /** The settings, with every default. */
  readonly settings: Settings;
  /** Provider name → API key. Secret. */
  readonly providerKeys: Readonly<Record<string, string>>;
}

/**
 * Reads and checks everything that can be checked without a network.
 * @throws ConfigError with every problem; each path is the setting as the operator types it (`ovth:ssh.admin_cidrs[0]`)
 */
export function readStack(input: StackInput): Stack {
  const problems = [...tokenProblems(input), ...agentProblems(input.environment)];
  const values = Object.entries(input.config).filter(([key]) => key.startsWith(prefix));
  if (values.length === 0) {
    throw new ConfigError([
      ...problems,
      {
        path: '',
        message: `the stack ${input.name} has no ovth:* settings yet: copy Pulumi.dev.yaml to Pulumi.${input.name}.yaml and set ovth:ssh.admin_cidrs, ovth:routes and ovth:provider_keys there.`,
      },
    ]);
  }
  const { provider_keys: providerKeys, ...checked } = parse(values, problems);
  const settings = { ...checked, server: { ...checked.server, type: currentType(checked.server.type) } };
  problems.push(...sshProblems(settings), ...acmeProblems(settings), ...secrecyProblems(input, providerKeys));
  const keys = keyProblems(settings, providerKeys);
  problems.push(...keys);
  const named = withKeyVariables(settings, Object.keys(providerKeys));
  if (keys.length === 0) problems.push(...loadProblems(named, providerKeys));
  if (problems.length > 0) throw new ConfigError(problems);
  return { settings: named, providerKeys };
}

/** The server type that replaces a retired one (`cx11` → `cx23`); any other type is returned unchanged. */
export function currentType(type: string): string {
  return Object.hasOwn(successors, type) ? (successors[type as keyof typeof successors] ?? type) : type;
}

// ---

const prefix = 'ovth:';
const successors = { cx11: 'cx23' } as const;
const tokenLength = 64;
const setKey = (provider: string) => `pulumi config set --secret --path 'ovth:provider_keys.${provider}'`;

function parse(values: readonly (readonly [string, string])[], problems: readonly Problem[]): StackSettings {
  try {
    return checkSettings(
      Object.fromEntries(values.map(([key, value]) => [key.slice(prefix.length), decode(value)])),
      stackSchema,
    );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([
      ...problems,
      ...error.problems.map(({ path, message }) => ({ path: path === '' ? '' : prefix + path, message })),
    ]);
  }
}

/** The engine passes mappings and lists as JSON, and everything else as text. */
function decode(value: string): unknown {
  if (!/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function tokenProblems({ config, environment }: StackInput): Problem[] {
  const token = config['hcloud:token'] ?? environment['HCLOUD_TOKEN'] ?? '';
  if (token === '') {
    return [
      {
        path: 'HCLOUD_TOKEN',
        message:
          'is not set: make an API token with Read & Write in Hetzner’s console (your project, Security, API tokens) and export it as HCLOUD_TOKEN, or run "pulumi config set --secret hcloud:token".',
      },
    ];
  }
  if (token.length === tokenLength) return [];
  return [
    {
      path: config['hcloud:token'] === undefined ? 'HCLOUD_TOKEN' : 'hcloud:token',
      message: `must be the ${tokenLength} characters of a Hetzner API token, found ${token.length}; copy it again, without quotes or blanks.`,
    },
  ];
}

/** Where SSH_AUTH_SOCK is set, the command provider uses the agent, and every connection fails when it does not answer. */
function agentProblems(environment: StackInput['environment']): Problem[] {
  const socket = environment['SSH_AUTH_SOCK'];
  if (socket === undefined || socket === '' || existsSync(socket)) return [];
  return [
    {
      path: 'SSH_AUTH_SOCK',
      message: `names ${socket}, where no SSH agent listens; run "unset SSH_AUTH_SOCK" and try again.`,
    },
  ];
}

function sshProblems({ ssh }: Settings): Problem[] {
  const path = `${prefix}ssh.admin_cidrs`;
  if (ssh.admin_cidrs === undefined) {
    return [
      {
        path,
        message:
          'is missing: name the addresses that may reach port 22, such as your own: pulumi config set --path "ovth:ssh.admin_cidrs[0]" "$(curl -s https://ipv4.icanhazip.com)/32".',
      },
    ];
  }
  if (ssh.allow_public) return [];
  return ssh.admin_cidrs.flatMap((range, i) =>
    isPublic(range)
      ? [
          {
            path: `${path}[${i}]`,
            message: `${range} opens port 22 to the world; name your own addresses, or set ovth:ssh.allow_public to true if that is meant.`,
          },
        ]
      : [],
  );
}

/** Whether the range has a 128th of all addresses or more. */
function isPublic(range: string): boolean {
  return Number(range.slice(range.indexOf('/') + 1)) < 8;
}

function acmeProblems({ acme }: Settings): Problem[] {
  if (acme.directory === undefined || /^https:\/\/[^\s"\\{}]+$/.test(acme.directory)) return [];
  return [
    {
      path: `${prefix}acme.directory`,
      message: `must be an https:// URL without blanks, quotes or braces, found ${JSON.stringify(acme.directory)}.`,
    },
  ];
}

function secrecyProblems({ secretKeys }: StackInput, providerKeys: Readonly<Record<string, string>>): Problem[] {
  const [first] = Object.keys(providerKeys);
  if (first === undefined || secretKeys.includes(`${prefix}provider_keys`)) return [];
  return [
    {
      path: `${prefix}provider_keys`,
      message: `stands readable in the stack's file; take it out there and set each key with: ${setKey(first)}`,
    },
  ];
}

/** Every provider that a route names needs a key, and every key needs a provider. */
function keyProblems(settings: Settings, providerKeys: Readonly<Record<string, string>>): Problem[] {
  const known = [...Object.keys(knownProviders), ...Object.keys(settings.providers)];
  const strangers = Object.keys(providerKeys)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: `${prefix}provider_keys.${name}`,
      message: `is the key of no provider.${suggest(name, known)} Known: ${[...new Set(known)].join(', ')}; describe another one in ovth:providers.`,
    }));
  const usable = (name: string) =>
    Object.hasOwn(providerKeys, name) ||
    (!isKnownProvider(name) && settings.providers[name]?.api_key_env === undefined);
  if (!known.some(usable)) {
    return [
      ...strangers,
      {
        path: `${prefix}provider_keys`,
        message: `holds no key, so there is nothing to call; set one with: ${setKey('openai')}`,
      },
    ];
  }
  const missing = Object.entries(settings.routes).flatMap(([route, { providers, models }]) => {
    const named =
      providers?.map((name, i) => ({ name, at: `providers[${i}]` })) ??
      models?.map((model, i) => ({ name: findTarget(model, settings)?.target.provider ?? '', at: `models[${i}]` })) ??
      [];
    return named
      .filter(({ name }) => name !== '' && !usable(name))
      .map(({ name, at }) => ({
        path: `${prefix}routes.${route}.${at}`,
        message: `needs ${name}, which has no key; set one with: ${setKey(name)} (or take ${name} out of the route).`,
      }));
  });
  return [...strangers, ...missing];
}

/** The problems that the gateway itself would report when it starts. */
function loadProblems(settings: Settings, providerKeys: Readonly<Record<string, string>>): Problem[] {
  const hashes = Object.fromEntries(Object.keys(settings.keys).map((label) => [label, '0'.repeat(64)]));
  const variables = secretVariables(settings, 'm'.repeat(48), providerKeys);
  try {
    loadConfig(gatewayConfig(settings, hashes), variables);
    secretsEnv(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map((problem) => ({ path: 'ovth', message: formatProblem(problem) }));
    return [{ path: `${prefix}provider_keys`, message: error instanceof Error ? error.message : String(error) }];
  }
}
