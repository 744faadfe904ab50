// What the engine runs when Hetzner refuses something.

import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../../config/schema';
import { explainRefusal } from '../preflight/refusals';

/**
 * For the option `hooks.onError`: says what to do when Hetzner refuses, beside the provider's words. Nothing is tried
 * again. `pulumi destroy` does not run the program; there the words stand alone.
 * @param name prefix of the hook's name, which is unique in a program
 * @param settings the settings, checked
 * @returns no hook where the engine or its Node language host, which passes calls on, is older than 3.218 and knows none
 */
export async function refusalHooks(name: string, settings: Settings): Promise<pulumi.ErrorHook[]> {
  const explain = async ({ urn, type, failedOperation, errors }: pulumi.ErrorHookArgs) => {
    const sentence = explainRefusal({ type, operation: failedOperation, words: errors[0] ?? '' }, settings);
    // Of a resource, the log reads nothing but the URN; the resource itself has none while it could not be made.
    const failed = { urn: pulumi.output(urn) } as unknown as pulumi.Resource;
    if (sentence !== undefined) await pulumi.log.error(sentence, failed);
    return false;
  };
  // A hook that cannot be registered fails every resource that has it, so another one is tried first.
  const probe = { name: `${name}-probe`, callback: async () => false } as unknown as pulumi.ErrorHook;
  const known = await pulumi.runtime.registerErrorHook(probe).then(
    () => true,
    () => false,
  );
  return known ? [new pulumi.ErrorHook(`${name}-refusal`, explain)] : [];
}
