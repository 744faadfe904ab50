// A cloud on one machine: the Hetzner API, real boxes, an image registry, a certificate authority, and an "outside".
import { basename, join } from 'node:path';
import { settingsSchema } from '../../config/schema';
import { startAcme, type Acme } from './acme';
import type { Box } from './box';
import { startDocker, type Docker } from './docker';
import { engineEnvironment } from './engine';
import { forward } from './forward';
import { setGuard, type Guard } from './guard';
import { startCloud, type Cloud } from './hcloud/cloud';
import { ensureImages, type Images, litestreamImage, type Mode } from './image';
import { makeMachines, type Machines } from './machines';
import { whatIsMissing } from './missing';
import { startRegistry, type Registry } from './registry';
import { ensureTools } from './tools';

export { whatIsMissing };
export type { Box, Cloud, Mode };

/** How to start a lab. */
export interface LabOptions {
  /** How boxes get Docker; `LAB_BOX` by default, else `fast`. */
  mode?: Mode;
  /** Ports of this machine that boxes reach as `lab.upstreams[0]` and on: up to three LLM providers. */
  upstreamPorts?: readonly number[];
  /** Whether boxes can pull Litestream's image. */
  litestream?: boolean;
  /** Megabytes of memory that each box has, without swap; `LAB_BOX_MEMORY_MB` by default, else this machine's. */
  boxMemoryMb?: number | undefined;
  /** Hears what takes long. */
  say?: (line: string) => void;
}

/** A running lab. */
export interface Lab {
  /** The Hetzner API: what it was asked, what exists, how to make it fail. */
  cloud: Cloud;
  /** Environment for `pulumi`: where the API is, whose token, tools on PATH, a state and a home of this run alone. */
  env: Record<string, string>;
  /** The boxes that exist. */
  boxes(): Box[];
  /** One of them, by the server's name or id. */
  box(nameOrId: string | number): Box;
  /** The ACME directory as boxes see it, for `acme_ca`. */
  acmeDirectory: string;
  /** The root of its own certificate, for `acme_ca_root`. */
  acmeRoot: string;
  /** The root of the certificates it issues, for clients. */
  issuedRoot(): Promise<string>;
  /** Makes a name resolve to an address, for certificates. */
  setName(host: string, address: string): Promise<void>;
  /** URLs under which boxes and their containers reach `upstreamPorts`. */
  upstreams: readonly string[];
  /** Points one of them to another port; undefined makes it refuse. */
  setUpstream(index: number, port: number | undefined): void;
  /** HOST:PORT of the image registry for pushing; `library/NAME` there is `NAME` in a box. */
  registry: string;
  /** The Docker that boxes run in. */
  docker: Docker;
  /** Tags of the lab's images in it. */
  images: Images;
  /** The run's folder: logs of everything, gone after `stop`. */
  folder: string;
  mode: Mode;
  /** Ends everything this run has started, and waits for that. */
  stop(): Promise<void>;
}

/** Starts a lab; one at a time on a machine. Whatever happens to this process, a guard cleans up after it. */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const missing = whatIsMissing();
  if (missing.length > 0)
    throw new Error(`the lab cannot run here; missing:\n${missing.map((line) => `- ${line}`).join('\n')}`);
  const say = options.say ?? ((line) => console.error(`lab: ${line}`));
  await ensureTools(say);
  const guard = await setGuard(say);
  try {
    return await furnish(guard, options, say);
  } catch (problem) {
    await guard.sweep();
    throw problem;
  }
}

// ---

async function furnish(guard: Guard, options: LabOptions, say: (line: string) => void): Promise<Lab> {
  const { folder } = guard;
  const mode = options.mode ?? modeOf(process.env['LAB_BOX']);
  const docker = await startDocker(folder);
  const images = await ensureImages(docker, mode, say);
  const [registry, acme] = await Promise.all([startRegistry(folder, docker), startAcme(folder)]);
  const names = settingsSchema.shape.images.parse(undefined);
  await registry.offer(images.node, names.node);
  await registry.offer(images.caddy, names.caddy);
  if (options.litestream === true) await registry.offer(await litestreamImage(docker, say), names.litestream);
  const machines = makeMachines(
    { docker, folder, label: basename(folder), image: images.box, memoryMb: memoryOf(options) },
    // The boxes' IPv6 addresses are of documentation (RFC 3849) and lead nowhere: on a machine that has IPv6 itself, the
    // authority would try them first.
    async (host, type, addresses) => (type === 'A' ? acme.name(host, type, addresses) : undefined),
  );
  const cloud = await startCloud(machines.hardware);
  const ports: (number | undefined)[] = [0, 1, 2].map((index) => options.upstreamPorts?.[index]);
  const sockets = ports.map((_, index) => join(folder, 'sockets', `upstream${index}.sock`));
  const upstreams = await Promise.all(sockets.map((file, index) => forward(file, () => ports[index])));
  return {
    ...parts(cloud, machines, acme, registry),
    env: engineEnvironment(folder, cloud),
    upstreams: ports.map((_, index) => `http://198.18.0.1:${18_080 + index}`),
    setUpstream: (index, port) => void (ports[index] = port),
    docker,
    images,
    folder,
    mode,
    stop: async () => {
      for (const server of upstreams) server.close();
      acme.stop();
      await cloud.stop();
      await guard.sweep();
    },
  };
}

function parts(cloud: Cloud, machines: Machines, acme: Acme, registry: Registry) {
  return {
    cloud,
    boxes: () => [...machines.boxes.values()],
    box: (nameOrId: string | number) => {
      const found = [...machines.boxes.values()].find((box) => box.name === nameOrId || box.id === Number(nameOrId));
      if (found === undefined) throw new Error(`the lab has no server ${nameOrId}`);
      return found;
    },
    acmeDirectory: acme.directory,
    acmeRoot: acme.root,
    issuedRoot: () => acme.issuedRoot(),
    setName: (host: string, address: string) => acme.name(host, 'A', [address]),
    registry: registry.address,
  };
}

function memoryOf({ boxMemoryMb }: LabOptions): number | undefined {
  const text = process.env['LAB_BOX_MEMORY_MB'] ?? '';
  if (boxMemoryMb !== undefined || text === '') return boxMemoryMb;
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`LAB_BOX_MEMORY_MB is "${text}"; it must be a number of megabytes`);
  return Number(text);
}

function modeOf(text: string | undefined): Mode {
  if (text === undefined || text === '' || text === 'fast') return 'fast';
  if (text === 'real') return 'real';
  throw new Error(`LAB_BOX is "${text}"; it can be fast or real`);
}
