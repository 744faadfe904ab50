// Users who leave. Everything else about a user is said where keys and quotas are.

import { GatewayError } from '../../core/errors';
import type { ForgetPlace, Storage } from '../../storage/storage';
import type { Doer } from './keys';

export interface UserAdmin {
  /**
   * Puts pseudonyms in the place of a user's names in the whole ledger. Their keys must be revoked before.
   * @throws GatewayError bad_request, not_found
   */
  forget(user: string, by: Doer): Promise<object>;
}

export interface UserAdminParts {
  readonly storage: Pick<Storage, 'forgetUser'>;
  /** Is told when keys have other labels. */
  readonly changed: () => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What is administered of users. */
export function openUserAdmin({ storage, changed, now }: UserAdminParts): UserAdmin {
  return {
    async forget(user, by) {
      const act = { at: now(), ...by, action: 'user.forget' };
      let place: ForgetPlace | undefined;
      let rows = 0;
      // Step by step: requests are admitted in between.
      for (;;) {
        const step = await storage.forgetUser(user, place, act);
        if ('inUse' in step)
          throw new GatewayError('bad_request', {
            message: `"${user.slice(0, 60)}" still has keys: ${step.inUse.slice(0, 5).join(', ')}. Revoke them first, and take those of the configuration out of it.`,
          });
        if ('next' in step) {
          place = step.next;
          rows += step.rows;
          continue;
        }
        await changed();
        return { object: 'forgotten_user', pseudonym: step.done, rows, open_requests: step.open };
      }
    },
  };
}
