// What each failure of a target says of it: whether others may do better, and whether it is healthy.

import type { ErrorCode, GatewayError } from '../core/errors';

/** What a failure says of its target. */
export interface FailureCause {
  /** The targets that may do better. */
  readonly moves: 'any' | 'larger';
  /** It counts against the target. */
  readonly counts: boolean;
  /** Milliseconds that the target rests at once; it is its operator's to mend, and every request would fail the same way. */
  readonly restMs?: number;
}

const providers: FailureCause = { moves: 'any', counts: true };
const operatorsRestMs = 60_000;

/** Codes of failures that are not the client's own mistake. */
export const failureCauses: Partial<Record<ErrorCode, FailureCause>> = {
  prompt_too_long: { moves: 'larger', counts: false },
  body_too_large: { moves: 'larger', counts: false },
  upstream_unreachable: providers,
  upstream_timeout: providers,
  upstream_error: providers,
  upstream_overloaded: providers,
  upstream_rate_limited: providers,
  upstream_garbage: providers,
  upstream_died: providers,
  upstream_allowance: { moves: 'any', counts: false },
  upstream_forbidden: { ...providers, restMs: operatorsRestMs },
  upstream_credential: { ...providers, restMs: operatorsRestMs },
  // A host that lacks one path of its API serves the others.
  no_capable_target: { moves: 'any', counts: false },
  unknown_model: { ...providers, restMs: operatorsRestMs },
};

/** Whether a failure is the operator's to mend: a credential, a credit, a region, and not a model's name, which clients choose. */
export function isOperators({ code }: GatewayError): boolean {
  return failureCauses[code]?.restMs !== undefined && code !== 'unknown_model';
}
