// Administration: keys (mint, list, change, rotate, revoke) and the ledger's rows. What is asked for is checked field by field.

import { hash } from 'node:crypto';
import { z } from 'zod';
import { keyHint, mintKey } from '../../../../config/appKey';
import type { Config } from '../../../../config/load';
import { GatewayError } from '../../core/errors';
import { newId } from '../../core/ids';
import { quotaLimitsOf, dayOf, untilReset } from '../../accounting/quota';
import { emptyBudget, type KeyRow, type RequestRow, type Store } from '../../storage/sqlite/store';

const quota = z.strictObject({ daily_tokens: z.int().min(1).max(1_000_000_000_000) }).nullable();

const fields = {
  label: z.string().trim().min(1).max(200),
  user: z.string().trim().min(1).max(200).nullable(),
  quota,
};

const mintBody = z.strictObject({ label: fields.label, user: fields.user.optional(), quota: fields.quota.optional() });
const changeBody = z.strictObject({
  label: fields.label.optional(),
  user: fields.user.optional(),
  quota: fields.quota.optional(),
});

export interface Keys {
  /** The only answer that ever holds the key itself. @throws GatewayError bad_request, bad_json */
  mint(body: Buffer): object;
  list(): object;
  /** @throws GatewayError not_found */
  show(id: string): object;
  /** @throws GatewayError not_found, bad_request, bad_json */
  change(id: string, body: Buffer): object;
  /** A new secret for the same key: id, user and counters stay; the old secret stops at once. @throws GatewayError not_found */
  rotate(id: string): object;
  /** @throws GatewayError not_found */
  revoke(id: string): object;
}

export interface Requests {
  /** The newest rows of the ledger. */
  list(): object;
  /** @throws GatewayError not_found */
  show(id: string): object;
}

const newestRows = 100;

export function openRequests(store: Store): Requests {
  return {
    list: () => ({ object: 'list', data: store.lastRequests(newestRows).map(describeRequest) }),
    show(id) {
      const row = store.requestById(id);
      if (row === undefined)
        throw new GatewayError('not_found', { message: `There is no settled request "${id.slice(0, 60)}".` });
      return describeRequest(row);
    },
  };
}

/** @param changed called after every change, so that remembered keys are forgotten */
export function openKeys(store: Store, config: () => Config, now: () => number, changed: () => void): Keys {
  const find = (id: string): KeyRow => {
    const row = store.keyById(id);
    if (row === undefined)
      throw new GatewayError('not_found', {
        message: `There is no key "${id.slice(0, 60)}". GET /admin/keys lists them.`,
      });
    return row;
  };
  const own = (id: string): KeyRow => {
    const row = find(id);
    if (row.source === 'config')
      throw new GatewayError('bad_request', {
        message: `Key "${row.label}" is kept in the configuration (keys.${row.label}); change it there.`,
      });
    return row;
  };
  const view = (row: KeyRow) => describe(row, store, config(), now());
  const save = (row: KeyRow): object => {
    store.transaction(() => store.changeKey(row));
    changed();
    return view(row);
  };
  return {
    mint(body) {
      const asked = check(mintBody, body);
      const secret = mintKey();
      const row: KeyRow = {
        id: newId('key', now()),
        hint: keyHint(secret),
        label: asked.label,
        owner: asked.user ?? null,
        daily_tokens: asked.quota?.daily_tokens ?? null,
        source: 'admin',
        created_at: now(),
        rotated_at: null,
        revoked_at: null,
      };
      store.transaction(() => store.addKey(row, sha256(secret)));
      changed();
      return { key: secret, ...view(row) };
    },
    list: () => ({ object: 'list', data: store.allKeys().map(view) }),
    show: (id) => view(find(id)),
    change(id, body) {
      const row = own(id);
      const asked = check(changeBody, body);
      return save({
        ...row,
        label: asked.label ?? row.label,
        owner: asked.user === undefined ? row.owner : asked.user,
        daily_tokens: asked.quota === undefined ? row.daily_tokens : (asked.quota?.daily_tokens ?? null),
      });
    },
    rotate(id) {
      const row = own(id);
      if (row.revoked_at !== null)
        throw new GatewayError('bad_request', { message: `Key "${row.label}" is revoked; mint a new one.` });
      const secret = mintKey();
      store.transaction(() => store.replaceSecret(id, sha256(secret), keyHint(secret), now()));
      changed();
      return { key: secret, ...view(find(id)) };
    },
    revoke(id) {
      const row = own(id);
      return save({ ...row, revoked_at: row.revoked_at ?? now() });
    },
  };
}

// ---

function describeRequest(row: RequestRow) {
  const { started_at, ended_at, stream, estimated, cost, counted, raw, ...rest } = row;
  return {
    object: 'request',
    ...rest,
    started_at: new Date(started_at).toISOString(),
    ended_at: new Date(ended_at).toISOString(),
    stream: stream === 1,
    estimated: estimated === 1,
    tokens: counted,
    raw_tokens: raw,
    cost_usd: cost / 1e9,
  };
}

const sha256 = (secret: string) => Buffer.from(hash('sha256', secret), 'hex');

function check<T extends z.ZodType>(schema: T, body: Buffer): z.output<T> {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new GatewayError('bad_json', {
      message: 'The body is not valid JSON. Example: {"label":"cursor","quota":{"daily_tokens":100000}}',
      cause,
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join('.');
  throw new GatewayError('bad_request', {
    ...(path === '' ? {} : { field: path }),
    message: `${path === '' ? 'The body' : `"${path}"`}: ${issue?.message ?? 'not valid'}. Example: {"label":"cursor","user":"ada","quota":{"daily_tokens":100000}}`,
  });
}

function describe(row: KeyRow, store: Store, config: Config, now: number) {
  const day = dayOf(now);
  const spent = store.budget(`key:${row.id}`, day) ?? emptyBudget();
  const limits = quotaLimitsOf(row, config.settings.quota).flatMap((ceiling) => {
    if (ceiling.limit === undefined) return [];
    const budget = store.budget(ceiling.subject, day) ?? emptyBudget();
    return [
      {
        whose: ceiling.whose,
        daily_tokens: ceiling.limit,
        remaining: Math.max(0, ceiling.limit - budget.spent - budget.reserved),
      },
    ];
  });
  return {
    id: row.id,
    object: 'key',
    label: row.label,
    hint: row.hint,
    user: row.owner,
    quota: row.daily_tokens === null ? null : { daily_tokens: row.daily_tokens },
    source: row.source,
    created_at: new Date(row.created_at).toISOString(),
    rotated_at: row.rotated_at === null ? null : new Date(row.rotated_at).toISOString(),
    revoked_at: row.revoked_at === null ? null : new Date(row.revoked_at).toISOString(),
    today: {
      tokens: spent.spent,
      raw_tokens: spent.raw,
      reserved_tokens: spent.reserved,
      requests: spent.requests,
      cost_usd: spent.cost / 1e9,
    },
    limits,
    resets_at: new Date(now + untilReset(now)).toISOString(),
  };
}
