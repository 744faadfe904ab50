// The lab's Docker: the daemon that runs here already, or one of its own that touches nothing else on the machine.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './guard';
import { daemon, run, untilUp, type Ran, type RunOptions } from './shell';

/** Runs the docker client against the lab's daemon. */
export interface Docker {
  /** What DOCKER_HOST says for this daemon. */
  host: string;
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
}

/** Finds a daemon, or starts one whose images stay in the cache between runs. */
export async function startDocker(folder: string): Promise<Docker> {
  const found = await running();
  if (found !== undefined) {
    writeFileSync(join(folder, 'docker.host'), found);
    return client(found);
  }
  const host = `unix://${folder}/docker.sock`;
  writeFileSync(join(folder, 'docker.host'), host);
  if (!existsSync('/sys/class/net/docker0')) writeFileSync(join(folder, 'made-docker0'), '');
  daemon(folder, 'dockerd', 'dockerd', [
    ...['--host', host, '--log-level', 'warn'],
    ...['--data-root', join(cacheFolder(), 'docker'), '--exec-root', join(folder, 'docker')],
    ...['--pidfile', join(folder, 'docker.pid')],
  ]);
  const docker = client(host);
  await untilUp(folder, 'dockerd', async () => (await docker.run(['version'], { check: false })).code === 0);
  return docker;
}

// ---

async function running(): Promise<string | undefined> {
  const host = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  // Boxes listen on this machine's loopback: a daemon elsewhere is of no use.
  if (!host.startsWith('unix://')) return undefined;
  return (await client(host).run(['version'], { check: false, timeoutMs: 10_000 })).code === 0 ? host : undefined;
}

function client(host: string): Docker {
  // The classic builder: no plugin of the client is needed.
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '0' };
  return { host, run: (args, options = {}) => run('docker', args, { ...options, env }) };
}
