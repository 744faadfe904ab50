// What the real engine is told: where the cloud is, whose token, and a home and a state of this run alone.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from './hcloud/cloud';
import { toolPath } from './tools';

/** @param folder of the run: the engine's home and state are in it, and go with it */
export function engineEnvironment(folder: string, cloud: Cloud): Record<string, string> {
  const state = join(folder, 'pulumi');
  for (const name of ['home', 'state']) mkdirSync(join(state, name), { recursive: true });
  return {
    HCLOUD_ENDPOINT: cloud.endpoint,
    HCLOUD_TOKEN: cloud.token,
    PATH: toolPath(),
    PULUMI_HOME: join(state, 'home'),
    PULUMI_BACKEND_URL: `file://${join(state, 'state')}`,
    PULUMI_CONFIG_PASSPHRASE: 'lab',
    PULUMI_SKIP_UPDATE_CHECK: '1',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: '1',
    PULUMI_DISABLE_REGISTRY_RESOLVE: '1',
    PULUMI_SUPPRESS_NEO_LINK: '1',
    PULUMI_SKIP_CONFIRMATIONS: '1',
    // A dead agent would make every dial of a remote command fail.
    SSH_AUTH_SOCK: '',
    NO_COLOR: '1',
  };
}
