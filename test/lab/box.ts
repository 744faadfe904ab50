// A server of the lab: a container that boots systemd, cloud-init and sshd, and runs its own Docker.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canGrowMounted } from './capabilities';
import type { Disk } from './disk';
import type { Docker } from './docker';
import type { ServerPlan } from './hcloud/hardware';
import { diskName } from './hcloud/show';
import type { Ran } from './shell';

/** A box, as tests use it. */
export interface Box {
  id: number;
  name: string;
  /** Its IPv4 address on this machine: ports 22, 80 and 443. */
  address: string | undefined;
  /** Name of the container. */
  container: string;
  /** Runs a shell command in it as root, past sshd. A failure is an error unless `check` is false. */
  exec(command: string, options?: { input?: string; timeoutMs?: number; check?: boolean }): Promise<Ran>;
  /** What happened in it: the journal, and what the user data's commands printed. Also when it is off. */
  logs(): Promise<string>;
  isOn(): Promise<boolean>;
  /** Power loss: everything stops at once, nothing is flushed by anybody. */
  kill(): Promise<void>;
  /** An orderly shutdown. */
  shutdown(): Promise<void>;
  start(): Promise<void>;
  reboot(): Promise<void>;
  /** Freezes it: connections hang, nothing is lost. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Pulls the network cable: published ports refuse, nothing gets out. */
  unplug(): Promise<void>;
  plug(): Promise<void>;
  /** What the last boot's cloud-init says when it is done: `done`, or its errors. */
  cloudInit(): Promise<{ status: string; extendedStatus: string; errors: string[] }>;
}

/** The box's own disks and end, for the cloud. */
export interface BoxHandle extends Box {
  disks: Map<number, Disk>;
  /** Shows the box the disks it has now. */
  syncDisks(): Promise<void>;
  remove(): Promise<void>;
}

/** What a box is made from. */
export interface BoxKit {
  docker: Docker;
  /** The run's folder; its name is the label. */
  folder: string;
  label: string;
  image: string;
  /** Megabytes of memory that each box has, without swap. Default: this machine's. */
  memoryMb?: number | undefined;
}

/** Makes a box, and starts it unless it is to stay off. */
export async function makeBox(kit: BoxKit, plan: ServerPlan, disks: readonly Disk[]): Promise<BoxHandle> {
  const box = handle(kit, plan, new Map(disks.map((disk) => [disk.id, disk])));
  const folder = boxFolder(kit, plan.id);
  mkdirSync(join(folder, 'seed'), { recursive: true });
  writeFileSync(join(folder, 'seed', 'user-data'), plan.userData);
  writeFileSync(join(folder, 'seed', 'meta-data'), metaData(plan));
  await box.syncDisks();
  const made = await kit.docker.run(['create', ...containerArgs(kit, plan, folder, box.container), kit.image], {
    check: false,
  });
  if (made.code !== 0) throw new Error(`cannot make the server: ${made.stderr.trim()}`);
  if (plan.start) await box.start();
  return box;
}

// ---

function boxFolder(kit: BoxKit, id: number): string {
  return join(kit.folder, 'boxes', String(id));
}

/** YAML that is JSON where it matters; `instance-id` makes cloud-init see a new server. */
function metaData(plan: ServerPlan): string {
  const keys = plan.sshKeys.map((key) => `  - ${JSON.stringify(key.trim())}`);
  const lines = [`instance-id: ${plan.id}`, `local-hostname: ${plan.name}`];
  return [...lines, ...(keys.length === 0 ? [] : ['public-keys:', ...keys]), ''].join('\n');
}

