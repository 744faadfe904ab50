// The client's side of an exchange: noticing that it left, and writing to it no faster than it reads.

import type { ServerResponse } from 'node:http';
import { CancelSource, type CancelSignal } from '../core/cancellation';
import { GatewayError } from '../core/errors';

/** The client has disconnected before its answer was complete; no response can be sent. */
export class ClientGone extends Error {}

/**
 * Ends when the client's connection closes before its answer was complete, or for the request's own ending.
 * @param ending cancelled when the gateway must stop, or the request's key has ended
 */
export function watchClient(raw: ServerResponse, ending: CancelSignal): CancelSignal {
  const leaving = new CancelSource();
  const onStop = (reason: Error) => leaving.cancel(reason);
  if (ending.reason === undefined) ending.on(onStop);
  else onStop(ending.reason);
  // Not the request's own close: that one fires as soon as its body has been read.
  raw.on('close', () => {
    ending.off(onStop);
    if (!raw.writableFinished) leaving.cancel(new ClientGone('the client closed its connection'));
  });
  return leaving;
}

/**
 * Writes to a client; gives a promise only where it must be waited for.
 * @throws GatewayError reader_stalled as request_timeout, when the client stops reading for too long; the ending's reason
 */
export function writeToClient(
  raw: ServerResponse,
  bytes: Buffer | string,
  stallMs: number,
  ending: CancelSignal,
): Promise<void> | undefined {
  if (ending.reason !== undefined) throw ending.reason;
  if (raw.write(bytes)) return undefined;
  return new Promise((resolve, reject) => {
    const finish = (error?: Error) => {
      clearTimeout(timer);
      raw.off('drain', onDrain);
      ending.off(finish);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onDrain = () => finish();
    const timer = setTimeout(
      () => finish(new GatewayError('request_timeout', { message: 'The client stopped reading its stream.' })),
      stallMs,
    );
    raw.once('drain', onDrain);
    ending.on(finish);
  });
}

/** Waits as long as the client does. @throws the ending's reason, as soon as there is one */
export function waitWith(ending: CancelSignal, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (ending.reason !== undefined) return reject(ending.reason);
    const onEnd = (reason: Error) => {
      clearTimeout(timer);
      reject(reason);
    };
    const timer = setTimeout(() => {
      ending.off(onEnd);
      resolve();
    }, ms);
    ending.on(onEnd);
  });
}
