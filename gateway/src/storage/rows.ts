// What is kept: settled requests, and application keys.

import type { Usage } from '../core/usage';

/** How a request ended. */
export type Outcome = 'ok' | 'error' | 'client_gone' | 'upstream_died' | 'over_quota' | 'crashed';

/**
 * One settled request. It is written once and never changed; a later truth is a row of kind `correction`. Amounts are
 * integers: tokens, nano-USD, milliseconds since 1970.
 */
export interface RequestRow {
  readonly id: string;
  readonly instance: string;
  readonly kind: 'request' | 'crash' | 'correction';
  /** The row that a correction corrects; its amounts are differences. */
  readonly corrects: string | null;
  readonly key: string;
  readonly user: string | null;
  /** JSON list of texts. */
  readonly tags: string;
  readonly session: string | null;
  /** The client program, from its user agent. */
  readonly client: string | null;
  /** The end user that the body names. For reports only. */
  readonly end_user: string | null;
  readonly address: string | null;
  readonly app_title: string | null;
  /** The route that was asked for; null for a model named directly. */
  readonly route: string | null;
  /** The model name as requested. */
  readonly requested: string;
  readonly provider: string;
  readonly account: string;
  /** The model that answered, or would have. */
  readonly model: string;
  readonly wire_in: string;
  readonly wire_out: string | null;
  readonly stream: 0 | 1;
  readonly started_at: number;
  readonly first_byte_at: number | null;
  readonly first_token_at: number | null;
  readonly ended_at: number;
  /** HTTP status as the client saw it, or as the failure in its stream says. */
  readonly status: number;
  readonly outcome: Outcome;
  readonly error: string | null;
  /** JSON list of `Attempt`. */
  readonly attempts: string;
  readonly input_estimate: number;
  readonly max_output: number | null;
  /** JSON list of capabilities. */
  readonly needs: string;
  readonly prefix_hash: string | null;
  readonly input: number;
  readonly cache_read: number;
  readonly cache_write_5m: number;
  readonly cache_write_1h: number;
  /** Includes reasoning. */
  readonly output: number;
  readonly reasoning: number;
  readonly audio: number;
  readonly searches: number;
  /** Tokens as quotas count them. */
  readonly counted: number;
  /** All tokens, each counting one. */
  readonly raw: number;
  readonly cost: number;
  /** The cost that the provider itself told, where one does. */
  readonly provider_cost: number | null;
  /** Id of the rates that `cost` was computed with. */
  readonly rates: string;
  /** Nobody reported this usage: it is our estimate. */
  readonly estimated: 0 | 1;
  /** JSON list of the fields that the target could not carry. */
  readonly dropped: string;
  /** JSON list of the shadow limits that would have refused it. */
  readonly shadowed: string;
  /** Nano-USD of the same tokens if none had been cached. */
  readonly uncached: number;
  /** The dearest target that could have taken it; null where there was no choice. */
  readonly dearest: string | null;
  /** Id of that target's rates. */
  readonly dearest_rates: string | null;
  /** Nano-USD of the same tokens there; `cost` where there was no choice. */
  readonly dearest_cost: number;
  /** Of this row and, through it, of all that its instance settled before: see `sqlite/chainHash.ts`. Null until it is kept. */
  readonly hash: string | null;
}

/** One try at one target. */
export interface Attempt {
  readonly target: string;
  readonly account: string;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly cause?: string;
  readonly ms: number;
  /** What an answer used that failed and was dropped, as its provider reported it, and its nano-USD: the row's sums hold both. */
  readonly usage?: Usage;
  readonly cost?: number;
}

/** An application key. The secret itself is never kept. */
export interface KeyRow {
  readonly id: string;
  /** Lower-case hex of the secret's SHA-256. */
  readonly sha256: string;
  /** The secret before the last rotation, while it still works. */
  readonly previous_sha256: string | null;
  readonly previous_until: number | null;
  readonly hint: string;
  readonly label: string;
  /** Whose budget it uses; null: its own. */
  readonly user: string | null;
  /** JSON list of texts. */
  readonly tags: string;
  /** JSON list of `LimitRule`. */
  readonly limits: string;
  /** JSON list of the only models and of the only routes it may use; null: all. */
  readonly models: string | null;
  readonly routes: string | null;
  readonly parallel: number | null;
  readonly expires_at: number | null;
  /** The operator's own words. */
  readonly note: string | null;
  readonly source: 'admin' | 'config';
  /** Of a key of the configuration: its `generation` when it was last brought in. */
  readonly generation: number | null;
  /** Its generation when it was revoked through the administration, which holds until it is brought in with a later one. */
  readonly revoked_generation: number | null;
  readonly created_at: number;
  readonly rotated_at: number | null;
  readonly revoked_at: number | null;
}
