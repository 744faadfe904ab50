// The Pulumi component of one gateway on one box. A resource's name is its identity: renaming it replaces the resource.

import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import { hashKey, mintKey } from '../../config/appKey';
import type { Settings } from '../../config/schema';
import type { Bundle } from '../bundle';
import { completeSettings, declaredSettings, type GatewaySettings, type ProviderKeys } from '../gatewaySettings';
import { labelsOf } from '../labels';
import { inProgram } from '../preflight/carrier';
import { askHetzner } from '../preflight/hetznerChecks';
import { orRefuse } from '../refusal';
import { defaultBundle } from '../shippedBundle';
import { deriveBytes } from '../sshKey';
import { Host } from './host';
import { Release } from './release';

/** What a gateway is made from. */
export interface GatewayArgs {
  /** As in config.yaml, and spelt as there. `ssh.admin_cidrs` is required. What may be an Output: see the type. */
  readonly settings: GatewaySettings;
  /** Provider name → API key, or account name → API key. Kept secret whether it is marked so or not. */
  readonly providerKeys: ProviderKeys;
  /** The code to run. Default: the package's own. */
  readonly bundle?: Bundle;
  /**
   * Labels for everything at Hetzner. `stack` tells the gateways of one Hetzner project apart. Default: made from project,
   * stack and name, and known only once Hetzner has been asked whether the server type is sold and the names are free, so
   * that nothing is made there before.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A gateway: its keys, the host at Hetzner, and the release that runs there behind Caddy. */
export class Gateway extends pulumi.ComponentResource {
  /** `https://…`, without a trailing slash. Known once the release serves there. */
  readonly url: pulumi.Output<string>;
  /** The host's public IPv4 address. It outlives the server. */
  readonly ipv4: pulumi.Output<string>;
  /** The key that administers the gateway. Secret. */
  readonly masterKey: pulumi.Output<string>;
  /** Label → application key, for each key that the settings declare without a hash. Secret. */
  readonly appKeys: pulumi.Output<Record<string, string>>;
  /** The host's SSH identity: a line of known_hosts without the host name. */
  readonly sshHostKey: pulumi.Output<string>;
  /** The private key with which the program logs in, in OpenSSH's format. Secret. */
  readonly sshPrivateKey: pulumi.Output<string>;

  /**
   * @param name prefix of every resource's name; a program may have several gateways
   * @param args settings, keys, code and labels
   * @param options Pulumi's own, for example `provider`: an hcloud provider of the program's own
   * @throws pulumi.RunError with one sentence for each setting of the deploy that is wrong
   */
  constructor(name: string, args: GatewayArgs, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Gateway', name, {}, options);
    const settings = orRefuse(() => declaredSettings(args.settings));
    const bundle = args.bundle ?? orRefuse(() => defaultBundle());
    const labels = args.labels ?? checkedLabels(name, settings, this);

    const master = new random.RandomPassword(
      `${name}-master-key`,
      { length: 48, special: false, keepers: { generation: `${settings.master_key.generation}` } },
      { parent: this },
    );
    this.masterKey = pulumi.secret(pulumi.interpolate`ovth_master_${master.result}`);
    this.appKeys = pulumi.secret(pulumi.all(makeAppKeys(name, settings, this)));

    const host = new Host(name, { settings, labels }, { parent: this });
    this.ipv4 = host.ipv4;
    this.sshHostKey = host.sshHostKey;
    this.sshPrivateKey = host.sshPrivateKey;

    const release = new Release(
      name,
      {
        ...{ host, settings, bundle, masterKey: this.masterKey },
        complete: completeSettings(args.settings, args.providerKeys),
        keyHashes: this.appKeys.apply((keys) =>
          Object.fromEntries(Object.entries(keys).map(([label, key]) => [label, hashKey(key)])),
        ),
      },
      { parent: this },
    );

    const site = settings.domain ?? host.ipv4;
    this.url = pulumi.unsecret(pulumi.all([site, release.releaseId]).apply(([address]) => `https://${address}`));
    this.registerOutputs({
      url: this.url,
      ipv4: this.ipv4,
      masterKey: this.masterKey,
      appKeys: this.appKeys,
      sshHostKey: this.sshHostKey,
      sshPrivateKey: this.sshPrivateKey,
    });
  }
}

// ---

/** Labels that are known only once Hetzner has been asked. */
function checkedLabels(name: string, settings: Settings, parent: Gateway): pulumi.Output<Record<string, string>> {
  const labels = labelsOf(pulumi.getProject(), pulumi.getStack(), name);
  const asked = askHetzner(settings, { gateway: name, stackLabel: labels.stack, carrier: inProgram }, { parent });
  return pulumi.output(asked.then((): Record<string, string> => ({ ...labels })));
}

/** Each key has a seed of its own, so that removing one leaves the others as they are. */
function makeAppKeys(name: string, settings: Settings, parent: Gateway): Record<string, pulumi.Output<string>> {
  const labels = Object.entries(settings.keys).flatMap(([label, key]) => (key.sha256 === undefined ? [label] : []));
  return Object.fromEntries(
    labels.map((label) => {
      const seed = new random.RandomPassword(`${name}-key-${label}`, { length: 64, special: false }, { parent });
      const key = pulumi.secret(seed.result).apply((text) => mintKey(deriveBytes(text, `application key ${label}`)));
      return [label, key];
    }),
  );
}
