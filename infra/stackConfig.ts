// Reads the stack's configuration and the environment into checked settings, or into one sentence for each problem.

import { stackKeys } from '../config/accounts';
import { checkSettings } from '../config/check';
import type { BackupKeys } from '../config/deploySettings';
import { ConfigError, type Problem } from '../config/problems';
import { warningsOf } from '../config/resolve';
import { type Settings, type StackSettings, stackSchema } from '../config/schema';
import { backupProblems } from './preflight/backupChecks';
import * as check from './preflight/stackChecks';
import { withKeyVariables } from './render/gatewayConfig';

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
  /** The bucket's; undefined where there is no backup. Secret. */
  readonly backupKeys: BackupKeys | undefined;
  /** Where this update may put the ledger back from its backup: `latest`, or a moment in ISO 8601. */
  readonly restore: string | undefined;
  /** Sentences about renamed settings and retired models, each beginning with its setting without the prefix. */
  readonly warnings: readonly string[];
}

/**
 * Reads and checks everything that can be checked without a network.
 * @throws ConfigError with every problem; each path is the setting as the operator types it (`ovth:ssh.admin_cidrs[0]`)
 */
export function readStack(input: StackInput): Stack {
  const { config, environment, secretKeys } = input;
  const problems = [...check.tokenProblems(config, environment), ...check.agentProblems(environment)];
  const values = Object.entries(config).filter(([key]) => key.startsWith(prefix));
  if (values.length === 0) {
    throw new ConfigError([
      ...problems,
      {
        path: '',
        message: `the stack ${input.name} has no ovth:* settings yet: copy config/stack.example.yaml to Pulumi.${input.name}.yaml and set ovth:ssh.admin_cidrs, ovth:routes and ovth:provider_keys there.`,
      },
    ]);
  }
  const warnings: string[] = [];
  const { settings: checked, keys: providerKeys, backupKeys } = stackKeys(parse(values, problems, warnings));
  const restore = environment['OVTH_RESTORE'] || undefined;
  const settings = { ...checked, server: { ...checked.server, type: currentType(checked.server.type) } };
  problems.push(
    ...check.sshProblems(settings),
    ...check.acmeProblems(settings),
    ...check.dnsProblems(settings),
    ...check.secrecyProblems(secretKeys, providerKeys),
    ...backupProblems(settings, { backupKeys, secretKeys, restore }),
  );
  const keys = check.keyProblems(settings, providerKeys);
  problems.push(...keys);
  const named = withKeyVariables(settings, Object.keys(providerKeys));
  if (keys.length === 0) problems.push(...check.loadProblems(named, providerKeys));
  if (problems.length > 0) throw new ConfigError(problems);
  return { settings: named, providerKeys, backupKeys, restore, warnings: [...warnings, ...warningsOf(named)] };
}

/** The server type that replaces a retired one (`cx11` → `cx23`); any other type is returned unchanged. */
export function currentType(type: string): string {
  return Object.hasOwn(successors, type) ? (successors[type as keyof typeof successors] ?? type) : type;
}

// ---

const prefix = 'ovth:';
const successors = { cx11: 'cx23' } as const;

function parse(
  values: readonly (readonly [string, string])[],
  problems: readonly Problem[],
  warnings: string[],
): StackSettings {
  try {
    return checkSettings(
      Object.fromEntries(values.map(([key, value]) => [key.slice(prefix.length), decode(value)])),
      stackSchema,
      warnings,
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
