// Checks of a stack that need no network. Each returns one sentence for each problem, with the setting and the remedy.

import { existsSync } from 'node:fs';
import { hashKey } from '../../config/appKey';
import { isKnownProvider, knownProviders } from '../../config/knownProviders';
import { loadConfig } from '../../config/load';
import { ConfigError, formatProblem, type Problem, suggest } from '../../config/problems';
import { findTarget } from '../../config/resolve';
import type { Settings } from '../../config/schema';
import { gatewayConfig, secretsEnv, secretVariables } from '../render/gatewayConfig';
import { inStack } from './carrier';

type Texts = Readonly<Record<string, string>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** The API token is set, in the stack or in the environment, and has the length of one. */
export function tokenProblems(config: Texts, environment: Environment): Problem[] {
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
export function agentProblems(environment: Environment): Problem[] {
  const socket = environment['SSH_AUTH_SOCK'];
  if (socket === undefined || socket === '' || existsSync(socket)) return [];
  return [
    {
      path: 'SSH_AUTH_SOCK',
      message: `names ${socket}, where no SSH agent listens; run "unset SSH_AUTH_SOCK" and try again.`,
    },
  ];
}

/** The ranges that may log in are named, and none is open to the world unless that is allowed. */
export function sshProblems({ ssh }: Settings, carrier = inStack): Problem[] {
  const path = carrier.path('ssh.admin_cidrs');
  if (ssh.admin_cidrs === undefined) {
    return [
      {
        path,
        message: `is missing: name the addresses that may reach port 22, such as your own: ${carrier.setRange}.`,
      },
    ];
  }
  if (ssh.allow_public) return [];
  return ssh.admin_cidrs.flatMap((range, i) =>
    isPublic(range)
      ? [
          {
            path: `${path}[${i}]`,
            message: `${range} opens port 22 to the world; name your own addresses, or set ${carrier.path('ssh.allow_public')} to true if that is meant.`,
          },
        ]
      : [],
  );
}

/** A zone holds the records of a domain that is in it. */
export function dnsProblems({ dns, domain }: Settings, carrier = inStack): Problem[] {
  if (dns === undefined || domain === dns.zone || domain?.endsWith(`.${dns.zone}`) === true) return [];
  const path = carrier.path('dns.zone');
  const [domainPath, dnsPath] = [carrier.path('domain'), carrier.path('dns')];
  return domain === undefined
    ? [{ path, message: `has no host name to set: set ${domainPath} to one in ${dns.zone}, or remove ${dnsPath}.` }]
    : [
        {
          path,
          message: `${dns.zone} does not hold ${domain} (${domainPath}): name the zone that does, or remove ${dnsPath} and set the records yourself (output dnsRecords).`,
        },
      ];
}

/** The ACME directory can be written into a Caddyfile. */
export function acmeProblems({ acme }: Settings, carrier = inStack): Problem[] {
  if (acme.directory === undefined || /^https:\/\/[^\s"\\{}]+$/.test(acme.directory)) return [];
  return [
    {
      path: carrier.path('acme.directory'),
      message: `must be an https:// URL without blanks, quotes or braces, found ${JSON.stringify(acme.directory)}.`,
    },
  ];
}

/**
 * The provider keys are a secret setting, so that the stack's file holds them encrypted.
 * @param secretKeys the full names of the secret settings
 */
export function secrecyProblems(secretKeys: readonly string[], providerKeys: Texts): Problem[] {
  const [first] = Object.keys(providerKeys);
  if (first === undefined || secretKeys.includes(`${prefix}provider_keys`)) return [];
  return [
    {
      path: `${prefix}provider_keys`,
      message: `stands readable in the stack's file; take it out there and set each key with: ${inStack.setKey(first)}`,
    },
  ];
}

/** Every provider that a route names needs a key, and every key needs a provider. */
export function keyProblems(settings: Settings, providerKeys: Texts, carrier = inStack): Problem[] {
  const known = [...Object.keys(knownProviders), ...Object.keys(settings.providers)];
  const strangers = Object.keys(providerKeys)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: carrier.path(`provider_keys.${name}`),
      message: `is the key of no provider.${suggest(name, known)} Known: ${[...new Set(known)].join(', ')}; describe another one in ${carrier.path('providers')}.`,
    }));
  const usable = (name: string) =>
    Object.hasOwn(providerKeys, name) ||
    (!isKnownProvider(name) && settings.providers[name]?.api_key_env === undefined);
  if (!known.some(usable)) {
    return [
      ...strangers,
      {
        path: carrier.path('provider_keys'),
        message: `holds no key, so there is nothing to call; set one with: ${carrier.setKey('openai')}`,
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
        path: carrier.path(`routes.${route}.${at}`),
        message: `needs ${name}, which has no key; set one with: ${carrier.setKey(name)} (or take ${name} out of the route).`,
      }));
  });
  return [...strangers, ...missing];
}

/** The problems that the gateway itself would report when it starts. */
export function loadProblems(settings: Settings, providerKeys: Texts): Problem[] {
  const hashes = Object.fromEntries(Object.keys(settings.keys).map((label) => [label, hashKey(label)]));
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

// ---

const prefix = 'ovth:';
/** Characters of a Hetzner API token; the provider refuses any other length. */
const tokenLength = 64;

/** Whether the range has a 128th of all addresses or more. */
function isPublic(range: string): boolean {
  return Number(range.slice(range.indexOf('/') + 1)) < 8;
}
