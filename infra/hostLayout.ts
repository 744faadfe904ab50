// Paths, names and packages of the box, which the renderers and the scripts share.

/** Code, releases and Caddy's configuration. On the server's own disk, which a rebuilt server starts without. */
export const home = '/srv/ovth';

/** Mount point of the data volume: the ledger and the certificates. The volume outlives the server. */
export const dataMount = '/mnt/data';

/** User and group of every container process. */
export const containerUser = 1000;

/** Port the gateway listens on inside its container; published nowhere. */
export const gatewayPort = 8080;

/** The Docker network that the gateway and Caddy share. */
export const network = 'ovth-net';

/**
 * Its addresses. Fronts have fixed ones below `.128`, to which the box's own rules lead ports 80 and 443; Docker gives
 * gateways one of the others.
 */
export const networkRange = { subnet: '172.31.222.0/24', dynamic: '172.31.222.128/25' } as const;

/** Hetzner's metadata address, where a server reads its user data. It is closed to containers. */
export const metadataAddress = '169.254.169.254';

/** How the volume is mounted. `nofail`: it is attached after the server was made, and the box must boot without it. */
export const mountOptions = 'nofail,discard,noatime,x-systemd.device-timeout=120s';

/** Debian packages: Docker of Debian 13, what the scripts use, and upgrades by themselves. */
export const packages = [
  ...['docker.io', 'docker-cli', 'docker-compose', 'docker-buildx'],
  ...['iptables', 'curl', 'unattended-upgrades'],
] as const;

/** The folder into which bundles are uploaded. The bootstrap script makes it. */
export const bundles = `${home}/bundles`;

/** Path of one bundle on the box, by its hash. */
export const bundlePath = (hash: string) => `${bundles}/${hash}.js`;

/** Path of that file in the Dockerfile's build stage, in whose place the bundle is given to Docker. */
export const bundleInBuild = 'src/dist/gateway.js';
