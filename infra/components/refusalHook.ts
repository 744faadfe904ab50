// What the engine runs when Hetzner refuses something.

import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../../config/schema';
import { explainRefusal } from '../preflight/refusals';

/**
 * For the option `hooks.onError`: says what to do when Hetzner refuses, before the engine prints the provider's words. Nothing is tried again. `pulumi
 * destroy` does not run the program; there the words stand alone.
 * @param name prefix of the hook's name, which is unique in a program
 * @param settings the settings, checked
 * @returns no hook under the SDK's mocks, which know none
 */
export function refusalHooks(name: string, settings: Settings): pulumi.ErrorHook[] {
  const monitor = pulumi.runtime.getMonitor() as { readonly registerErrorHook?: unknown } | undefined;
  if (typeof monitor?.registerErrorHook !== 'function') return [];
  const hook = new pulumi.ErrorHook(`${name}-refusal`, async ({ urn, type, failedOperation, errors }) => {
    const sentence = explainRefusal({ type, operation: failedOperation, words: errors[0] ?? '' }, settings);
    // Of a resource, the log reads nothing but the URN; the resource itself has none while it could not be made.
    const failed = { urn: pulumi.output(urn) } as unknown as pulumi.Resource;
    if (sentence !== undefined) await pulumi.log.error(sentence, failed);
    return false;
  });
  return [hook];
}
