// What this process, and so the lab's boxes, may do of what Linux calls capabilities: a virtual machine may not have all to give.

import { readFileSync } from 'node:fs';

/** Bits in a capability set. Source: `linux/capability.h`. */
const bits = { SYS_ADMIN: 21n, SYS_RESOURCE: 24n } as const;

/** Whether this process has a capability in effect. */
export function hasCapability(name: keyof typeof bits): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> bits[name]) & 1n) === 1n;
}

/** Whether a box can grow a file system that is mounted: the kernel wants CAP_SYS_RESOURCE for it. */
export function canGrowMounted(): boolean {
  return hasCapability('SYS_RESOURCE');
}
