// Where things are on the box, and what its packages are: what the renderers and the scripts must agree on.

/** Everything but data: code, releases, the TLS front. On the server's own disk, rebuilt with it. */
export const home = '/srv/ovth';

/** Mount point of the data volume: the ledger and the certificates. Outlives the server. */
export const dataMount = '/mnt/data';

/** User and group of every container process. */
export const containerUser = 1000;

/** Port the gateway listens on inside its container; published nowhere. */
export const gatewayPort = 8080;

/** The Docker network of the gateway and the TLS front. */
export const network = 'ovth';

/** Address at which the cloud tells a server its user data. Closed to containers. */
export const metadataAddress = '169.254.169.254';

/** Debian 13's own Docker; `curl` is what the scripts ask the gateway with. */
export const packages = ['docker.io', 'docker-cli', 'docker-compose', 'docker-buildx', 'iptables', 'curl'] as const;

/** Where bundles are uploaded to; made by the bootstrap script. */
export const bundles = `${home}/bundles`;

/** Path of one bundle: the gateway's code. */
export const bundlePath = (hash: string) => `${bundles}/${hash}.js`;

/** The same file in the Dockerfile's build stage, which it stands in for. */
export const bundleInBuild = 'src/dist/gateway.js';
