// Who is asking: credentials from headers, before a byte of the body is read. Keys are looked up by hash in memory; the
// ledger checks again, in the admitting transaction, that a key still stands.

import { createHash, hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isKey, keyPrefix } from '../../../config/appKey';
import type { Secret } from '../../../config/secret';
import type { KeyDirectory } from '../accounting/keys';
import { GatewayError } from '../core/errors';
import type { KeyRow } from '../storage/storage';

export type Caller = { readonly kind: 'master' } | { readonly kind: 'key'; readonly key: KeyRow };

export interface Authenticator {
  /**
   * Undefined where no credential was sent. A promise only for a key that is not known in memory.
   * @throws GatewayError invalid_key, revoked_key
   */
  identify(headers: IncomingHttpHeaders): Caller | undefined | Promise<Caller>;
}

/** @param masterKey the one of this moment: a reload may change it */
export function openAuthenticator(keys: Pick<KeyDirectory, 'find'>, masterKey: () => Secret): Authenticator {
  let masterHash: { of: Secret; hash: Buffer } | undefined;

  const isMaster = (credential: string): boolean => {
    const current = masterKey();
    if (masterHash?.of !== current) masterHash = { of: current, hash: digest(current.reveal()) };
    return timingSafeEqual(masterHash.hash, digest(credential));
  };

  return {
    identify(headers) {
      const credential = credentialOf(headers);
      if (credential === undefined) return undefined;
      if (!credential.startsWith(keyPrefix) && isMaster(credential)) return { kind: 'master' };
      if (!isKey(credential)) throw new GatewayError('invalid_key'); // a typo costs no look-up
      const found = keys.find(hash('sha256', credential));
      return found instanceof Promise ? found.then(callerOf) : callerOf(found);
    },
  };
}

// ---

const digest = (text: string) => createHash('sha256').update(text).digest();

function callerOf(key: KeyRow | undefined): Caller {
  if (key === undefined) throw new GatewayError('invalid_key');
  if (key.revoked_at !== null) throw new GatewayError('revoked_key');
  return { kind: 'key', key };
}

const bearer = /^bearer\s+(.+)$/i;

/** The four ways clients send a key. Where several are sent and differ, one that looks like ours is taken. */
function credentialOf(headers: IncomingHttpHeaders): string | undefined {
  let first: string | undefined;
  const { authorization } = headers;
  for (const value of [
    authorization === undefined ? undefined : bearer.exec(authorization)?.[1],
    headers['x-api-key'],
    headers['api-key'],
    headers['x-goog-api-key'],
  ]) {
    const sent = (Array.isArray(value) ? value[0] : value)?.trim();
    if (sent === undefined || sent === '') continue;
    if (sent.startsWith(keyPrefix)) return sent;
    first ??= sent;
  }
  return first;
}
