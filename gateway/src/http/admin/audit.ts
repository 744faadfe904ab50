// The audit: every administrative act, with who did it and what it changed.

import type { LimitRule, Measure } from '../../../../config/limitRule';
import type { AuditRow, Change, LimitAdjustment } from '../../storage/administration';
import type { Reports } from '../../storage/reports';
import { numberIn, requireKnown } from './query';

export interface AuditAdmin {
  /** Acts, newest first. @throws GatewayError bad_request */
  list(query: URLSearchParams): Promise<object>;
}

const rowsByDefault = 100;
const mostRows = 1_000;

/** The administration of the audit. */
export function openAuditAdmin(reports: Pick<Reports, 'audit'>): AuditAdmin {
  return {
    async list(query) {
      requireKnown(query, ['subject', 'limit', 'cursor']);
      const count = numberIn(query, 'limit', mostRows) ?? rowsByDefault;
      const place = numberIn(query, 'cursor', Number.MAX_SAFE_INTEGER);
      const { rows, reached } = await reports.audit(query.get('subject') ?? undefined, place, count);
      return {
        object: 'list',
        data: rows.map(describe),
        has_more: reached !== undefined,
        next_cursor: reached === undefined ? null : String(reached),
      };
    },
  };
}

// ---

function describe({ at, credential, address, action, subject, change }: AuditRow): object {
  const { before, after } = JSON.parse(change) as Change;
  return {
    object: 'act',
    at: momentOf(at),
    credential,
    address,
    action,
    subject,
    before: before === null ? null : readable(before),
    after: readable(after),
  };
}

// As `GET /admin/keys` says it: lists as lists, moments as ISO dates, nano-USD as dollars.
function readable(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, readableValue(name, value)]));
}

function readableValue(name: string, value: unknown): unknown {
  if (value === null) return null;
  if (/_(?:at|until)$/.test(name)) return momentOf(value as number);
  if (name === 'limits_changed') return readableLimits(value as Record<string, LimitAdjustment>);
  if (name === 'limits')
    return (JSON.parse(value as string) as LimitRule[]).map(({ measure, amount, per, enforce }) => ({
      [measure]: shown(measure, amount),
      per,
      enforce,
    }));
  return lists.has(name) ? (JSON.parse(value as string) as unknown) : value;
}

const lists: ReadonlySet<string> = new Set(['tags', 'models', 'routes', 'scopes']);

// A limit's id ends with its measure and its period.
function readableLimits(limits: Readonly<Record<string, LimitAdjustment>>): object {
  return Object.fromEntries(
    Object.entries(limits).map(([id, { toppedUp, override }]) => {
      const measure = (id.split(' ').at(-2) ?? 'tokens') as Measure;
      const instead =
        override === null ? null : { [measure]: shown(measure, override.amount), until: momentOf(override.until) };
      return [id, { topped_up: shown(measure, toppedUp), override: instead }];
    }),
  );
}

function shown(measure: Measure, amount: number): number {
  return measure === 'usd' ? amount / 1e9 : amount;
}

function momentOf(at: number): string {
  return new Date(at).toISOString();
}
