// Keys that end while they have requests in flight: revoked here or by another process, or past their last moment.

import type { KeyDirectory } from '../accounting/keyDirectory';
import { endOf } from '../accounting/keyRow';
import { GatewayError } from '../core/errors';
import type { Concurrency } from '../http/concurrency';

/** Ends the requests in flight of keys that may no longer be used. @param now milliseconds since 1970 */
export function cutEndedKeys(
  directory: Pick<KeyDirectory, 'byId'>,
  concurrency: Pick<Concurrency, 'keys' | 'cut'>,
  now: number,
): void {
  for (const id of concurrency.keys()) {
    const key = directory.byId(id); // one that another process minted a moment ago is not known yet
    const end = key && endOf(key, now);
    if (end !== undefined) concurrency.cut(id, new GatewayError(end));
  }
}