function containerArgs(kit: BoxKit, plan: ServerPlan, folder: string, container: string): string[] {
  // Not --privileged: that asks for capabilities which a virtual machine may not have to give.
  const freedom = [
    ...['--cap-add', 'ALL', ...(canGrowMounted() ? [] : ['--cap-drop', 'SYS_RESOURCE'])],
    ...['--device-cgroup-rule', 'a *:* rwm', '--cgroupns', 'private'],
    ...['seccomp', 'apparmor', 'systempaths'].flatMap((area) => ['--security-opt', `${area}=unconfined`]),
  ];
  const mounts = [
    ...['/run', '/run/lock', '/tmp'].flatMap((path) => ['--tmpfs', path]),
    // An anonymous volume: the inner Docker cannot keep its layers on the container's own overlay.
    ...['--volume', '/var/lib/docker', '--volume', `${join(kit.folder, 'sockets')}:/lab`],
    ...['--volume', `${join(folder, 'seed')}:/var/lib/cloud/seed/nocloud:ro`, '--volume', `${folder}:/lab-box:ro`],
  ];
  const ports =
    plan.address === undefined ? [] : [22, 80, 443].flatMap((port) => ['--publish', `${plan.address}:${port}:${port}`]);
  const memory =
    kit.memoryMb === undefined ? [] : ['--memory', `${kit.memoryMb}m`, '--memory-swap', `${kit.memoryMb}m`];
  const names = ['--name', container, '--hostname', plan.name, '--label', `lab=${kit.label}`];
  return [...names, ...memory, ...freedom, ...mounts, ...ports];
}

function handle(kit: BoxKit, plan: ServerPlan, disks: Map<number, Disk>): BoxHandle {
  const container = `${kit.label}-${plan.id}`;
  const docker = async (...args: string[]) => void (await kit.docker.run([...args, container]));
  const isOn = async () => {
    const seen = await kit.docker.run(['inspect', '--format', '{{.State.Running}}', container], { check: false });
    return seen.stdout.trim() === 'true';
  };
  const exec: Box['exec'] = (command, { input, ...options } = {}) =>
    kit.docker.run(['exec', '--interactive', container, 'sh', '-c', command], { input: input ?? '', ...options });
  const syncDisks = async () => {
    const lines = [...disks.values()].map((disk) => `${diskName(disk.id)} ${disk.major} ${disk.minor}\n`);
    // In place: the box has this very file mounted. It reads it itself whenever it boots.
    writeFileSync(join(boxFolder(kit, plan.id), 'disks'), lines.join(''));
    if (await isOn()) await exec('/usr/local/sbin/lab-disks', { timeoutMs: 20_000 });
  };
  return {
    id: plan.id,
    name: plan.name,
    address: plan.address,
    container,
    disks,
    exec,
    isOn,
    syncDisks,
    logs: () => logs(kit.docker, container, exec, isOn),
    kill: () => docker('kill'),
    shutdown: () => docker('stop', '--time', '20'),
    start: () => docker('start'),
    reboot: () => docker('restart', '--time', '20'),
    pause: () => docker('pause'),
    resume: () => docker('unpause'),
    unplug: () => docker('network', 'disconnect', 'bridge'),
    plug: () => docker('network', 'connect', 'bridge'),
    cloudInit: () => cloudInit(exec),
    remove: async () => {
      const gone = await kit.docker.run(['rm', '--force', '--volumes', container], { check: false });
      if (gone.code !== 0 && !/No such container/i.test(gone.stderr)) throw new Error(gone.stderr.trim());
      rmSync(boxFolder(kit, plan.id), { recursive: true, force: true });
    },
  };
}

async function logs(docker: Docker, container: string, exec: Box['exec'], isOn: Box['isOn']): Promise<string> {
  const output = '/var/log/cloud-init-output.log';
  if (await isOn()) {
    const command = `journalctl --boot --no-pager --lines 300; echo "== ${output}"; tail -n 200 ${output}`;
    return (await exec(command, { check: false, timeoutMs: 20_000 })).stdout;
  }
  const copied = await docker.run(['cp', `${container}:${output}`, '-'], { check: false });
  const console = await docker.run(['logs', container], { check: false });
  return `${console.stdout}${console.stderr}\n== ${output}\n${copied.stdout.replaceAll('\0', '')}`;
}

async function cloudInit(exec: Box['exec']): ReturnType<Box['cloudInit']> {
  const said = await exec('cloud-init status --wait --format json', { check: false, timeoutMs: 300_000 });
  const text = said.stdout.slice(said.stdout.indexOf('{'));
  const report = JSON.parse(text) as { status: string; extended_status: string; errors: string[] };
  return { status: report.status, extendedStatus: report.extended_status, errors: report.errors };
}
