// The settings of a gateway as a program passes them to the component: those of the file, some of which may be Outputs.

import * as pulumi from '@pulumi/pulumi';
import type { z } from 'zod';
import { stackKeys } from '../config/accounts';
import { checkSettings } from '../config/check';
import type { BackupKeys } from '../config/deploySettings';
import { ConfigError, type Problem } from '../config/problems';
import { deployFields, type Settings, settingsSchema, stackSchema } from '../config/schema';
import { pairingProblems } from './preflight/backupChecks';
import { inProgram } from './preflight/carrier';
import * as check from './preflight/stackChecks';
import { orGiveUp, orRefuse } from './refusal';
import { withKeyVariables } from './render/gatewayConfig';
import { currentType, type Stack } from './stackConfig';

/** A value that is an Output, holds some, or is known already. */
export type Inputs<T> = pulumi.Input<
  T extends readonly (infer Item)[]
    ? readonly Inputs<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]: Inputs<T[Name]> }
      : T
>;

/**
 * The settings of config.yaml, spelt as there. What the gateway itself reads may be or hold Outputs (`routes`, `quota`,
 * `providers`, `limits`, what a key may do …): it changes nothing but a file on the box. What concerns the deploy (`server`,
 * `ssh`, `domain`, `data`, `images` …) and the labels of `keys` must be known when the program runs: they decide which
 * resources there are and which are replaced, and a preview that cannot tell would announce the loss of a server.
 */
export type GatewaySettings = {
  readonly [Name in DeployField]?: Written[Name];
} & {
  readonly [Name in Exclude<keyof Written, DeployField | 'keys'>]?: Inputs<Written[Name]>;
} & {
  readonly keys?: {
    readonly [label: string]: {
      readonly [Name in keyof WrittenKey]: Name extends PlainInKey ? WrittenKey[Name] : Inputs<WrittenKey[Name]>;
    };
  };
};

/** Provider name → API key, or account name → API key. Any of them may be an Output; all are kept secret. */
export type ProviderKeys = Inputs<Readonly<Record<string, string | Readonly<Record<string, string>>>>>;

/** All settings and keys, once every Output among them is known. */
export type Complete = Pick<Stack, 'settings' | 'providerKeys' | 'backupKeys'>;

/** The secrets beside the settings, under the names that they have in a stack's file. */
export interface GivenKeys {
  readonly provider_keys: ProviderKeys;
  readonly backup_keys: Inputs<BackupKeys> | undefined;
}

/**
 * The part that must be known when the program runs, with every default; the rest is the default.
 * @param given what else the component is given
 * @throws ConfigError when a setting of the deploy is wrong or is an Output
 */
export function declaredSettings(
  settings: GatewaySettings,
  { backupKeys, firstBoot }: { readonly backupKeys?: unknown; readonly firstBoot?: unknown } = {},
): Settings {
  const deploy = Object.fromEntries(deployFields.flatMap((name) => (name in settings ? [[name, settings[name]]] : [])));
  const unknown = outputsIn({ ...deploy, keys: plainInKeys(settings.keys ?? {}) }, '');
  if (unknown.length > 0) throw new ConfigError(unknown.map(mustBeKnown));
  const declared = asArguments(() =>
    checkSettings({ ...deploy, keys: declaredKeys(settings.keys ?? {}) }, settingsSchema),
  );
  const problems = [
    ...check.sshProblems(declared, inProgram),
    ...check.acmeProblems(declared, inProgram),
    ...check.dnsProblems(declared, inProgram),
    ...pairingProblems(declared, backupKeys !== undefined, inProgram),
    ...(firstBoot === undefined && declared.ssh.generation > 1 ? [onlyInStack] : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...declared, server: { ...declared.server, type: currentType(declared.server.type) } };
}

/**
 * All settings and keys, once every Output among them is known.
 * @param resource whose settings they are
 * @returns a secret Output; a mistake among them ends the program with one sentence for each
 */
export function completeSettings(
  settings: GatewaySettings,
  keys: GivenKeys,
  resource: pulumi.Resource,
): pulumi.Output<Complete> {
  const known = pulumi.all([pulumi.output(settings), pulumi.output(keys)] as [
    pulumi.Output<unknown>,
    pulumi.Output<unknown>,
  ]);
  const checked = async (values: unknown, secrets: unknown) =>
    orRefuse(() => checkKnown({ ...(values as object), ...(secrets as object) }));
  return pulumi.secret(known.apply(([values, secrets]) => orGiveUp(checked(values, secrets), resource)));
}

/**
 * The same with every Output known.
 * @param value the settings, and the keys as `provider_keys` and `backup_keys`
 * @throws ConfigError with every problem
 */
export function checkKnown(value: object): Complete {
  const {
    settings: checked,
    keys: providerKeys,
    backupKeys,
  } = stackKeys(asArguments(() => checkSettings(value, stackSchema)));
  const settings = { ...checked, server: { ...checked.server, type: currentType(checked.server.type) } };
  const problems = check.keyProblems(settings, providerKeys, inProgram);
  const named = withKeyVariables(settings, Object.keys(providerKeys));
  if (problems.length === 0) problems.push(...check.loadProblems(named, providerKeys));
  if (problems.length > 0) throw new ConfigError(problems);
  return { settings: named, providerKeys, backupKeys };
}

// ---

type Written = z.input<typeof settingsSchema>;
type DeployField = (typeof deployFields)[number];
type WrittenKey = NonNullable<Written['keys']>[string];
/** What of a key decides about resources. */
const plainNames = ['generation', 'renamed_from'] as const;
type PlainInKey = (typeof plainNames)[number];
type Keys = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Of each key what must be known when the program runs. */
function plainInKeys(keys: Keys): Keys {
  return Object.fromEntries(
    Object.entries(keys).map(([label, key]) => [
      label,
      Object.fromEntries(plainNames.map((name) => [name, key[name]])),
    ]),
  );
}

/** Which key a server takes is asked before the resources are declared; a program's component is declared at once. */
const onlyInStack: Problem = {
  path: inProgram.path('ssh.generation'),
  message: 'must be 1 in a program: the key is replaced in the stacks of a clone only; leave it out.',
};

/** Labels, and of each key what is known: whether a key is generated or its hash is given decides about a resource. */
function declaredKeys(keys: Keys): Record<string, object> {
  return Object.fromEntries(
    Object.entries(keys).map(([label, key]) => {
      const known = Object.entries(key).flatMap(([name, value]) => {
        if (name === 'sha256' && pulumi.Output.isInstance(value)) return [[name, '0'.repeat(64)]];
        return typeof value === 'object' ? [] : [[name, value]];
      });
      return [label, Object.fromEntries(known) as object];
    }),
  );
}

/** The problems of a check, each with its path as the program writes it. */
function asArguments<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.problems.map(({ path, message }) => ({ path: inProgram.path(path), message })));
  }
}

/** The paths of the Outputs in a value. */
function outputsIn(value: unknown, path: string): string[] {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return [path];
  if (typeof value !== 'object' || value === null) return [];
  const under = (name: string) => (Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`);
  return Object.entries(value).flatMap(([name, each]) => outputsIn(each, under(name)));
}

function mustBeKnown(path: string): Problem {
  return {
    path: inProgram.path(path),
    message:
      'must be known when the program runs, because it decides which resources are made or replaced; pass a plain value (from pulumi.Config, for example) in place of the Output.',
  };
}
