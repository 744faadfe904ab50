// Checks of a stack's backup that need no network.

import type { BackupKeys } from '../../config/deploySettings';
import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import { type Carrier, inStack } from './carrier';

/** What is known beside the settings. */
export interface BackupFacts {
  readonly backupKeys: BackupKeys | undefined;
  /** The full names of the secret settings. */
  readonly secretKeys: readonly string[];
  /** What OVTH_RESTORE says; undefined where it is unset. */
  readonly restore: string | undefined;
}

/** A backup has its keys, they are secret, and only what has a backup can be restored. */
export function backupProblems(settings: Settings, { backupKeys, secretKeys, restore }: BackupFacts): Problem[] {
  const problems = pairingProblems(settings, backupKeys !== undefined);
  const keysPath = inStack.path('backup_keys');
  if (backupKeys !== undefined && !secretKeys.includes(keysPath))
    problems.push({
      path: keysPath,
      message: `stands readable in the stack's file; take it out there and set each key with: ${setKeys(inStack)}`,
    });
  if (restore === undefined) return problems;
  if (settings.backup === undefined)
    problems.push({
      path: 'OVTH_RESTORE',
      message: 'asks for the backup, and ovth:backup is not set; set it as it was.',
    });
  if (restore !== 'latest' && !moment.test(restore))
    problems.push({
      path: 'OVTH_RESTORE',
      message: `must be "latest" or a time in UTC such as 2026-11-27T06:00:00Z, found ${JSON.stringify(restore)}.`,
    });
  return problems;
}

/** A backup has its keys, and keys have a backup. @param keyed whether the bucket's keys are given */
export function pairingProblems({ backup }: Settings, keyed: boolean, carrier = inStack): Problem[] {
  const keysPath = carrier.path('backup_keys');
  if (backup !== undefined && !keyed)
    return [{ path: keysPath, message: `is missing: set the keys of the bucket with: ${setKeys(carrier)}` }];
  if (backup === undefined && keyed)
    return [
      {
        path: carrier.path('backup'),
        message: `is missing, and ${keysPath} is set: name endpoint and bucket, or take the keys out.`,
      },
    ];
  return [];
}

// ---

const setKeys = (carrier: Carrier) =>
  `${carrier.setBackupKey('access_key_id')} and ${carrier.setBackupKey('secret_access_key')}`;
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
