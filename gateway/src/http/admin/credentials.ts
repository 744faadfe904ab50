// Credentials of the administration: mint, list, revoke. Only the master key does.

import { hash } from 'node:crypto';
import { credentialBodySchema } from '../../../../config/adminCredentials';
import { mintAdminCredential } from '../../../../config/appKey';
import type { CredentialDirectory } from '../../accounting/credentials';
import { momentOf } from '../../accounting/keyRow';
import { GatewayError } from '../../core/errors';
import { newId } from '../../core/ids';
import type { Act, CredentialRow } from '../../storage/administration';
import type { Storage } from '../../storage/storage';
import { checkBody } from './body';
import type { Doer } from './keys';

export interface CredentialAdmin {
  /** The only answer that ever holds the credential itself. @throws GatewayError bad_request, bad_json */
  mint(body: Buffer, by: Doer): Promise<object>;
  list(): Promise<object>;
  /** @throws GatewayError not_found */
  revoke(id: string, by: Doer): Promise<object>;
}

export interface CredentialAdminParts {
  readonly storage: Pick<Storage, 'putCredential'>;
  readonly directory: CredentialDirectory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The administration of credentials. Changes hold at once in this process, and within a second in others. */
export function openCredentialAdmin({ storage, directory, now }: CredentialAdminParts): CredentialAdmin {
  const save = async (row: CredentialRow, act: Act) => {
    await storage.putCredential(row, act);
    await directory.refresh();
    return describe(row);
  };
  return {
    async mint(body, by) {
      const { label, scopes, expires_at } = checkBody(credentialBodySchema, body, example);
      const secret = mintAdminCredential();
      const at = now();
      const row: CredentialRow = {
        id: newId('cred', at),
        sha256: hash('sha256', secret),
        label,
        scopes: JSON.stringify([...new Set(scopes)]),
        created_at: at,
        expires_at: momentOf(expires_at),
        revoked_at: null,
      };
      return { credential: secret, ...(await save(row, { at, ...by, action: 'credential.mint' })) };
    },
    async list() {
      await directory.refresh();
      return { object: 'list', data: directory.all().map(describe) };
    },
    async revoke(id, by) {
      await directory.refresh();
      const row = directory.all().find((each) => each.id === id);
      if (row === undefined)
        throw new GatewayError('not_found', {
          message: `There is no credential "${id.slice(0, 60)}". GET /admin/credentials lists those that were minted; one of the configuration ends when it is taken out there.`,
        });
      if (row.revoked_at !== null) return describe(row);
      const at = now();
      return save({ ...row, revoked_at: at }, { at, ...by, action: 'credential.revoke' });
    },
  };
}

// ---

const example = '{"label":"reports","scopes":["read"]}';

function describe({ id, label, scopes, created_at, expires_at, revoked_at }: CredentialRow): object {
  const moment = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    id,
    object: 'credential',
    label,
    scopes: JSON.parse(scopes) as string[],
    created_at: moment(created_at),
    expires_at: moment(expires_at),
    revoked_at: moment(revoked_at),
  };
}
