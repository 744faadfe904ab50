// Where an answer stands among the targets of its request, for those who pass it on.

import type { GatewayError } from '../core/errors';

export interface AnswerTurn {
  /** Another target may be tried, so that nothing is sent to the client before the answer's first content. */
  readonly held: boolean;
  /** The answer failed before anything of it was sent. True where another target is tried: this answer is to be dropped. */
  moveOn(failure: GatewayError): Promise<boolean>;
  /** The target has answered. Only the first call counts. */
  succeeded(): void;
}
