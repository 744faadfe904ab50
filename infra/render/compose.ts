// The Compose files of a box: one for each release of the gateway, and one for the front (Caddy).

import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { containerUser, dataMount, home, network } from '../hostLayout';
import { frontRunFolder } from './caddyfile';

/** A gateway release: code, base image and container settings, without the configuration. */
export interface ReleaseFacts {
  /** 12 hex digits over code, base image and container settings. */
  readonly id: string;
  /** Name of the image, which is built on the box. */
  readonly image: string;
  /** Host name under which Caddy reaches this release. */
  readonly host: string;
  /** Text of its compose.yaml. */
  readonly compose: string;
}

/**
 * A release is a Compose project of its own, so that two can run side by side while Caddy switches.
 * @param bundleHash hash of the shipped code
 * @param nodeImage reference of the base image
 */
export function gatewayRelease(bundleHash: string, nodeImage: string): ReleaseFacts {
  const image = `ovth-gateway:${digest(`${bundleHash} ${nodeImage}`)}`;
  const service = gatewayService(image);
  const id = digest(stringify(service));
  const host = `gateway-${id}`;
  const named = {
    ...service,
    container_name: `ovth-gateway-${id}`,
    labels: { 'ovth.release': id },
    networks: { [network]: { aliases: [host] } },
    volumes: [...service.volumes, `${home}/releases/${id}/config:/etc/ovth:ro`],
  };
  return { id, image, host, compose: composeFile(`ovth-${id}`, { gateway: named }) };
}

/**
 * The compose.yaml of a front: Caddy. Several run side by side while one takes over, each in a slot; the slot's number and
 * address are in the file `.env` beside this one, which Compose reads. It publishes no port: the box's own rules lead ports
 * 80 and 443 to the front that serves.
 * @param image reference of Caddy's image
 */
export function frontCompose(image: string): string {
  const caddy = {
    ...hardened,
    // Two gateways and two fronts side by side fit a box of 2 GB.
    mem_limit: '256m',
    memswap_limit: '256m',
    image,
    container_name: 'ovth-front-${SLOT}',
    cap_add: ['NET_BIND_SERVICE'],
    // Lets a user other than root listen on ports 80 and 443; `no-new-privileges` keeps the binary's own capability away.
    sysctls: { 'net.ipv4.ip_unprivileged_port_start': 0 },
    volumes: [`${home}/fronts/\${SLOT}/caddy:/etc/caddy:ro`, `${dataMount}/caddy:/data`],
    tmpfs: [...hardened.tmpfs, `${frontRunFolder}:uid=${containerUser},gid=${containerUser},mode=0700`],
    networks: { [network]: { ipv4_address: '${ADDRESS}' } },
    command: ['caddy', 'run', '--config', '/etc/caddy/Caddyfile', '--adapter', 'caddyfile'],
  };
  return composeFile('ovth-front-${SLOT}', { front: caddy });
}

/** What holds for every container of a box. */
export const hardened = {
  // Not `unless-stopped`: a reboot in the middle of `docker compose up` would leave the container down that was just being
  // replaced, because Docker counts it as stopped by hand. What is retired is removed, not stopped.
  restart: 'always',
  user: `${containerUser}:${containerUser}`,
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  mem_limit: '512m',
  memswap_limit: '512m',
  pids_limit: 256,
  tmpfs: ['/tmp'],
  stop_grace_period: '30s',
  logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
};

// ---

function gatewayService(image: string) {
  return {
    ...hardened,
    image,
    pull_policy: 'never',
    // `docker inspect` shows the environment, so secrets are in secrets.env beside the configuration.
    environment: { OVTH_CONFIG: '/etc/ovth/config.yaml', OVTH_DATA: '/data' },
    volumes: [`${dataMount}/gateway:/data`],
  };
}

function composeFile(name: string, services: object): string {
  // Without YAML anchors the file is easier to read on the box.
  const networks = { [network]: { external: true } };
  return stringify({ name, services, networks }, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
