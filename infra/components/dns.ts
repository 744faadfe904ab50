// The Pulumi component of a host name in a DNS zone at Hetzner: its address records, and the addresses' reverse records.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../../config/schema';

/** An address of a host, as DNS records and Hetzner know it. */
export interface HostAddress {
  readonly type: 'A' | 'AAAA';
  /** The address itself. */
  readonly value: pulumi.Input<string>;
  /** Hetzner's id of the primary IP. */
  readonly primaryIpId: pulumi.Input<number>;
}

/** A record as an operator sets it. */
export interface DnsRecord {
  readonly name: string;
  readonly type: 'A' | 'AAAA';
  readonly value: string;
}

/** What the records are made from. */
export interface DnsArgs {
  /** The host name, which is the zone's or in it. */
  readonly domain: string;
  /** The zone and the records' time to live. */
  readonly zone: NonNullable<Settings['dns']>;
  /** What the name stands for. */
  readonly addresses: readonly HostAddress[];
  /** Labels for everything at Hetzner. */
  readonly labels: pulumi.Input<Readonly<Record<string, string>>>;
}

/** The records of a host name. The zone itself is the operator's and stays. */
export class Dns extends pulumi.ComponentResource {
  /**
   * @param name prefix of every resource's name
   * @param args name, zone and addresses
   * @param options Pulumi's own
   */
  constructor(name: string, args: DnsArgs, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Dns', name, {}, options);
    const { domain, zone, addresses } = args;
    const labels = pulumi.output(args.labels).apply((all) => ({ ...all }));
    const own = { parent: this };
    for (const { type, value, primaryIpId } of addresses) {
      const kind = type.toLowerCase();
      new hcloud.ZoneRrset(
        `${name}-dns-${kind}`,
        {
          zone: zone.zone,
          name: nameIn(zone.zone, domain),
          type,
          ttl: zone.ttl,
          records: [{ value }],
          labels,
        },
        // A record set is known by its name and type: two cannot stand beside each other.
        { ...own, deleteBeforeReplace: true },
      );
      new hcloud.Rdns(`${name}-rdns-${kind}`, { primaryIpId, ipAddress: value, dnsPtr: domain }, own);
    }
    this.registerOutputs({});
  }
}

/** The records of a host name, as an operator sets them elsewhere. */
export function recordsOf(domain: string, addresses: readonly HostAddress[]): pulumi.Output<DnsRecord[]> {
  return pulumi
    .all(addresses.map(({ value }) => value))
    .apply((values) => addresses.map(({ type }, i) => ({ name: domain, type, value: values[i] ?? '' })));
}

// ---

/** The name as a zone writes it: without the zone, `@` for the zone itself. */
function nameIn(zone: string, domain: string): string {
  return domain === zone ? '@' : domain.slice(0, -zone.length - 1);
}
