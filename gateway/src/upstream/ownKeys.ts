// Some hosts repeat the credential they refuse in their error, whole or with its middle masked: the gateway's own keys never
// reach a client.

import type { Config } from '../../../config/load';

/** Takes the gateway's keys out of what a provider said. */
export interface KeyCleaner {
  bytes(bytes: Buffer): Buffer;
  text(text: string): string;
  /** The same for short texts, nearly all of which hold none. */
  header(value: string): string;
}

/** The cleaner of a configuration's keys: those of all accounts of all providers and of their own headers, and the master key. */
export function keyCleanerOf(config: Config): KeyCleaner {
  let cleaner = cleaners.get(config);
  if (cleaner === undefined) cleaners.set(config, (cleaner = openCleaner(credentialsOf(config))));
  return cleaner;
}

// ---

const cleaners = new WeakMap<Config, KeyCleaner>();

/** A key with fewer characters is none that could be told from any other word; hosts of one's own have `none` and the like. */
const shortest = 8;
const instead = '[key]';

function openCleaner({ keys, words }: OwnCredentials): KeyCleaner {
  const masked = [...new Set(keys.map((key) => key.slice(0, 3)))].map(maskedForm);
  const own = spellings([...keys, ...words]);
  const text = (said: string) => {
    const clean = own.reduce((rest, key) => rest.replaceAll(key, instead), said);
    return masked.reduce((rest, form) => rest.replace(form, instead), clean);
  };
  const least = Math.min(...own.map((key) => key.length));
  const holdsOne = (value: string) => value.length >= least && own.some((key) => value.includes(key));
  return {
    text,
    header: (value) => (holdsOne(value) || mayBeMasked.test(value) ? text(value) : value),
    bytes(bytes) {
      const said = bytes.toString('latin1'); // each byte a character, so that nothing else changes
      const clean = text(said);
      return clean === said ? bytes : Buffer.from(clean, 'latin1');
    },
  };
}

const mayBeMasked = /\*\*|\.\.\.|[^\x20-\x7e]/;

// As OpenAI writes a key: `sk-proj-********************AbCd`. What is left of it narrows a search.
function maskedForm(start: string): RegExp {
  const plain = start.replace(/[^A-Za-z0-9]/g, '\\$&');
  return new RegExp(
    `${plain}[A-Za-z0-9_-]{0,60}(?:\\*{2,200}|\\.{3}|\u2026|\u00e2\u0080\u00a6)[A-Za-z0-9_-]{0,60}`,
    'g',
  ); // the last is `…` in UTF-8
}

/** What is cleaned out. */
interface OwnCredentials {
  readonly keys: readonly string[];
  /** Words of the headers that accounts have of their own. They may begin as any word does, so that none is looked for by its beginning. */
  readonly words: readonly string[];
}

function credentialsOf({ providers, masterKey }: Config): OwnCredentials {
  const accounts = [...providers.values()].flatMap((provider) => provider.accounts);
  const keys = [...accounts.map(({ key }) => key), masterKey].flatMap((key) =>
    key === undefined ? [] : [key.reveal()],
  );
  const words = accounts.flatMap(({ headers }) =>
    Object.keys(headers)
      .filter(isCredential)
      .flatMap((name) => secretsIn(headers[name] ?? '')),
  );
  return { keys: keys.filter((key) => key.length >= shortest), words };
}

// Whether an account's header of its own holds a credential, as proxies before a provider want one.
function isCredential(name: string): boolean {
  return /auth|cookie|credential|jwt|key|pass|secret|session|signature|token/.test(name);
}

// A host may repeat a part of such a header: the token without `Bearer`, one cookie of several. Short words of letters alone
// are names and modes: `production` would be taken out of every sentence.
function secretsIn(value: string): string[] {
  const words = value.split(/[\s;,="]+/);
  return words.filter((word) => word.length >= 2 * shortest || (word.length >= shortest && /\d/.test(word)));
}

// Each as it is, and as JSON with escaped slashes and as URLs write it.
function spellings(credentials: readonly string[]): string[] {
  const written = credentials.flatMap((each) => [each, each.replaceAll('/', '\\/'), encodeURIComponent(each)]);
  return [...new Set(written)].sort((a, b) => b.length - a.length); // one may begin with another
}
