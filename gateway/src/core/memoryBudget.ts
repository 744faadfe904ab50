// Memory that requests hold while they are served, shared between their keys: no key can take what all others need.

import { GatewayError } from './errors';

export interface MemoryBudget {
  /** Bytes held at this moment. */
  readonly held: number;
  /** The share of one request. @param owner the id of its key */
  open(owner: string): MemoryShare;
}

/** What one request holds. */
export interface MemoryShare {
  /** Takes bytes, or refuses. @throws GatewayError overloaded */
  take(bytes: number): void;
  /** Takes bytes for what can be done without, such as a look at a whole answer: as long as its key holds little. */
  takeSpare(bytes: number): boolean;
  /** Takes the bytes of one thing that may be made anew, and larger: what was taken for it before is not taken again. @throws GatewayError overloaded */
  takeOnce(bytes: number): void;
  /** Gives some of the bytes back before the end. @param bytes at most those that are held */
  give(bytes: number): void;
  /** Gives back what is still held. */
  close(): void;
}

/** The rest above this part is for keys that hold nothing, and for their small requests: 4 MiB of 64, in pieces of 2 MiB. */
const keptForSmall = 15 / 16;
const small = 1 / 32;
/** What a key may hold for what can be done without: 8 MiB of 64, so that its own next requests are not refused for it. */
const spare = 1 / 8;

/**
 * A key may hold half of what the others do not, and one that holds nothing may take one body of any size that fits: alone it
 * sends bodies of the largest size, and beside greedy ones its small requests still get through.
 * @param limit bytes that all requests together may hold at this moment
 */
export function openMemoryBudget(limit: () => number): MemoryBudget {
  const byOwner = new Map<string, number>();
  let total = 0;
  const change = (owner: string, bytes: number): void => {
    const own = (byOwner.get(owner) ?? 0) + bytes;
    if (own > 0) byOwner.set(owner, own);
    else byOwner.delete(owner);
    total += bytes;
  };
  return {
    get held() {
      return total;
    },
    open(owner) {
      let held = 0;
      let once = 0;
      const share: MemoryShare = {
        take(bytes) {
          const most = limit();
          const own = byOwner.get(owner) ?? 0;
          const after = total + bytes;
          const isOnly = own === held;
          const mayTake = isOnly || own + bytes <= (most - (total - own)) / 2;
          const leavesSmall = after <= most * keptForSmall || (isOnly && held + bytes <= most * small);
          if (after > most || !mayTake || !leavesSmall) throw full(leavesSmall && after <= most ? 'of this key ' : '');
          change(owner, bytes);
          held += bytes;
        },
        takeOnce(bytes) {
          if (bytes <= once) return;
          share.take(bytes - once);
          once = bytes;
        },
        takeSpare(bytes) {
          if ((byOwner.get(owner) ?? 0) + bytes > limit() * spare || total + bytes > limit() / 2) return false;
          change(owner, bytes);
          held += bytes;
          return true;
        },
        give(bytes) {
          change(owner, -bytes);
          held -= bytes;
        },
        close() {
          change(owner, -held);
          held = 0;
        },
      };
      return share;
    },
  };
}

// ---

function full(whose = ''): GatewayError {
  return new GatewayError('overloaded', {
    message: `The requests ${whose}in flight hold as much memory as they may (limits.bodies_in_memory_bytes); try again in a moment.`,
    headers: { 'retry-after': '1' },
  });
}
