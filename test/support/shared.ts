// The folder of recordings and specifications that tests may find beside the project; without it they are skipped, loudly.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const sharedPath = process.env['OVTH_SHARED'] ?? '../shared';

export interface Recording {
  readonly source: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly request: unknown;
  readonly response: unknown;
}

/** The recorded interactions of one file; undefined, with a warning, where the folder is not there. */
export function recordings(name: string): Recording[] | undefined {
  const path = join(sharedPath, 'recordings', `${name}.ndjson`);
  if (!existsSync(path)) {
    console.warn(`SKIPPED: ${name} recordings are not at ${path}; set OVTH_SHARED to the folder that has them.`);
    return undefined;
  }
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recording);
}

/** `describe`, or `describe.skip` where something a suite needs is missing. */
export function describeIf(present: boolean): jest.Describe {
  return present ? describe : describe.skip;
}
