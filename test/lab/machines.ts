// The hardware behind the lab's cloud: boxes for servers, loop devices for volumes, the lab's DNS for names.
import { makeBox, type BoxHandle, type BoxKit } from './box';
import { growDisk, makeDisk, removeDisk, type Disk } from './disk';
import type { Hardware } from './hcloud/hardware';

/** The boxes there are, and the hardware that makes them. */
export interface Machines {
  hardware: Hardware;
  boxes: Map<number, BoxHandle>;
}

/** Machines that are made from the kit. */
export function makeMachines(kit: BoxKit, setName: Hardware['setName']): Machines {
  const boxes = new Map<number, BoxHandle>();
  const disks = new Map<number, Disk>();
  const box = (id: number) => required(boxes, id, 'server');
  const hardware: Hardware = {
    createServer: async (plan) => {
      const own = plan.volumes.map((id) => required(disks, id, 'volume'));
      boxes.set(plan.id, await makeBox(kit, plan, own));
    },
    destroyServer: async (id) => {
      await boxes.get(id)?.remove();
      boxes.delete(id);
    },
    power: async (id, change) => {
      const own = box(id);
      const on = await own.isOn();
      if (change === 'poweron') return on ? undefined : own.start();
      if (!on) return change === 'reset' ? own.start() : undefined;
      if (change === 'poweroff') return own.kill();
      if (change === 'shutdown') return own.shutdown();
      if (change === 'reboot') return own.reboot();
      await own.kill();
      return own.start();
    },
    isOn: async (id) => (await boxes.get(id)?.isOn()) ?? false,
    createDisk: async (id, sizeGb, format) => void disks.set(id, await makeDisk(kit.folder, id, sizeGb, format)),
    resizeDisk: (id, sizeGb) => growDisk(required(disks, id, 'volume'), sizeGb),
    destroyDisk: async (id) => {
      const disk = disks.get(id);
      disks.delete(id);
      if (disk !== undefined) await removeDisk(disk);
    },
    attachDisk: async (id, server) => {
      box(server).disks.set(id, required(disks, id, 'volume'));
      await box(server).syncDisks();
    },
    detachDisk: async (id, server) => {
      box(server).disks.delete(id);
      await box(server).syncDisks();
    },
    setName,
  };
  return { hardware, boxes };
}

// ---

function required<T>(things: Map<number, T>, id: number, kind: string): T {
  const thing = things.get(id);
  if (thing === undefined) throw new Error(`the lab has no ${kind} ${id}`);
  return thing;
}
