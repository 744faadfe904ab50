// Who is asking: credentials from headers, and from the URL where Gemini's clients put them, before a byte of the body is read. Keys are looked up by hash in memory; the
// ledger checks again, in the admitting transaction, that a key still stands.

import { createHash, hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isKey, keyPrefix, leastOwnKey } from '../../../config/appKey';
import type { Secret } from '../../../config/secret';
import type { AdminCredential, CredentialDirectory } from '../accounting/credentials';
import type { KeyDirectory } from '../accounting/keyDirectory';
import { endOf, graceOf } from '../accounting/keyRow';
import { type ErrorCode, GatewayError } from '../core/errors';
import type { KeyRow } from '../storage/rows';
import { type ClientAddresses, networkOf } from './clientAddress';
import { openMinuteCounter } from './minuteCounter';

export type Caller =
  | { readonly kind: 'master' }
  | { readonly kind: 'credential'; readonly credential: AdminCredential }
  | {
      readonly kind: 'key';
      readonly key: KeyRow;
      /** Set where the secret was replaced: it works until then, milliseconds since 1970. */
      readonly oldUntil: number | undefined;
    };

export interface Authenticator {
  /**
   * Undefined where no credential was sent. A promise only for a key that is not known in memory.
   * @param inQuery what stands in the URL as `key`, where the API has credentials there (Gemini's)
   * @throws GatewayError invalid_key, revoked_key, expired_key, too_many_wrong_keys
   */
  identify(request: IncomingMessage, inQuery?: unknown): Caller | undefined | Promise<Caller>;
  /** The same where the gateway is administered: there its credentials are known too. @throws as `identify` */
  identifyAdmin(request: IncomingMessage): Caller | undefined | Promise<Caller>;
}

export interface AuthenticatorParts {
  readonly keys: Pick<KeyDirectory, 'find' | 'knows' | 'findRefreshed'>;
  readonly credentials: Pick<CredentialDirectory, 'find'>;
  /** The one of this moment: a reload may change it. */
  readonly masterKey: () => Secret;
  readonly addresses: ClientAddresses;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Wrong credentials of an address in a minute that are each looked into; a typo in a busy app's settings is one of many. */
const mostWrong = 30;

/** A credential that is valid is accepted whatever else came from its address. */
export function openAuthenticator({ keys, credentials, masterKey, addresses, now }: AuthenticatorParts): Authenticator {
  const wrong = openMinuteCounter(now);
  let masterHash: { of: Secret; hash: Buffer } | undefined;

  const isMaster = (credential: string): boolean => {
    const current = masterKey();
    if (masterHash?.of !== current) masterHash = { of: current, hash: digest(current.reveal()) };
    return timingSafeEqual(masterHash.hash, digest(credential));
  };
  const refusal = (request: IncomingMessage, code: ErrorCode): GatewayError => {
    const network = networkOf(addresses.of(request));
    return wrong.add(network) <= mostWrong ? new GatewayError(code) : tooMany(network);
  };
  const tooMany = (network: string): GatewayError =>
    new GatewayError('too_many_wrong_keys', { headers: { 'retry-after': String(wrong.secondsLeft(network)) } });
  const callerOf = (request: IncomingMessage, key: KeyRow | undefined, sha256: string): Caller => {
    const end = key === undefined ? 'invalid_key' : endOf(key, now());
    if (key === undefined || end !== undefined) throw refusal(request, end ?? 'invalid_key');
    const oldUntil = graceOf(key, sha256);
    return { kind: 'key', key, oldUntil };
  };

  const authenticator: Authenticator = {
    identifyAdmin(request) {
      const sent = credentialOf(request.headers, undefined);
      const mayBe = sent !== undefined && sent.length >= leastOwnKey && !sent.startsWith(keyPrefix) && !isMaster(sent);
      const credential = mayBe ? credentials.find(hash('sha256', sent)) : undefined;
      return credential === undefined ? authenticator.identify(request) : { kind: 'credential', credential };
    },
    identify(request, inQuery) {
      const credential = credentialOf(request.headers, inQuery);
      if (credential === undefined) return undefined;
      const ours = credential.startsWith(keyPrefix);
      if (!ours && isMaster(credential)) return { kind: 'master' };
      // A key that the configuration declares by its hash may have any form of some length.
      if (credential.length < leastOwnKey) throw refusal(request, 'invalid_key');
      const sha256 = hash('sha256', credential);
      const isKnown = keys.knows(sha256);
      // A typo costs no look-up; and what is known needs no checksum.
      if (ours && !isKnown && !isKey(credential)) throw refusal(request, 'invalid_key');
      // What may be guessed is not looked for by itself; but another process may have minted it a moment ago.
      const guessed = !isKnown && wrong.count(networkOf(addresses.of(request))) >= mostWrong;
      const found = guessed ? keys.findRefreshed(sha256) : keys.find(sha256);
      return found instanceof Promise
        ? found.then((key) => callerOf(request, key, sha256))
        : callerOf(request, found, sha256);
    },
  };
  return authenticator;
}

// ---

const digest = (text: string) => createHash('sha256').update(text).digest();

const bearer = /^bearer\s/i;

/** The ways clients send a key. Where several are sent and differ, one that looks like ours is taken. */
function credentialOf(headers: IncomingHttpHeaders, inQuery: unknown): string | undefined {
  let other: string | undefined;
  const { authorization } = headers;
  for (const value of [
    authorization !== undefined && bearer.test(authorization) ? authorization.slice('bearer'.length) : undefined,
    headers['x-api-key'],
    headers['api-key'],
    headers['x-goog-api-key'],
    inQuery,
  ]) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    const sent = typeof first === 'string' ? first.trim() : '';
    if (sent === '') continue;
    if (sent.startsWith(keyPrefix)) return sent;
    other ??= sent;
  }
  return other;
}
