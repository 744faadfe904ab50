// Resources as the API shows them: what is kept, joined with what it refers to.
import { images, locationNamed, serverTypes } from './catalogue';
import { isLocked } from './action';
import type { Firewall, PrimaryIp, RecordSet, Server, Volume, World, Zone } from './world';

/** A server. Its status is the machine's, unless the cloud is changing it. */
export async function showServer(world: World, server: Server) {
  const ips = [...world.primaryIps.values()].filter((ip) => ip.assignee_id === server.id);
  const v4 = ips.find((ip) => ip.type === 'ipv4');
  const v6 = ips.find((ip) => ip.type === 'ipv6');
  return {
    id: server.id,
    name: server.name,
    status: server.phase ?? ((await world.hardware.isOn(server.id)) ? 'running' : 'off'),
    created: server.created,
    public_net: {
      ipv4: v4 === undefined ? null : { id: v4.id, ip: v4.ip, blocked: false, dns_ptr: v4.dns_ptr[0]?.dns_ptr ?? '' },
      ipv6: v6 === undefined ? null : { id: v6.id, ip: v6.ip, blocked: false, dns_ptr: v6.dns_ptr },
      floating_ips: [],
      firewalls: guards(world, server).map((firewall) => ({ id: firewall.id, status: 'applied' })),
    },
    private_net: [],
    server_type: serverTypes.find((type) => type.name === server.type),
    included_traffic: 20 * 1024 ** 4,
    outgoing_traffic: 0,
    ingoing_traffic: 0,
    backup_window: server.backup_window,
    rescue_enabled: false,
    iso: null,
    locked: isLocked(world, { type: 'server', id: server.id }),
    location: locationNamed(server.location),
    image: images.find((image) => image.name === server.image),
    protection: server.protection,
    labels: server.labels,
    volumes: [...world.volumes.values()].filter((volume) => volume.server === server.id).map((volume) => volume.id),
    primary_disk_size: server.diskSize,
    placement_group: null,
    load_balancers: [],
  };
}

/** A primary IP. */
export function showPrimaryIp(ip: PrimaryIp) {
  const assignee_type = ip.assignee_id === null ? 'unassigned' : 'server';
  return { ...ip, location: locationNamed(ip.location), assignee_type, blocked: false };
}

/** A volume. */
export function showVolume(volume: Volume) {
  return {
    ...volume,
    location: locationNamed(volume.location),
    linux_device: `/dev/disk/by-id/${diskName(volume.id)}`,
  };
}

/** The name under which a server sees a volume. */
export function diskName(id: number): string {
  return `scsi-0HC_Volume_${id}`;
}

/** A firewall, with the servers it guards. */
export function showFirewall(world: World, firewall: Firewall) {
  const { selectors, ...rest } = firewall;
  const servers = [...world.servers.values()].filter((server) => server.firewalls.includes(firewall.id));
  const byServer = servers.map((server) => ({ type: 'server', server: { id: server.id } }));
  const bySelector = selectors.map((selector) => ({
    type: 'label_selector',
    label_selector: { selector },
    applied_to_resources: [],
  }));
  return { ...rest, applied_to: [...byServer, ...bySelector] };
}

/** A zone. */
export function showZone(zone: Zone) {
  const { rrsets, ...rest } = zone;
  const nameservers = ['hydrogen.ns.hetzner.com.', 'oxygen.ns.hetzner.com.', 'helium.ns.hetzner.de.'];
  return {
    ...rest,
    mode: 'primary',
    primary_nameservers: [],
    authoritative_nameservers: {
      assigned: nameservers,
      delegated: nameservers,
      delegation_last_check: zone.created,
      delegation_status: 'valid',
    },
    registrar: 'hetzner',
    status: 'ok',
    record_count: rrsets.length,
  };
}

/** A record set. */
export function showRecordSet(zone: Zone, set: RecordSet) {
  return { id: `${set.name}/${set.type}`, zone: zone.id, ...set };
}

// ---

function guards(world: World, server: Server): Firewall[] {
  return [...world.firewalls.values()].filter((firewall) => server.firewalls.includes(firewall.id));
}
