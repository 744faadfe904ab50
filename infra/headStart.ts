// What takes long and needs no setting is begun before the rest of the program is even read: other processes do it meanwhile.

import { getStack } from '@pulumi/pulumi/metadata';
import { bundleMeanwhile } from './bundle';
import { exportState } from './preflight/stateExport';

/** Who waits for one of these hears of its failure; while nobody does, it is none. */
const begun = <T>(work: Promise<T>): Promise<T> => {
  work.catch(() => undefined);
  return work;
};

/** The gateway's code, ready to be uploaded. */
export const bundled = begun(bundleMeanwhile());

/** The state before this run, as the engine exports it. */
export const exported = begun(exportState({ stack: getStack() }));
