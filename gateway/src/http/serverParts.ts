// What the server is built of.

import type { Services } from '../pipeline/context';
import type { Log } from '../telemetry/log';
import type { AuditAdmin } from './admin/audit';
import type { CredentialAdmin } from './admin/credentials';
import type { KeyAdmin } from './admin/keys';
import type { RequestAdmin } from './admin/requests';
import type { UsageAdmin } from './admin/usage';
import type { UserAdmin } from './admin/users';
import type { Authenticator } from './authenticate';
import type { MemoryBudget } from '../core/memoryBudget';
import type { ClientAddresses } from './clientAddress';
import type { Concurrency } from './concurrency';

export interface AdminParts {
  readonly keys: KeyAdmin;
  readonly requests: RequestAdmin;
  readonly usage: UsageAdmin;
  readonly users: UserAdmin;
  readonly credentials: CredentialAdmin;
  readonly audit: AuditAdmin;
  /** Books what has ended, so that what is shown is what is booked. */
  flush(): Promise<void>;
}

export interface ServerParts {
  readonly services: Services;
  readonly log: Log;
  readonly authenticator: Authenticator;
  readonly admin: AdminParts;
  readonly bodies: MemoryBudget;
  readonly concurrency: Concurrency;
  readonly addresses: ClientAddresses;
  /** Why the ledger lets nothing be admitted now; undefined where it does. */
  readonly ledgerProblem: () => string | undefined;
  /** What `/readyz` shows of the deploy; undefined in a gateway that no deploy has started. */
  readonly deployStamp: () => { readonly release: string; readonly repairs: number } | undefined;
}
