// Volumes: files of the run behind loop devices, so that servers see real block devices that outlive them.
import { statSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './shell';

/** A volume's device on this machine. */
export interface Disk {
  id: number;
  file: string;
  device: string;
  major: number;
  minor: number;
}

/** Makes a disk, with a file system if one is named. The file is sparse: it takes what is written. */
export async function makeDisk(folder: string, id: number, sizeGb: number, format: string | undefined): Promise<Disk> {
  const file = join(folder, 'volumes', `${id}.img`);
  writeFileSync(file, '');
  truncateSync(file, sizeGb * 1024 ** 3);
  const device = (await run('losetup', ['--find', '--show', file])).stdout.trim();
  const { rdev } = statSync(device);
  const disk = { id, file, device, major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
  if (format !== undefined) await run(`mkfs.${format}`, [format === 'ext4' ? '-F' : '-f', '-q', device]);
  return disk;
}

/** Makes a disk larger; whoever has it mounted may grow the file system then. */
export async function growDisk(disk: Disk, sizeGb: number): Promise<void> {
  truncateSync(disk.file, sizeGb * 1024 ** 3);
  await run('losetup', ['--set-capacity', disk.device]);
}

/** Removes a disk. Where a dying server still holds it, the device goes when that does. */
export async function removeDisk(disk: Disk): Promise<void> {
  await run('losetup', ['--detach', disk.device], { check: false });
  rmSync(disk.file, { force: true });
}
