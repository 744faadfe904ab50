// A provider is one or more accounts: a key, a share of the requests, and headers of its own.

import type { BackupKeys } from './deploySettings';
import { ownValue } from './forms';
import { isKnownProvider, knownProviders } from './knownProviders';
import { providerSchema } from './providerSettings';
import type { Settings, StackSettings } from './schema';
import type { Secret } from './secret';

/** The account of a provider that names none. */
const defaultAccount = 'default';

/** An account that can be used: its key is there, or none is needed. */
export interface Account {
  readonly name: string;
  /** Absent for a provider of one's own that is called without a key. */
  readonly key: Secret | undefined;
  /** The environment variable that holds its key; absent where no key is needed. */
  readonly variable: string | undefined;
  /** Its share of the requests, beside the other accounts of the provider. */
  readonly weight: number;
  /** Lower-case name → value, sent with each request. Holds no credential. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An account as the settings describe it, before the environment is asked for its key. */
export type AccountPlan = Omit<Account, 'key'>;

/** The accounts of a provider in the order written: one named `default` where the settings name none. */
export function accountsOf(provider: string, settings: Settings): AccountPlan[] {
  const own = ownValue(settings.providers, provider);
  const inherited = own?.api_key_env ?? (isKnownProvider(provider) ? knownProviders[provider].api_key_env : undefined);
  const written = Object.entries(own?.accounts ?? {});
  if (written.length === 0) return [{ name: defaultAccount, variable: inherited, weight: 1, headers: {} }];
  return written.map(([name, account]) => ({
    name,
    variable: account.api_key_env ?? inherited,
    weight: account.weight,
    headers: Object.fromEntries(
      Object.entries(account.headers).map(([header, value]) => [header.toLowerCase(), value]),
    ),
  }));
}

/** Settings and keys of a stack, each key with the provider it belongs to. */
export interface StackKeys {
  /** The settings, with the accounts that `provider_keys` names. */
  readonly settings: Settings;
  /** Provider → key. Secret. */
  readonly keys: Readonly<Record<string, string>>;
  /** The bucket's. Secret. */
  readonly backupKeys: BackupKeys | undefined;
}

/**
 * `provider_keys` in its two forms (a key, or account name → key) → one key per provider. An account that only
 * `provider_keys` names is added to `providers`.
 * @param stack checked: no mapping has more than one account (see served.ts)
 */
export function stackKeys({ provider_keys, backup_keys, ...settings }: StackSettings): StackKeys {
  const keys: Record<string, string> = {};
  const providers = { ...settings.providers };
  for (const [name, given] of Object.entries(provider_keys)) {
    if (typeof given === 'string') {
      keys[name] = given;
      continue;
    }
    for (const [account, key] of Object.entries(given)) {
      keys[name] = key;
      const own = providers[name] ?? providerSchema.parse({});
      providers[name] =
        own.accounts === undefined ? { ...own, accounts: { [account]: { weight: 1, headers: {} } } } : own;
    }
  }
  return { settings: { ...settings, providers }, keys, backupKeys: backup_keys };
}
