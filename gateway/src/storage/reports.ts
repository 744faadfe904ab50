// What reads for people ask: requests by filters and pages, use by groups.

import type { AuditPage } from './administration';
import type { BudgetCounters, LimitWindow } from './entries';
import type { RequestRow } from './rows';

/** Use summed over rows: of a key's day, for example. */
export interface UsageSum {
  readonly requests: number;
  readonly counted: number;
  readonly raw: number;
  readonly cost: number;
}

/** Rows that one read looks at, so that none takes long. */
export const rowsPerRead = 20_000;

/** Which settled requests; what is absent does not matter. */
export interface RequestFilter {
  readonly key?: string;
  readonly user?: string;
  readonly model?: string;
  readonly outcome?: string;
  readonly status?: number;
  readonly session?: string;
  readonly client?: string;
  readonly address?: string;
  /** Only those that a shadow limit would have refused. */
  readonly shadowed?: true;
  /** Requests that began in [from, to), milliseconds since 1970. */
  readonly from?: number;
  readonly to?: number;
}

/** A part of the ledger, read from its end. */
export interface RequestPage {
  /** Newest first. */
  readonly rows: readonly RequestRow[];
  /**
   * Place in the ledger of the oldest row that was looked at; undefined where its beginning was reached, or no row before it
   * began late enough.
   */
  readonly reached: number | undefined;
}

/** What use can be grouped by. Hours, days and months are in UTC. */
export const usageDimensions = [
  'key', 'user', 'tag', 'route', 'provider', 'account', 'model', 'client', 'session', 'address', 'hour', 'day', 'month',
] as const; // prettier-ignore
export type UsageDimension = (typeof usageDimensions)[number];

/** Which use, and how it is summed. */
export interface UsageQuery {
  readonly groupBy: readonly UsageDimension[];
  /** Only that of one key, user or session. */
  readonly key?: string;
  readonly user?: string;
  readonly session?: string;
  /**
   * Of requests that began in [from, to), milliseconds since 1970. Use is kept by the hour: every hour that this touches
   * counts whole, but where it is read from rows.
   */
  readonly from: number;
  readonly to: number;
  /** Read from the rows, to the millisecond, as are sessions and addresses where no sums of days do. Pruned rows are not counted. */
  readonly exact?: boolean;
}

/** Whether use is read from the rows of requests, or from sums that go with them. */
export function isFromRows({ groupBy, session, exact }: Pick<UsageQuery, 'groupBy' | 'session' | 'exact'>): boolean {
  return exact === true || session !== undefined || groupBy.includes('session') || groupBy.includes('address');
}

/** Sums: tokens, and nano-USD. */
export interface UsageAmounts {
  requests: number;
  /** Of them those that failed. */
  errors: number;
  input: number;
  cache_read: number;
  cache_write: number;
  output: number;
  reasoning: number;
  searches: number;
  /** Tokens as quotas count them. */
  counted: number;
  raw: number;
  cost: number;
  /** What it would have cost without a cache, and at the dearest candidates. */
  uncached: number;
  dearest_cost: number;
}

/** Sums of one group, with its names; what a request does not have is the empty text. */
export type UsageGroup = UsageAmounts & { [dimension in UsageDimension]?: string };

/** What reads for people ask; answered beside the writer and never in its way. */
export interface Reports {
  requestById(id: string): Promise<RequestRow | undefined>;
  /** Rates that rows were priced at: their id → their JSON. Ids that are not known are absent. */
  rates(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /**
   * Settled requests before a place in the ledger that match.
   * @param before a place that an earlier page reached; undefined for the end
   * @param count rows at most. Fewer do not mean that there are no more: a call looks at so many rows only (`rowsPerRead`)
   */
  requests(filter: RequestFilter, before: number | undefined, count: number): Promise<RequestPage>;
  /** Use by group, in no order; without a group, one sum of all. A request with several tags stands in the group of each. */
  usage(query: UsageQuery): Promise<readonly UsageGroup[]>;
  /**
   * What each key used in requests that began in the hours that [from, to) touches, and what its open requests hold (tokens).
   * Keys without either are absent.
   */
  usageOfKeys(from: number, to: number): Promise<ReadonlyMap<string, UsageSum & { readonly reserved: number }>>;
  /**
   * Spent and reserved of limits. A limit that no request has come under yet is summed as it would begin: spent is what its
   * subject used in the hours since its window began, with what its open requests of that window hold; windows that begin
   * within an hour (minutes) count only the latter.
   */
  budgets(limits: readonly LimitWindow[]): Promise<readonly BudgetCounters[]>;
  /** When each key was used last; keys that never were are absent. */
  usesOfKeys(): Promise<ReadonlyMap<string, KeyUse>>;
  /**
   * What the administration did, before a place in the audit.
   * @param subject the id of a key or credential; undefined: all
   * @param before a place that an earlier page reached; undefined for the end
   */
  audit(subject: string | undefined, before: number | undefined, count: number): Promise<AuditPage>;
}

/** When a key was admitted last, in whole minutes: milliseconds since 1970. */
export interface KeyUse {
  readonly last_used_at: number;
  /** The same with a secret that was replaced; null where none was used. */
  readonly old_secret_used_at: number | null;
}
