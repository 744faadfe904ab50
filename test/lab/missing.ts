// Says what a machine lacks to run the lab, in words that say what to do.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCapability } from './capabilities';
import { debianMirrors } from './debian';
import { onPath } from './shell';
import { baseIsCached } from './image';
import { missingTools, toolBuilder } from './tools';

/** Everything that keeps the lab from running here; empty when it can. */
export function whatIsMissing(): string[] {
  if (process.platform !== 'linux') return [`Linux (this is ${process.platform})`];
  return [...privileges(), ...packages(), ...tools(), ...archive(), ...ports()];
}

// ---

function privileges(): string[] {
  const lines: string[] = [];
  if (process.getuid?.() !== 0) lines.push('root: the lab makes containers, loop devices and loopback listeners');
  if (!hasCapability('SYS_ADMIN')) lines.push('CAP_SYS_ADMIN: boxes mount file systems');
  if (!existsSync('/dev/loop-control') || spawnSync('losetup', ['--find'], { stdio: 'ignore' }).status !== 0)
    lines.push('loop devices (/dev/loop-control, `losetup --find`): volumes are loop devices');
  return lines;
}

function packages(): string[] {
  const wanted = ['docker', 'dockerd', 'debootstrap', 'ssh', 'iptables', 'openssl', 'mkfs.ext4', 'losetup'];
  const missing = wanted.filter((program) => !onPath(program));
  return missing.length === 0 ? [] : [`programs ${missing.join(', ')}: run test/lab/install.sh`];
}

function tools(): string[] {
  const missing = missingTools();
  if (missing.length === 0 || (existsSync(toolBuilder()) && onPath('go'))) return [];
  return [`tools ${missing.join(', ')}: put them on PATH, or the folder that has tools/install into OVTH_SHARED`];
}

function archive(): string[] {
  if (debianMirrors() !== undefined || baseIsCached()) return [];
  return ['a Debian mirror: apt names none here, so set LAB_DEBIAN_MIRROR'];
}

/** Boxes listen on 127.0.0.N; a listener on every address of the machine would take their ports. */
function ports(): string[] {
  const listening = ['tcp', 'tcp6']
    .map((name) => join('/proc/net', name))
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
    .map((line) => /^\s*\d+: (0+):([0-9A-F]{4}) \S+ 0A /.exec(line)?.[2])
    .filter((port) => port !== undefined)
    .map((port) => Number.parseInt(port, 16));
  return [22, 80, 443]
    .filter((port) => listening.includes(port))
    .map((port) => `port ${port} of 127.0.0.5 and up: something listens on it on every address of this machine`);
}
