// Checks of a stack's backup that need no network.

import type { BackupKeys } from '../../config/deploySettings';
import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';

/** What is known beside the settings. */
export interface BackupFacts {
  readonly backupKeys: BackupKeys | undefined;
  /** The full names of the secret settings. */
  readonly secretKeys: readonly string[];
  /** What OVTH_RESTORE says; undefined where it is unset. */
  readonly restore: string | undefined;
}

/** A backup has its keys, they are secret, and only what has a backup can be restored. */
export function backupProblems({ backup }: Settings, { backupKeys, secretKeys, restore }: BackupFacts): Problem[] {
  const problems: Problem[] = [];
  if (backup !== undefined && backupKeys === undefined)
    problems.push({
      path: keysPath,
      message: `is missing: set the keys of the bucket with: ${setKey('access_key_id')} and ${setKey('secret_access_key')}`,
    });
  if (backup === undefined && backupKeys !== undefined)
    problems.push({
      path: 'ovth:backup',
      message: `is missing, and ovth:backup_keys is set: name endpoint and bucket, or run "pulumi config rm ovth:backup_keys".`,
    });
  if (backupKeys !== undefined && !secretKeys.includes(keysPath))
    problems.push({
      path: keysPath,
      message: `stands readable in the stack's file; take it out there and set each key with: ${setKey('access_key_id')} and ${setKey('secret_access_key')}`,
    });
  if (restore === undefined) return problems;
  if (backup === undefined)
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

// ---

const keysPath = 'ovth:backup_keys';
const setKey = (name: string) => `pulumi config set --secret --path 'ovth:backup_keys.${name}'`;
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
