// The Pulumi component of one gateway on one box. A resource's name is its identity: renaming it replaces the resource.

import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import { hashKey } from '../../config/appKey';
import type { BackupKeys } from '../../config/deploySettings';
import type { Settings } from '../../config/schema';
import type { Bundle } from '../bundle';
import { summarize, type SettingsSummary } from '../preflight/settingsSummary';
import { makeAppKeys } from './appKeys';
import { Dns, type DnsRecord, recordsOf } from './dns';
import { Host } from './host';
import { Release } from './release';
import { Serving } from './serving';

/** What a gateway is made from. */
export interface GatewayArgs {
  /** The settings, checked: `ssh.admin_cidrs` is set and the server type is on sale. */
  readonly settings: Settings;
  /** Provider name → API key. Secret. */
  readonly providerKeys: pulumi.Input<Readonly<Record<string, string>>>;
  /** The code to run. */
  readonly bundle: Bundle;
  /** The bucket's credentials, where `settings.backup` names one. Secret. */
  readonly backupKeys?: pulumi.Input<BackupKeys | undefined>;
  /** Where this update may put the ledger back from its backup: `latest`, or a moment in ISO 8601. */
  readonly restore?: string | undefined;
  /** Labels for everything at Hetzner. `stack` tells the stacks of one Hetzner project apart. */
  readonly labels: Readonly<Record<string, string>>;
  /** What a preview may show of the settings; default: all that holds no secret. */
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
   * @param name prefix of every resource's name; preflight/hetznerChecks expects `ovth`
   * @param args settings, keys, code and labels
   * @param options Pulumi's own, for example `protect`
   */
  constructor(name: string, args: GatewayArgs, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Gateway', name, {}, options);
    const { settings, bundle, labels, providerKeys } = args;

    const master = new random.RandomPassword(
      `${name}-master-key`,
      { length: 48, special: false, keepers: { generation: `${settings.master_key.generation}` } },
      { parent: this },
    );
    this.masterKey = pulumi.secret(pulumi.interpolate`ovth_master_${master.result}`);
    const { keys, seeds } = makeAppKeys(name, settings, this);
    this.appKeys = pulumi.secret(pulumi.all(keys));

    const host = new Host(name, { settings, labels, onError: args.onError ?? [] }, { parent: this });
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

    const release = new Release(
      name,
      {
        ...{ host, settings, bundle, providerKeys, masterKey: this.masterKey, stackLabel: labels['stack'] ?? '' },
        ...{ backupKeys: args.backupKeys, restore: args.restore, after: dns },
        keyHashes: this.appKeys.apply((keys) =>
          Object.fromEntries(Object.entries(keys).map(([label, key]) => [label, hashKey(key)])),
        ),
      },
      { parent: this },
    );
    new Serving(`${name}-serving`, args.summary ?? summarize({ settings, keyed: [], secretKeys: [] }), {
      ...{ parent: this, protect: settings.data.protect },
      dependsOn: [master, ...seeds, host, release],
    });

    this.ledger = release.ledger;
    const site = settings.domain ?? host.ipv4;
    this.url = pulumi.unsecret(pulumi.all([site, release.releaseId]).apply(([address]) => `https://${address}`));
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
