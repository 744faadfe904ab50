// Who is asking: credentials from headers, before a byte of the body is read. Keys are looked up by hash in memory;
// the ledger checks again, in the admitting transaction, that a key still stands.

import { createHash, hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isKey, keyPrefix } from '../../../config/appKey';
import type { Secret } from '../../../config/secret';
import { GatewayError } from '../core/errors';
import type { KeyRow, Store } from '../storage/sqlite/store';

export type Caller = { readonly kind: 'master' } | { readonly kind: 'key'; readonly key: KeyRow };

export interface Authenticator {
  /** @throws GatewayError no_credential, invalid_key, revoked_key */
  identify(headers: IncomingHttpHeaders): Caller;
  /** As identify, for paths that need no credential: undefined where there is none, a refusal for a wrong one. */
  identifyIfAny(headers: IncomingHttpHeaders): Caller | undefined;
  /** Forget what is remembered of keys: they have changed. */
  forget(): void;
}

/** Rows kept in memory; keys made or revoked by another process are seen after this long at the latest. */
const rememberedMs = 1_000;
const mostRemembered = 10_000;

export function openAuthenticator(store: Store, masterKey: () => Secret, now: () => number): Authenticator {
  const remembered = new Map<string, { key: KeyRow; at: number }>();
  let masterHash: { of: Secret; hash: Buffer } | undefined;

  const isMaster = (credential: string): boolean => {
    const current = masterKey();
    if (masterHash?.of !== current) masterHash = { of: current, hash: digest(current.reveal()) };
    return timingSafeEqual(masterHash.hash, digest(credential));
  };

  const lookUp = (credential: string): KeyRow | undefined => {
    if (!isKey(credential)) return undefined; // a typo costs no look-up
    const name = hash('sha256', credential);
    const known = remembered.get(name);
    if (known !== undefined && now() - known.at < rememberedMs) return known.key;
    const key = store.keyByHash(Buffer.from(name, 'hex'));
    if (key === undefined) {
      remembered.delete(name);
      return undefined;
    }
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(name, { key, at: now() });
    return key;
  };

  const identifyIfAny = (headers: IncomingHttpHeaders): Caller | undefined => {
    const credential = credentialOf(headers);
    if (credential === undefined) return undefined;
    if (!credential.startsWith(keyPrefix) && isMaster(credential)) return { kind: 'master' };
    const key = lookUp(credential);
    if (key === undefined) throw new GatewayError('invalid_key');
    if (key.revoked_at !== null) throw new GatewayError('revoked_key');
    return { kind: 'key', key };
  };

  return {
    identifyIfAny,
    identify(headers) {
      const caller = identifyIfAny(headers);
      if (caller === undefined) throw new GatewayError('no_credential');
      return caller;
    },
    forget: () => remembered.clear(),
  };
}

// ---

const digest = (text: string) => createHash('sha256').update(text).digest();

/** The four ways clients send a key. Where several are sent and differ, one that looks like ours is taken. */
function credentialOf(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^bearer\s+(.+)$/i.exec(headers.authorization ?? '')?.[1];
  const sent = [bearer, headers['x-api-key'], headers['api-key'], headers['x-goog-api-key']]
    .map((value) => (Array.isArray(value) ? value[0] : value)?.trim())
    .filter((value) => value !== undefined && value !== '');
  return sent.find((value) => value?.startsWith(keyPrefix)) ?? sent[0];
}
