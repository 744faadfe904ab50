// The client's side of an exchange: noticing that it left, and writing to it no faster than it reads.

import type { ServerResponse } from 'node:http';
import { GatewayError } from './errors';

/** The reason an exchange ends when its client has gone: nobody is left to tell. */
export class ClientGone extends Error {}

/** Aborts when the client's connection closes before its answer was complete, or when the gateway must stop. */
export function watchClient(raw: ServerResponse, stopping: AbortSignal): AbortController {
  const controller = new AbortController();
  const onStop = () => controller.abort(new GatewayError('draining'));
  if (stopping.aborted) onStop();
  else stopping.addEventListener('abort', onStop);
  // Not the request's own close: that one fires as soon as its body has been read.
  raw.once('close', () => {
    stopping.removeEventListener('abort', onStop);
    if (!raw.writableFinished) controller.abort(new ClientGone('the client closed its connection'));
  });
  return controller;
}

/**
 * Writes to a client; resolves when more may be written.
 * @throws GatewayError reader_stalled as request_timeout, when the client stops reading for too long; the signal's reason
 */
export function write(
  raw: ServerResponse,
  bytes: Buffer | string,
  stallMs: number,
  signal: AbortSignal,
): Promise<void> | undefined {
  if (signal.aborted) throw signal.reason as Error;
  if (raw.write(bytes)) return undefined;
  return new Promise((resolve, reject) => {
    const finish = (error?: Error) => {
      clearTimeout(timer);
      raw.off('drain', onDrain);
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onDrain = () => finish();
    const onAbort = () => finish(signal.reason as Error);
    const timer = setTimeout(
      () => finish(new GatewayError('request_timeout', { message: 'The client stopped reading its stream.' })),
      stallMs,
    );
    raw.once('drain', onDrain);
    signal.addEventListener('abort', onAbort);
  });
}
