// Room for a body that comes piece by piece: put together as it comes, because to join megabytes at the end would hold the
// event loop.

import { largeBodyBytes } from '../core/bodySize';

export interface BodyRoom {
  /** Bytes so far. */
  readonly size: number;
  add(part: Buffer): void;
  /** What has come. */
  take(): Buffer;
}

/** @param announced bytes that the body is said to have; 0 where nothing is said */
export function bodyRoom(announced = 0): BodyRoom {
  let held: Buffer | undefined;
  const room = {
    size: 0,
    add(part: Buffer) {
      held = held === undefined && part.length >= announced ? part : added(held, room.size, part, announced);
      room.size += part.length;
    },
    take: () => (held === undefined ? Buffer.alloc(0) : held.subarray(0, room.size)),
  };
  return room;
}

// ---

// Room is made for all that is announced: the system gives a large room its memory page by page, as it is written to.
function added(held: Buffer | undefined, size: number, part: Buffer, announced: number): Buffer {
  const needed = size + part.length;
  let room = held;
  if (room === undefined || needed > room.length) {
    room = newRoom(needed <= announced ? announced : 2 * needed);
    held?.copy(room, 0, 0, size);
  }
  part.copy(room, size);
  return room;
}

// Shared where it is large, so that a worker reads it without a copy.
function newRoom(size: number): Buffer {
  return size < largeBodyBytes ? Buffer.allocUnsafe(size) : Buffer.from(new SharedArrayBuffer(size));
}
