// The Pulumi component of one gateway on one box. A resource's name is its identity: renaming it replaces the resource.

import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import { hashKey } from '../../config/appKey';
import type { BackupKeys } from '../../config/deploySettings';
import type { Settings } from '../../config/schema';
import type { Bundle } from '../bundle';
import {
  completeSettings,
  declaredSettings,
  type GatewaySettings,
  type Inputs,
  type ProviderKeys,
} from '../gatewaySettings';
import { labelsOf } from '../labels';
import { inProgram } from '../preflight/carrier';
import { askHetzner } from '../preflight/hetznerChecks';
import { type FirstBoot, firstGenerations } from '../preflight/generations';
import { summarize, type SettingsSummary } from '../preflight/settingsSummary';
import { stateBefore } from '../preflight/stateBefore';
import { orGiveUp, orRefuse } from '../refusal';
import { defaultBundle } from '../shippedBundle';
import { makeAppKeys } from './appKeys';
import { Dns, type DnsRecord, recordsOf } from './dns';
import { Host } from './host';
import { Release } from './release';
import { Serving } from './serving';

/** What a gateway is made from. */
export interface GatewayArgs {
  /** As in config.yaml, and spelt as there. `ssh.admin_cidrs` is required. What may be an Output: see the type. */
  readonly settings: GatewaySettings;
  /** Provider name → API key, or account name → API key. Kept secret whether it is marked so or not. */
  readonly providerKeys: ProviderKeys;
  /** The code to run. Default: the package's own. */
  readonly bundle?: Bundle;
  /** The bucket's credentials, where `settings.backup` names one. Kept secret whether they are marked so or not. */
  readonly backupKeys?: Inputs<BackupKeys> | undefined;
  /** Where this update may put the ledger back from its backup: `latest`, or a moment in ISO 8601. */
  readonly restore?: string | undefined;
  /**
   * Labels for everything at Hetzner. `stack` tells the gateways of one Hetzner project apart. Default: made from project,
   * stack and name, and known only once Hetzner has been asked whether the server type is sold, the names are free and the
   * state knows all there is, so that nothing is made there before.
   */
  readonly labels?: Readonly<Record<string, string>>;
  /** What is known of the server's first boot. Without it, the program's own SSH key stays the first. */
  readonly firstBoot?: FirstBoot;
  /** What a preview may show of the settings; default: all that is known when the program runs and holds no secret. */
  readonly summary?: SettingsSummary;
  /** What the engine runs when Hetzner refuses something; see refusalHook.ts. */
  readonly onError?: pulumi.ErrorHook[];
}

/** A gateway: its keys, the host at Hetzner, and the release that runs there behind Caddy. */
export class Gateway extends pulumi.ComponentResource {
  /** `https://…`, without a trailing slash. Known once the release serves there. */
  readonly url: pulumi.Output<string>;
  /** The host's public IPv4 address. It outlives the server. */
  readonly ipv4: pulumi.Output<string>;
  /** The host's public IPv6 address. It outlives the server. */
  readonly ipv6: pulumi.Output<string>;
  /** The key that administers the gateway. Secret. */
  readonly masterKey: pulumi.Output<string>;
  /** Label → application key, for each key that the settings declare without a hash. Secret. */
  readonly appKeys: pulumi.Output<Record<string, string>>;
  /** Id of the ledger: 32 hex digits. Its backup stands under this name. */
  readonly ledger: pulumi.Output<string>;
  /** The DNS records to set by hand; empty without a domain, and where the program sets them. */
  readonly dnsRecords: pulumi.Output<readonly DnsRecord[]>;
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
    const settings = orRefuse(() => declaredSettings(args.settings, args));
    const { bundle = orRefuse(() => defaultBundle()), firstBoot = firstGenerations, onError = [] } = args;
    const labels = args.labels ?? checkedLabels(name, settings, this);

    const master = new random.RandomPassword(
      `${name}-master-key`,
      { length: 48, special: false, keepers: { generation: `${settings.master_key.generation}` } },
      { parent: this },
    );
    this.masterKey = pulumi.secret(pulumi.interpolate`ovth_master_${master.result}`);
    const { keys, seeds } = makeAppKeys(name, settings, this);
    this.appKeys = pulumi.secret(pulumi.all(keys));

    const host = new Host(name, { settings, labels, firstBoot, onError }, { parent: this });
    this.ipv4 = host.ipv4;
    this.ipv6 = host.ipv6;
    this.sshHostKey = host.sshHostKey;
    this.sshPrivateKey = host.sshPrivateKey;

    const { domain, dns: zone } = settings;
    const dns =
      domain === undefined || zone === undefined
        ? []
        : [new Dns(name, { domain, zone, addresses: host.addresses, labels }, { parent: this })];
    this.dnsRecords = domain === undefined || dns.length > 0 ? pulumi.output([]) : recordsOf(domain, host.addresses);

    const secrets = { provider_keys: args.providerKeys, backup_keys: args.backupKeys };
    const release = new Release(
      name,
      {
        ...{ host, settings, bundle, masterKey: this.masterKey, after: dns, restore: args.restore },
        stackLabel: pulumi.output(labels).apply((all) => all['stack'] ?? ''),
        complete: completeSettings(args.settings, secrets, this),
        keyHashes: this.appKeys.apply(hashesOf),
      },
      { parent: this },
    );
    new Serving(`${name}-serving`, args.summary ?? summarize({ settings, keyed: [], secretKeys: [] }), {
      ...{ parent: this, protect: settings.data.protect },
      dependsOn: [master, ...seeds, host, release],
    });

    this.ledger = release.ledger;
    this.url = pulumi.unsecret(
      pulumi.all([settings.domain ?? host.ipv4, release.releaseId]).apply(([address]) => `https://${address}`),
    );
    this.registerOutputs({
      url: this.url,
      ipv4: this.ipv4,
      ipv6: this.ipv6,
      masterKey: this.masterKey,
      appKeys: this.appKeys,
      ledger: this.ledger,
      dnsRecords: this.dnsRecords,
      sshHostKey: this.sshHostKey,
      sshPrivateKey: this.sshPrivateKey,
    });
  }
}

// ---

const hashesOf = (keys: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(keys).map(([label, key]) => [label, hashKey(key)]));

/** Labels that are known only once Hetzner has been asked. */
function checkedLabels(name: string, settings: Settings, parent: Gateway): pulumi.Output<Record<string, string>> {
  const labels = labelsOf(pulumi.getProject(), pulumi.getStack(), name);
  const owner = { gateway: name, stackLabel: labels.stack, carrier: inProgram };
  const asked = askHetzner(settings, owner, stateBefore(pulumi.getStack(), name), { parent });
  return pulumi.output(orGiveUp(asked, parent).then((): Record<string, string> => ({ ...labels })));
}
