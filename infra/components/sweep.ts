// The resource that is deleted last, and then removes what the state never knew.

import { local } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import { removeScript } from '../scripts';
import { deriveBytes } from '../sshKey';
import { hetznerToken } from './hetznerToken';

type Labels = Readonly<Record<string, string>>;

/**
 * The labels, and `stack-id`: ten hex digits that tell this state from another of the same name, so that nothing of a
 * colleague's stack is ever swept. They are not secret: the seed cannot be found from them.
 * @param labels labels for everything at Hetzner
 * @param seed secret text that no other state has
 */
export function identified(
  labels: pulumi.Input<Labels>,
  seed: pulumi.Output<string>,
): pulumi.Output<Record<string, string>> {
  const id = pulumi.secret(seed).apply((text) => deriveBytes(text, 'stack id').toString('hex').slice(0, 10));
  return pulumi
    .all([labels, pulumi.unsecret(id)])
    .apply(([all, text]): Record<string, string> => ({ ...all, 'stack-id': text }));
}

/**
 * Everything at Hetzner depends on it, so that `pulumi destroy` deletes it last. It then removes what still carries this
 * stack's labels: what an update made that was killed before the state knew of it. It is a command on the operator's
 * machine and no dynamic provider, because that would keep a serialized program in the state.
 * @param name prefix of the resource's name
 * @param labels from `identified`
 * @param parent the component that it belongs to
 */
export function sweepAfter(name: string, labels: pulumi.Output<Labels>, parent: pulumi.Resource): local.Command {
  const selector = labels.apply((all) =>
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );
  const [token, endpoint] = [hetznerToken(parent), new pulumi.Config('hcloud').get('endpoint')];
  return new local.Command(
    `${name}-sweep`,
    {
      interpreter: ['node'],
      // Node reads the script from standard input. There is nothing to do before the end.
      delete: '-',
      stdin: removeScript,
      environment: {
        OVTH_REMOVE: selector.apply((text) => JSON.stringify({ selector: text })),
        // Without these settings both come from the operator's environment, as for the provider.
        ...(token === undefined ? {} : { HCLOUD_TOKEN: token }),
        ...(endpoint === undefined ? {} : { HCLOUD_ENDPOINT: endpoint }),
      },
      addPreviousOutputInEnv: false,
    },
    { parent },
  );
}
