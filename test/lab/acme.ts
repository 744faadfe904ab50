// A certificate authority that speaks ACME (Pebble), and the DNS it looks names up in.
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { forward, freePort } from './forward';
import { daemon, reached, run, untilUp } from './shell';
import { toolFile } from './tools';

/** The running authority. */
export interface Acme {
  /** The directory, as boxes and their containers reach it. */
  directory: string;
  /** The root of the API's own certificate, for `acme_ca_root`. */
  root: string;
  /** The root of the certificates it issues, for clients. */
  issuedRoot(): Promise<string>;
  /** Sets or clears an address record. */
  name(host: string, type: 'A' | 'AAAA', addresses: readonly string[]): Promise<void>;
  /** Accepts no more connections. The open ones end with the boxes that hold them. */
  stop(): void;
}

/** Starts both, and the socket through which boxes reach the authority. */
export async function startAcme(folder: string): Promise<Acme> {
  const [dns, dnsControl, api, control] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const root = await makeCertificates(folder);
  const nothing = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''];
  const addresses = ['-defaultIPv4', '', '-defaultIPv6', '', '-dns01', `127.0.0.1:${dns}`];
  const management = ['-management', `127.0.0.1:${dnsControl}`];
  daemon(folder, 'dns', await toolFile('pebble-challtestsrv'), [...addresses, ...nothing, ...management]);
  writeFileSync(join(folder, 'pebble.json'), JSON.stringify({ pebble: settings(folder, api, control) }));
  // No artificial waiting, no random refusals, no cached authorisations: each certificate is really validated.
  const manners = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0' };
  const flags = ['-config', join(folder, 'pebble.json'), '-dnsserver', `127.0.0.1:${dns}`];
  daemon(folder, 'pebble', await toolFile('pebble'), flags, { ...process.env, ...manners });
  const issuedRoot = () => get(`https://127.0.0.1:${control}/roots/0`, root);
  await untilUp(folder, 'pebble', () => reached(issuedRoot()));
  await untilUp(folder, 'dns', () => reached(fetch(`http://127.0.0.1:${dnsControl}/`)));
  const server = await forward(join(folder, 'sockets', 'acme.sock'), () => api);
  return {
    directory: 'https://198.18.0.1:14000/dir',
    root,
    issuedRoot,
    name: (host, type, values) => setName(dnsControl, host, type, values),
    stop: () => void server.close(),
  };
}

// ---

function settings(folder: string, api: number, control: number) {
  return {
    listenAddress: `127.0.0.1:${api}`,
    managementListenAddress: `127.0.0.1:${control}`,
    certificate: join(folder, 'acme.pem'),
    privateKey: join(folder, 'acme.key'),
    httpPort: 80,
    tlsPort: 443,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    retryAfter: { authz: 1, order: 1 },
    keyAlgorithm: 'ecdsa',
    profiles: {
      default: { description: 'The profile of most', validityPeriod: 7_776_000 },
      shortlived: { description: 'Six days; also for addresses', validityPeriod: 518_400 },
    },
  };
}

/** The API's certificate, valid under the address it has on this machine and in the boxes; returns its root. */
async function makeCertificates(folder: string): Promise<string> {
  const ssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = ['-addext', 'basicConstraints=critical,CA:TRUE', '-subj', '/CN=Lab ACME root'];
  await ssl('req', '-x509', '-days', '30', ...key, ...authority, '-keyout', 'root.key', '-out', 'root.pem');
  await ssl('req', ...key, '-subj', '/CN=acme', '-keyout', 'acme.key', '-out', 'acme.csr');
  writeFileSync(join(folder, 'acme.ext'), 'subjectAltName=IP:127.0.0.1,IP:198.18.0.1\n');
  const signer = ['-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial'];
  await ssl('x509', '-req', '-in', 'acme.csr', ...signer, '-days', '30', '-extfile', 'acme.ext', '-out', 'acme.pem');
  return (await run('cat', ['root.pem'], { cwd: folder })).stdout;
}

async function setName(control: number, host: string, type: 'A' | 'AAAA', addresses: readonly string[]): Promise<void> {
  const post = async (path: string, body: object) => {
    const response = await fetch(`http://127.0.0.1:${control}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`the DNS answered ${response.status} to ${path}`);
  };
  const record = type === 'A' ? 'a' : 'aaaa';
  await post(`clear-${record}`, { host });
  if (addresses.length > 0) await post(`add-${record}`, { host, addresses });
}

function get(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { ca, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
          else reject(new Error(`${url} answered ${response.statusCode}`));
        });
    })
      .on('error', reject)
      .end();
  });
}
