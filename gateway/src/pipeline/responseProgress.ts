// What becomes of an answer: filled in as it passes, so that it holds even when the passing fails.

import type { GatewayError } from '../core/errors';
import type { Usage } from '../core/usage';
import type { Account } from '../../../config/accounts';
import type { Target } from '../../../config/target';
import type { Attempt } from '../storage/rows';
import type { Format } from '../wire/neutral';

/** What became of a request on its way to providers. */
export interface SendProgress {
  /** The target that was sent to last. */
  target: Target | undefined;
  account: Account | undefined;
  format: Format | undefined;
  readonly attempts: Attempt[];
  /** When it was sent to it; milliseconds since 1970. */
  sentAt: number | undefined;
  /** All of it has left this process. */
  delivered: boolean;
}

export interface ResponseProgress extends SendProgress {
  /** The HTTP status that the client was told, or that a failure in its stream stands for. */
  status: number;
  /** As far as the provider reported it. */
  usage: Partial<Usage> | undefined;
  /** Output tokens by our own estimate, for when nobody reports them. */
  estimatedOutput: number;
  /** What the provider's answer was, or turned into, where it is none. */
  failure: GatewayError | undefined;
  /** The provider has sent all of its answer: a client that leaves now has what it asked for. */
  complete: boolean;
  /** Paths of the request that the target could not carry. */
  dropped: readonly string[];
  /** What was broken in the request, and was repaired. */
  repaired: readonly string[];
  /** Parts of the answer that the client's format cannot carry. */
  readonly lost: string[];
  /** Something has been sent to the client: from here on a failure is told inside the answer. */
  begun: boolean;
  /** When the provider's answer began and when its first content was passed on; milliseconds since 1970. */
  firstByteAt: number | undefined;
  firstTokenAt: number | undefined;
  /** Milliseconds for which the answer waited until its client had read what was written before. */
  waitedMs: number;
}

/** Names of what is lost that are told, and the characters of each: a provider may make up any number. */
const mostLost = 40;
const longestLost = 200;

/** Notes a part of the answer that the client's format cannot carry, once. */
export function noteLost({ lost }: Pick<ResponseProgress, 'lost'>, what: string): void {
  const name = what.slice(0, longestLost);
  if (lost.length < mostLost && !lost.includes(name)) lost.push(name);
}

/** Notes for how long the answer waits for its client, where it has to. @param now milliseconds since 1970 */
export function noteWait(
  progress: Pick<ResponseProgress, 'waitedMs'>,
  now: () => number,
  written: Promise<void> | undefined,
): Promise<void> | undefined {
  if (written === undefined) return undefined;
  const from = now();
  return written.then(() => {
    progress.waitedMs += now() - from;
  });
}

/** Nothing has been sent or received yet. */
export function newProgress(): ResponseProgress {
  return {
    target: undefined,
    account: undefined,
    format: undefined,
    attempts: [],
    sentAt: undefined,
    delivered: false,
    status: 0,
    usage: undefined,
    estimatedOutput: 0,
    failure: undefined,
    complete: false,
    dropped: [],
    repaired: [],
    lost: [],
    begun: false,
    firstByteAt: undefined,
    firstTokenAt: undefined,
    waitedMs: 0,
  };
}

/** Forgets what is known of an answer that is dropped: another one is awaited. */
export function forgetAnswer(progress: ResponseProgress): void {
  Object.assign(progress, nothingYet);
  progress.lost.length = 0;
}

// ---

const nothingYet = {
  usage: undefined,
  estimatedOutput: 0,
  failure: undefined,
  complete: false,
  sentAt: undefined,
  delivered: false,
  firstByteAt: undefined,
  firstTokenAt: undefined,
} satisfies Partial<ResponseProgress>;
