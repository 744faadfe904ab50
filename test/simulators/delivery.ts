// How an answer travels: at once, or with the delays, silences and breaks that a fault asks for.
import type { ServerResponse } from 'node:http';
import type { Fault } from './fault';
import type { Reply } from './wire';

/** Names that hold answers back until they are released. A name stays open: a late caller must not wait for ever. */
export interface Gates {
  release(name: string): void;
  /** resolves on release, or when the waiter is told to give up */
  pass(name: string, peer: Peer): Promise<void>;
}

/** Where the bytes go. Everything written to the client goes through `head` and `write`. */
export interface Line {
  response: ServerResponse;
  head(status: number): void;
  write(piece: string, written?: () => void): boolean;
  /** breaks the connection from this side */
  cut(): void;
}

/** The other end of the connection. */
export interface Peer {
  gone: boolean;
  /** called once, when it goes */
  onGone: Set<() => void>;
}

/** Sends a reply in one go, as fast as the peer reads it. */
export async function deliver(line: Line, reply: Reply): Promise<void> {
  line.head(reply.status);
  for (const piece of reply.pieces) {
    if (line.write(piece)) continue;
    if (!line.response.destroyed) await drained(line.response);
    if (line.response.destroyed) return;
  }
  line.response.end();
}

/** Sends a reply the way the fault wants it. `streamError` prints the provider's in-stream error event. */
export async function deliverFaulty(
  line: Line,
  reply: Reply,
  fault: Fault,
  gates: Gates,
  streamError: (sent: number) => string,
): Promise<void> {
  const peer = watch(line.response);
  if (fault.delayMs) await pause(fault.delayMs, peer);
  const pieces = reply.streamed ? reply.pieces : halves(reply.pieces);
  // A fault that comes after more events than there are comes before the last: the answer is never whole.
  const step = (after: number | undefined) =>
    after === undefined ? Infinity : after === 0 ? 0 : Math.min(after, Math.max(1, pieces.length - 1));
  const held = step(fault.hold === undefined ? undefined : (fault.holdAfter ?? 0));
  const silent = fault.silenceMs === undefined ? Infinity : step(fault.silenceAfter ?? 1);
  const [cut, stalled, failed] = [step(fault.cutAfter), step(fault.stallAfter), step(fault.errorAfter)];
  if (held === 0) await gates.pass(fault.hold ?? '', peer);
  if (peer.gone) return;
  if (cut === 0) return line.cut();
  line.head(reply.status);
  for (const [n, piece] of pieces.entries()) {
    if (n > 0 && fault.gapMs && reply.streamed) await pause(fault.gapMs, peer);
    if (n > 0 && n === silent) await pause(fault.silenceMs ?? 0, peer);
    if (n > 0 && n === held) await gates.pass(fault.hold ?? '', peer);
    if (n === stalled) {
      line.response.flushHeaders();
      await new Promise<void>((resolve) => whenGone(peer, resolve));
    }
    if (peer.gone) return;
    if (n === cut) return line.cut();
    if (n === failed && reply.streamed) return void (line.write(streamError(n)), line.response.end());
    // Each event leaves for the kernel before the next step, or a cut would take it along.
    await new Promise<void>((resolve) => line.write(piece, resolve));
  }
  line.response.end();
}

/** The gates that the simulators of one set share. */
export function createGates(): Gates {
  const open = new Set<string>();
  const waiting = new Map<string, Set<() => void>>();
  return {
    release(name) {
      open.add(name);
      for (const resolve of waiting.get(name) ?? []) resolve();
      waiting.delete(name);
    },
    pass(name, peer) {
      if (open.has(name)) return Promise.resolve();
      return new Promise((resolve) => {
        const queue = waiting.get(name) ?? new Set();
        waiting.set(name, queue.add(resolve));
        whenGone(peer, resolve);
      });
    },
  };
}

// ---

function watch(response: ServerResponse): Peer {
  const peer: Peer = { gone: response.destroyed, onGone: new Set() };
  response.once('close', () => {
    peer.gone = true;
    for (const resolve of peer.onGone) resolve();
  });
  return peer;
}

function whenGone(peer: Peer, resolve: () => void): void {
  if (peer.gone) resolve();
  else peer.onGone.add(resolve);
}

function pause(ms: number, peer: Peer): Promise<void> {
  if (peer.gone) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      peer.onGone.delete(done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    peer.onGone.add(done);
  });
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}

/** A JSON answer in two, so that it can be cut and stalled in its middle. */
function halves(pieces: readonly string[]): readonly string[] {
  const whole = pieces.join('');
  const middle = Math.ceil(whole.length / 2);
  return [whole.slice(0, middle), whole.slice(middle)];
}
