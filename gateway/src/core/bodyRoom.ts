// Room for a body that comes piece by piece. What is announced has its room from the beginning. What is not grows in a room whose
// memory is given back at once, as is that of a body that is given up (200 uploads of 32 MiB without a length held 505 MB).

import { largeBodyBytes } from './bodySize';

export interface BodyRoom {
  /** Bytes so far. */
  readonly size: number;
  add(part: Buffer): void;
  /** What has come. Nothing may be added afterwards. */
  take(): Buffer | Promise<Buffer>;
  /** The body is given up. */
  drop(): void;
}

/**
 * @param most bytes that are added at most
 * @param announced bytes that the body is said to have; 0 where nothing is said
 */
export function bodyRoom(most: number, announced = 0): BodyRoom {
  let held: Buffer | undefined;
  let growing: ArrayBuffer | undefined;
  const place = (size: number, part: Buffer): void => {
    const needed = size + part.length;
    if (held === undefined || needed > held.length) {
      const before = held;
      if (needed <= announced) held = newRoom(announced);
      else if (2 * needed < largeBodyBytes) held = Buffer.allocUnsafe(2 * needed);
      else held = Buffer.from((growing = grown(growing, needed, most)));
      if (before !== undefined && before.buffer !== growing) before.copy(held, 0, 0, size);
    }
    part.copy(held, size);
  };
  const drop = () => {
    held = undefined;
    growing?.resize(0);
    growing = undefined;
  };
  const room = {
    size: 0,
    add(part: Buffer) {
      if (held === undefined && part.length >= announced) held = part;
      else place(room.size, part);
      room.size += part.length;
    },
    take() {
      const all = held === undefined ? Buffer.alloc(0) : held.subarray(0, room.size);
      return growing === undefined ? all : shared(all).finally(drop);
    },
    drop,
  };
  return room;
}

// ---

/** Bytes from which a body is shared memory, so that a worker reads it without a copy. */
const sharedBytes = 1024 * 1024;

// For all that is announced: the system gives a large room its memory page by page, as it is written to. The collector does not
// count shared memory, and would leave gigabytes of bodies that are done with; so each has a weight beside it that is counted, is
// never written to and therefore holds no memory.
function newRoom(size: number): Buffer {
  if (size < sharedBytes) return Buffer.allocUnsafe(size);
  return Buffer.from(Object.assign(new SharedArrayBuffer(size), { weight: new ArrayBuffer(size) }));
}

/** By which a room grows at least, and what is copied in one turn of the event loop: a millisecond or two. */
const step = 1024 * 1024;

// It grows where it is.
function grown(room: ArrayBuffer | undefined, needed: number, most: number): ArrayBuffer {
  const maxByteLength = Math.max(most, needed);
  const length = Math.min(maxByteLength, Math.max(needed + step, Math.ceil(needed * 1.25)));
  if (room === undefined) return new ArrayBuffer(length, { maxByteLength });
  room.resize(length);
  return room;
}

async function shared(body: Buffer): Promise<Buffer> {
  const copy = newRoom(body.length);
  for (let at = 0; at < body.length; at += step) {
    if (at > 0) await new Promise(setImmediate);
    body.copy(copy, at, at, at + step);
  }
  return copy;
}
