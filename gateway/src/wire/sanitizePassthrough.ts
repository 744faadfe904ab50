// Takes out of a body that is passed on in its own format what the provider would refuse: our envelopes, which stand in
// the history of a conversation that another provider took part in and are forged signatures to this one; and system
// messages in mid-conversation, which Claude Code sends to every model whose name it does not know, a route's too.

import type { Target } from '../../../config/target';
import { formatFacts } from './formats';
import { bytesOf, parseToPrint } from './shared/jsonBytes';
import type { Format } from './neutral';

export interface SanitizeTask {
  readonly format: Format;
  /** JSON. */
  readonly body: Uint8Array;
  /** System messages in mid-conversation become the user's, marked: the model takes none. */
  readonly plainTurns: boolean;
}

/**
 * Whether a body must be rid of system messages in mid-conversation before it is sent to a target.
 * @returns true also for some bodies without any: only the bytes are searched
 */
export function needsPlainTurns(format: Format, target: Target, body: Buffer): boolean {
  const { systemTurns } = formatFacts[format].passthrough;
  return (
    systemTurns !== undefined && !systemTurns.taken(target) && systemTurns.marks.some((mark) => body.includes(mark))
  );
}

/** The body printed anew without what its provider would refuse. @throws GatewayError bad_json */
export function sanitizePassthrough({ format, body, plainTurns }: SanitizeTask): Uint8Array {
  const facts = formatFacts[format].passthrough;
  const kept = facts.withoutEnvelopes(parseToPrint(body));
  return bytesOf(plainTurns && facts.systemTurns !== undefined ? facts.systemTurns.asUser(kept) : kept);
}
