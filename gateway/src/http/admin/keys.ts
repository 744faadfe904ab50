// Application keys for the administration: mint, list, change, rotate, revoke. What is asked for is checked field by field.

import { hash } from 'node:crypto';
import type { z } from 'zod';
import { keyHint, mintKey } from '../../../../config/appKey';
import { unknownNames } from '../../../../config/checkKeys';
import { keyBodySchema, type KeyChange, keyChangeSchema, rotationSchema } from '../../../../config/keySettings';
import type { Config } from '../../../../config/load';
import { overrideChanges, topUpChanges } from '../../accounting/adjustments';
import type { KeyDirectory } from '../../accounting/keyDirectory';
import { changedLimits, momentOf, newKey, repeatedShort, settingsOf } from '../../accounting/keyRow';
import { limitWindows, type QuotaLimit, quotaLimitsOf } from '../../accounting/quota';
import { GatewayError } from '../../core/errors';
import { newId } from '../../core/ids';
import type { Act, LimitChange } from '../../storage/administration';
import type { KeyRow } from '../../storage/rows';
import type { Storage } from '../../storage/storage';
import { checkBody, refusedBody } from './body';
import { describeKeys, describeNewKey } from './keyViews';
import { doOnce, onceOf } from './once';

/** Who does something, and from where. */
export type Doer = Pick<Act, 'credential' | 'address'>;

export interface KeyAdmin {
  /** The only answer that ever holds the key itself. @throws GatewayError bad_request, bad_json */
  mint(body: Buffer, by: Doer): Promise<object>;
  list(): Promise<object>;
  /** @throws GatewayError not_found */
  show(id: string): Promise<object>;
  /**
   * Of a key of the configuration `top_up` and `override` alone.
   * @param idempotencyKey the header: what was done with it before is not done again
   * @throws GatewayError not_found, bad_request, bad_json, idempotency_key_reused
   */
  change(id: string, body: Buffer, by: Doer, idempotencyKey: string | undefined): Promise<object>;
  /**
   * A new secret for the same key: id, user and counters stay; the old secret stops at once, or after the grace that the body
   * names. @throws GatewayError not_found, bad_request, bad_json
   */
  rotate(id: string, body: Buffer, by: Doer): Promise<object>;
  /** One of the configuration stays revoked until its generation is raised there. @throws GatewayError not_found */
  revoke(id: string, by: Doer): Promise<object>;
}

