// What the cloud's API needs from the machines behind it. The lab gives it boxes; a test of the engine alone, nothing.

/** A server to be made. */
export interface ServerPlan {
  id: number;
  name: string;
  /** Its public IPv4 address, if it has one. */
  address: string | undefined;
  /** Verbatim. */
  userData: string;
  /** Public keys that root lets in. */
  sshKeys: readonly string[];
  /** Volumes attached from the start. */
  volumes: readonly number[];
  start: boolean;
}

/** What can be done to a server's power. */
export type PowerChange = 'poweron' | 'poweroff' | 'shutdown' | 'reboot' | 'reset';

/** The machines behind the API. */
export interface Hardware {
  createServer(plan: ServerPlan): Promise<void>;
  destroyServer(id: number): Promise<void>;
  power(id: number, change: PowerChange): Promise<void>;
  isOn(id: number): Promise<boolean>;
  createDisk(id: number, sizeGb: number, format: string | undefined): Promise<void>;
  resizeDisk(id: number, sizeGb: number): Promise<void>;
  destroyDisk(id: number): Promise<void>;
  attachDisk(id: number, server: number): Promise<void>;
  detachDisk(id: number, server: number): Promise<void>;
  setName(host: string, type: 'A' | 'AAAA', addresses: readonly string[]): Promise<void>;
}

/** No machines: servers are entries in a table. For tests of plans, diffs and errors, where nothing logs in. */
export function noHardware(): Hardware {
  const on = new Set<number>();
  const nothing = () => Promise.resolve();
  return {
    createServer: async (plan) => void (plan.start && on.add(plan.id)),
    destroyServer: async (id) => void on.delete(id),
    power: async (id, change) => void (change === 'poweroff' || change === 'shutdown' ? on.delete(id) : on.add(id)),
    isOn: async (id) => on.has(id),
    createDisk: nothing,
    resizeDisk: nothing,
    destroyDisk: nothing,
    attachDisk: nothing,
    detachDisk: nothing,
    setName: nothing,
  };
}
