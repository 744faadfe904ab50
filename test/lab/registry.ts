// The image registry that boxes have as Docker's mirror: what is pushed here is what "the hub" offers.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Docker } from './docker';
import { freePort } from './forward';
import { cacheFolder } from './guard';
import { daemon, reached, untilUp } from './shell';
import { toolFile } from './tools';

/** A running registry. */
export interface Registry {
  /** HOST:PORT for pushing from this machine; no TLS is needed on loopback. */
  address: string;
  /** Offers a local image under a name of the hub (`node:26-slim`), unless that very image is there already. */
  offer(local: string, name: string): Promise<void>;
}

/** Starts it twice on the same data: a port for pushing, a socket that boxes get mounted. */
export async function startRegistry(folder: string, docker: Docker): Promise<Registry> {
  const port = await freePort();
  const data = join(cacheFolder(), 'registry');
  mkdirSync(data, { recursive: true });
  const program = await toolFile('registry');
  const listeners = { 'registry-push': { addr: `127.0.0.1:${port}` }, 'registry-boxes': boxListener(folder) };
  for (const [name, http] of Object.entries(listeners)) {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ version: 0.1, log: { level: 'warn' }, storage: storage(data), http }));
    daemon(folder, name, program, ['serve', file]);
  }
  await untilUp(folder, 'registry-push', () => reached(fetch(`http://127.0.0.1:${port}/v2/`)));
  await untilUp(folder, 'registry-boxes', async () => existsSync(boxListener(folder).addr));
  return {
    address: `127.0.0.1:${port}`,
    offer: (local, name) => offer(docker, `127.0.0.1:${port}`, data, local, name),
  };
}

// ---

function boxListener(folder: string) {
  return { net: 'unix', addr: join(folder, 'sockets', 'registry.sock') };
}

function storage(data: string) {
  return { filesystem: { rootdirectory: data }, delete: { enabled: true } };
}

async function offer(docker: Docker, address: string, data: string, local: string, name: string): Promise<void> {
  const note = join(data, `.offered-${name.replaceAll(/[^a-zA-Z0-9.-]/g, '_')}`);
  if (existsSync(note) && readFileSync(note, 'utf8') === local) return;
  const remote = `${address}/${name.includes('/') ? '' : 'library/'}${name}`; // as the hub names them
  await docker.run(['tag', local, remote]);
  await docker.run(['push', '--quiet', remote]);
  await docker.run(['rmi', remote]);
  writeFileSync(note, local);
}
