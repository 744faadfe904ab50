// The two files that a gateway on the box reads: config.yaml, and secrets.env beside it.

import { stringify } from 'yaml';
import { accountsOf } from '../../config/accounts';
import { deployFields, type Settings } from '../../config/schema';

/**
 * The text of config.yaml: the settings without those that concern the deploy only.
 * @param settings checked settings
 * @param hashes label → SHA-256, in hex, of each generated application key
 */
export function gatewayConfig(settings: Settings, hashes: Readonly<Record<string, string>>): string {
  const left = new Set<string>(deployFields);
  const keys = Object.entries(settings.keys).map(
    ([label, key]) => [label, { ...key, sha256: key.sha256 ?? hashes[label] }] as const,
  );
  const own = { ...settings, keys: Object.fromEntries(keys) };
  const config = Object.fromEntries(Object.entries(own).filter(([name]) => !left.has(name)));
  return stringify(config, { lineWidth: 0 });
}

/**
 * The variable that holds a provider's API key: `api_key_env` if set, the built-in one, or one made from the name
 * (`my-host` → `MY_HOST_API_KEY`).
 */
export function keyVariable(provider: string, settings: Settings): string {
  const made = `${provider
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '_')
    .replace(/^(?=\d)/, '_')}_API_KEY`;
  return accountsOf(provider, settings)[0]?.variable ?? made;
}

/**
 * The settings, with `api_key_env` filled in for each provider in `ovth:providers` that has a key.
 * @param settings checked settings
 * @param keyed names of the providers that have a key
 */
export function withKeyVariables(settings: Settings, keyed: readonly string[]): Settings {
  const providers = Object.entries(settings.providers).map(([name, provider]) => [
    name,
    keyed.includes(name) ? { ...provider, api_key_env: keyVariable(name, settings) } : provider,
  ]);
  return { ...settings, providers: Object.fromEntries(providers) as Settings['providers'] };
}

/** Variable → value, for the master key and every provider key. */
export function secretVariables(
  settings: Settings,
  masterKey: string,
  providerKeys: Readonly<Record<string, string>>,
): Record<string, string> {
  const keys = Object.entries(providerKeys).map(([provider, key]) => [keyVariable(provider, settings), key]);
  return { OVTH_MASTER_KEY: masterKey, ...(Object.fromEntries(keys) as Record<string, string>) };
}

/**
 * The text of secrets.env.
 * @throws Error for a value that the format cannot hold; the message names the variable and not the value
 */
export function secretsEnv(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      const quote = ["'", '"', '`'].find((candidate) => !value.includes(candidate));
      if (quote === undefined || /[\n\r]/.test(value) || (quote === '"' && value.includes('\\')))
        throw new Error(`${name} holds characters that no API key has (the value is not shown)`);
      return `${name}=${quote}${value}${quote}\n`;
    })
    .join('');
}
