// Acts that are done once, however often they are asked for: whoever gets no answer asks again with the same `Idempotency-Key`.
// The header is that of https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07 (a quoted text; bare
// ones, as Stripe's clients send them, are taken too). Its 422 for other contents is ours; its 409 for a first request that is
// still at work is not needed: the second waits for the transaction of the first.

import { hash } from 'node:crypto';
import { GatewayError } from '../../core/errors';
import { newId } from '../../core/ids';
import type { Once } from '../../storage/administration';
import type { Storage } from '../../storage/storage';

/** Characters of a key: as many as Stripe takes (https://docs.stripe.com/api/idempotent_requests, 2026-11). */
const longestKey = 255;

/**
 * By what an act is known again. Without a header it is known to the storage alone, whose thread may be asked twice.
 * @param asked what is asked of the subject, checked
 * @param now milliseconds since 1970
 * @throws GatewayError bad_request for a header that is no key
 */
export function onceOf(header: string | undefined, subject: string, asked: object, now: number): Once {
  const contents = hash('sha256', JSON.stringify([subject, asked]));
  return { idempotencyKey: header === undefined ? newId('act', now) : keyIn(header), contents };
}

interface OnceParts<T> {
  readonly storage: Pick<Storage, 'contentsOfAct'>;
  readonly once: Once;
  /** Answers where the act was done before. */
  readonly repeated: () => Promise<T>;
}

/**
 * Does an act, or answers for the one that was done before.
 * @throws GatewayError idempotency_key_reused where something else was asked with its key
 */
export async function doOnce<T>({ storage, once, repeated }: OnceParts<T>, act: () => Promise<T>): Promise<T> {
  if (await isDone(storage, once)) return repeated();
  const result = await act();
  await isDone(storage, once); // somebody may have asked for something else with this key meanwhile: then nothing was done
  return result;
}

// ---

function keyIn(header: string): string {
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (!/^[\x20-\x7e]+$/.test(key) || key.length > longestKey)
    throw new GatewayError('bad_request', {
      field: 'Idempotency-Key',
      message: `"Idempotency-Key": must have 1 to ${longestKey} characters of ASCII, a new one for each act, such as a UUID.`,
    });
  return key;
}

async function isDone(storage: Pick<Storage, 'contentsOfAct'>, { idempotencyKey, contents }: Once): Promise<boolean> {
  const before = await storage.contentsOfAct(idempotencyKey);
  if (before !== undefined && before !== contents)
    throw new GatewayError('idempotency_key_reused', { field: 'Idempotency-Key' });
  return before !== undefined;
}
