// Some hosts repeat the credential they refuse in their error: the gateway's own keys never reach a client.

import type { Config } from '../../../config/load';

/** Takes the gateway's keys out of what a provider said. */
export interface KeyCleaner {
  bytes(bytes: Buffer): Buffer;
  text(text: string): string;
}

/** The cleaner of a configuration's keys: those of all accounts of all providers, and the master key. */
export function keyCleanerOf(config: Config): KeyCleaner {
  let cleaner = cleaners.get(config);
  if (cleaner === undefined) cleaners.set(config, (cleaner = openCleaner(keysOf(config))));
  return cleaner;
}

// ---

const cleaners = new WeakMap<Config, KeyCleaner>();

/** A key with fewer characters is none that could be told from any other word; hosts of one's own have `none` and the like. */
const shortest = 8;
const instead = '[key of the gateway]';

function openCleaner(keys: readonly string[]): KeyCleaner {
  const text = (said: string) => keys.reduce((clean, key) => clean.replaceAll(key, instead), said);
  return {
    text,
    bytes: (bytes) =>
      keys.some((key) => bytes.includes(key)) ? Buffer.from(text(bytes.toString('latin1')), 'latin1') : bytes,
  };
}

// Each as it is, and as JSON with escaped slashes and as URLs write it.
function keysOf({ providers, masterKey }: Config): string[] {
  const accounts = [...providers.values()].flatMap((provider) => provider.accounts);
  const keys = [...accounts.map(({ key }) => key), masterKey].flatMap((key) =>
    key === undefined ? [] : [key.reveal()],
  );
  const written = keys
    .filter((key) => key.length >= shortest)
    .flatMap((key) => [key, key.replaceAll('/', '\\/'), encodeURIComponent(key)]);
  return [...new Set(written)].sort((a, b) => b.length - a.length); // one may begin with another
}
