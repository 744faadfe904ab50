// How much larger a translated request may be than the client's: an attacker's schema can grow without end. An answer begins with
// the same bounds, and has more of its own (answerGrowth.ts).

import type { Target } from '../../../config/target';
import { GatewayError } from '../core/errors';

/** A translation has at most this many times the bytes of its source, and `freeGrowth` more. */
export const mostGrowth = 4;
export const freeGrowth = 64 * 1024;

/**
 * Refuses a translated request that has grown too much.
 * @param made bytes of the translation
 * @param asked bytes of the client's request
 * @param restored bytes that stand for short references of the client's, and are no growth
 * @throws GatewayError cannot_translate
 */
export function refuseGrown(made: number, asked: number, target: Target, restored = 0): void {
  if (made <= mostGrowth * asked + freeGrowth + restored) return;
  throw new GatewayError('cannot_translate', {
    message: `In the format of ${target.label} this request of ${asked} bytes would have ${made}; make its tool schemas smaller.`,
  });
}
