// A gateway in a Pulumi program of your own, beside whatever else it makes, with an hcloud provider of its own.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { clientSettings, Gateway, sshCommand } from 'ovth';

const config = new pulumi.Config();

const hetzner = new hcloud.Provider('hetzner', { token: config.requireSecret('hetznerToken') });

// What the gateway reads may be an Output: here the address of a model that runs on a server of this program.
const model = new hcloud.Server('model', { serverType: 'cpx41', image: 'debian-13' }, { provider: hetzner });

const llm = new Gateway(
  'llm',
  {
    settings: {
      server: { type: 'cx23', location: 'nbg1' },
      ssh: { admin_cidrs: config.requireObject<string[]>('adminCidrs') },
      routes: { auto: { strategy: 'cheapest-capable', providers: ['anthropic', 'openai'] } },
      quota: { daily_tokens: 500_000, per_user: true },
      keys: { website: { user: 'website', quota: { daily_tokens: 100_000 } } },
      providers: {
        own: { wire: 'openai', base_url: pulumi.interpolate`https://${model.ipv4Address}.sslip.io/v1` },
      },
    },
    providerKeys: {
      anthropic: config.requireSecret('anthropicKey'),
      openai: config.requireSecret('openaiKey'),
    },
  },
  { provider: hetzner },
);

export const url = llm.url;
export const ipv4 = llm.ipv4;
export const masterKey = llm.masterKey;
export const appKeys = llm.appKeys;
export const clients = llm.url.apply(clientSettings);
export const sshHostKey = llm.sshHostKey;
export const sshPrivateKey = llm.sshPrivateKey;
export const login = pulumi
  .all([llm.ipv4, llm.sshHostKey])
  .apply(([address, hostKey]) => sshCommand(address, hostKey, false));