export interface KeyAdminParts {
  readonly storage: Pick<Storage, 'putKeys' | 'changeKey' | 'contentsOfAct' | 'usageOfKeys' | 'usesOfKeys' | 'budgets'>;
  readonly directory: KeyDirectory;
  readonly config: () => Config;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The administration of keys. Changes hold at once in this process, and within a second in others on the same ledger. */
export function openKeyAdmin({ storage, directory, config, now }: KeyAdminParts): KeyAdmin {
  const views = (rows: readonly KeyRow[]) => describeKeys(rows, storage, config().settings.quota, now());
  const view = async (row: KeyRow): Promise<object> => (await views([row]))[0] ?? {};
  const find = (id: string) => findKey(id, directory);
  const warnings = (asked: WarnedOf) => warningsOf(asked, config(), now());
  const act = (action: string, by: Doer): Act => ({ at: now(), ...by, action });
  // Only what changes is written, onto the key as it stands then: another process may have rotated or revoked it meanwhile.
  const save = async (id: string, change: Partial<KeyRow>, more: MoreOfChange): Promise<object> => {
    const row = await storage.changeKey(id, change, more);
    await directory.refresh();
    return view(row ?? (await find(id)));
  };
  const limitChanges = (row: KeyRow, change: KeyChange) =>
    limitChangesOf(quotaLimitsOf(row, config().settings.quota, now()), change, storage, now());
  return {
    async mint(body, by) {
      const secret = mintKey();
      const asked = checkBody(keyBodySchema, body, keyExample);
      const row = keyRow(asked, secret, now());
      await storage.putKeys([row], act('key.mint', by));
      await directory.refresh();
      const shown = await describeNewKey(directory.byId(row.id) ?? row, storage, config().settings.quota, now());
      return { key: secret, ...shown, ...warnings(asked) };
    },
    async list() {
      await directory.refresh();
      return { object: 'list', data: await views(directory.all()) };
    },
    show: async (id) => view(await find(id)),
    async change(id, body, by, idempotencyKey) {
      const row = await find(id);
      if (row.source === 'config' && !asksForLimitsAlone(body)) throw notHere(row);
      const asked = checkBody(keyChangeSchema, body, keyExample);
      const once = onceOf(idempotencyKey, id, asked, now());
      const answer = await doOnce({ storage, once, repeated: () => view(row) }, async () => {
        const change = keyChange(row, asked);
        const limits = await limitChanges({ ...row, ...change }, asked);
        return save(id, change, { limits, act: { ...act('key.change', by), once } });
      });
      return { ...answer, ...warnings(asked) };
    },
    async rotate(id, body, by) {
      const row = await find(id);
      if (row.source === 'config') throw notHere(row);
      const { grace_hours } = checkBody(rotationSchema, body, '{"grace_hours":24}');
      if (row.revoked_at !== null)
        throw new GatewayError('bad_request', { message: `Key "${row.label}" is revoked; mint a new one.` });
      const secret = mintKey();
      const saved = await save(id, rotation(row, secret, grace_hours, now()), { act: act('key.rotate', by) });
      return { key: secret, ...saved };
    },
    async revoke(id, by) {
      const row = await find(id);
      // One that has left the configuration, and so has ended, does not return with it once it is revoked.
      if (row.revoked_at !== null && row.revoked_generation === row.generation) return view(row);
      const change = { revoked_at: row.revoked_at ?? now(), revoked_generation: row.generation };
      return save(id, change, { act: act('key.revoke', by) });
    },
  };
}

// ---

function keyRow(asked: z.output<typeof keyBodySchema>, secret: string, now: number): KeyRow {
  return {
    ...newKey,
    ...settingsOf(asked),
    id: newId('key', now),
    sha256: hash('sha256', secret),
    hint: keyHint(secret),
    label: asked.label,
    source: 'admin',
    created_at: now,
  };
}

function keyChange({ limits }: KeyRow, change: KeyChange): Partial<KeyRow> {
  const { label, user, tags, quota, models, routes, expires_at, rpm, tpm, parallel, note } = change;
  const list = (values: readonly string[] | null) => (values === null ? null : JSON.stringify(values));
  const limited = quota !== undefined || rpm !== undefined || tpm !== undefined;
  return {
    ...(label === undefined ? {} : { label }),
    ...(user === undefined ? {} : { user }),
    ...(tags === undefined ? {} : { tags: list(tags) ?? '[]' }),
    ...(limited ? { limits: limitsAfter(limits, change) } : {}),
    ...(models === undefined ? {} : { models: list(models) }),
    ...(routes === undefined ? {} : { routes: list(routes) }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(expires_at === undefined ? {} : { expires_at: momentOf(expires_at) }),
    ...(note === undefined ? {} : { note }),
  };
}

interface MoreOfChange {
  readonly limits?: readonly LimitChange[];
  readonly act: Act;
}

type WarnedOf = Pick<KeyChange, 'models' | 'routes' | 'expires_at'>;

// What the configuration would refuse of a key: here the route or model may come with the next one.
function warningsOf(asked: WarnedOf, { settings }: Config, now: number): { readonly warnings?: readonly string[] } {
  const warnings = unknownNames('', asked, settings).map(({ path, message }) => `${path}: ${message}`);
  const end = momentOf(asked.expires_at ?? undefined);
  if (end !== null && end <= now) warnings.push('expires_at: has passed; the key works no more.');
  return warnings.length === 0 ? {} : { warnings };
}

// What stays of a key and what changes may limit the same: both would count each request, which then counts twice.
function limitsAfter(limits: string, change: KeyChange): string {
  const changed = changedLimits(limits, change);
  const short = repeatedShort(changed);
  if (short === undefined) return changed;
  const [field, other] = change[short] == null ? ['quota.limits', short] : [short, 'quota.limits'];
  throw refusedBody(
    field,
    `must not limit the same per minute as the key's ${other}; keep one, and set the other to null.`,
    keyExample,
  );
}

async function findKey(id: string, directory: KeyDirectory): Promise<KeyRow> {
  await directory.refresh();
  const row = directory.byId(id);
  if (row === undefined)
    throw new GatewayError('not_found', {
      message: `There is no key "${id.slice(0, 60)}". GET /admin/keys lists them.`,
    });
  return row;
}

function notHere(row: KeyRow): GatewayError {
  return new GatewayError('bad_request', {
    message: `Key "${row.label}" is kept in the configuration (keys.${row.label}); change it there, and raise keys.${row.label}.generation for a new secret. Here it takes "top_up" and "override"; DELETE revokes it.`,
  });
}

// A body that is no object is refused by its check.
function asksForLimitsAlone(body: Buffer): boolean {
  try {
    const names = Object.keys(JSON.parse(body.toString('utf8')) as object);
    return names.every((name) => name === 'top_up' || name === 'override');
  } catch {
    return true;
  }
}

async function limitChangesOf(
  limits: readonly QuotaLimit[],
  { top_up, override }: KeyChange,
  storage: Pick<Storage, 'budgets'>,
  now: number,
): Promise<LimitChange[]> {
  const changes = top_up === undefined ? [] : topUpChanges(limits, top_up);
  if (override === undefined) return changes;
  if (override !== null) return [...changes, ...overrideChanges(limits, override, now)];
  const own = limits.filter(({ subject }) => subject.kind === 'key' || subject.kind === 'user');
  const budgets = await storage.budgets(limitWindows(own));
  const ended = own.filter((_, i) => (budgets[i]?.adjustment?.override ?? null) !== null);
  return [...changes, ...ended.map(({ id }) => ({ id, override: null }))];
}

function rotation(row: KeyRow, secret: string, graceHours: number, now: number): Partial<KeyRow> {
  const previous =
    graceHours === 0
      ? { previous_sha256: null, previous_until: null }
      : { previous_sha256: row.sha256, previous_until: Math.ceil(now + graceHours * hourMs) };
  return { sha256: hash('sha256', secret), hint: keyHint(secret), rotated_at: now, ...previous };
}

const hourMs = 3_600_000;

const keyExample = '{"label":"cursor","user":"ada","quota":{"daily_tokens":100000}}';
