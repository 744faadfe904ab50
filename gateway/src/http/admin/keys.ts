// Application keys for the administration: mint, list, change, rotate, revoke. What is asked for is checked field by field.

import { hash } from 'node:crypto';
import type { z } from 'zod';
import { keyHint, mintKey } from '../../../../config/appKey';
import { keyBodySchema, type KeyChange, keyChangeSchema, rotationSchema } from '../../../../config/keySettings';
import type { Config } from '../../../../config/load';
import { unservedProblems } from '../../../../config/served';
import { changedLimits, type KeyDirectory, momentOf, newKey, repeatedShort, settingsOf } from '../../accounting/keys';
import { GatewayError } from '../../core/errors';
import { newId } from '../../core/ids';
import type { KeyRow, Storage } from '../../storage/storage';
import { describeKeys } from './keyViews';

export interface KeyAdmin {
  /** The only answer that ever holds the key itself. @throws GatewayError bad_request, bad_json */
  mint(body: Buffer): Promise<object>;
  list(): Promise<object>;
  /** @throws GatewayError not_found */
  show(id: string): Promise<object>;
  /** @throws GatewayError not_found, bad_request, bad_json */
  change(id: string, body: Buffer): Promise<object>;
  /**
   * A new secret for the same key: id, user and counters stay; the old secret stops at once, or after the grace that the body
   * names. @throws GatewayError not_found, bad_request, bad_json
   */
  rotate(id: string, body: Buffer): Promise<object>;
  /** One of the configuration stays revoked until its generation is raised there. @throws GatewayError not_found */
  revoke(id: string): Promise<object>;
}

export interface KeyAdminParts {
  readonly storage: Pick<Storage, 'putKeys' | 'changeKey' | 'usageOfKeys' | 'budgets'>;
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
  const changeable = async (id: string) => requireChangeable(await find(id));
  // Only what changes is written, onto the key as it stands then: another process may have rotated or revoked it meanwhile.
  const save = async (id: string, change: Partial<KeyRow>): Promise<object> => {
    const row = await storage.changeKey(id, change);
    await directory.refresh();
    return view(row ?? (await find(id)));
  };
  return {
    async mint(body) {
      const secret = mintKey();
      const row = keyRow(check(keyBodySchema, body), secret, now());
      await storage.putKeys([row]);
      await directory.refresh();
      return { key: secret, ...(await view(directory.byId(row.id) ?? row)) };
    },
    async list() {
      await directory.refresh();
      return { object: 'list', data: await views(directory.all()) };
    },
    show: async (id) => view(await find(id)),
    async change(id, body) {
      const row = await changeable(id);
      return save(id, keyChange(row, check(keyChangeSchema, body)));
    },
    async rotate(id, body) {
      const row = await changeable(id);
      const { grace_hours } = check(rotationSchema, body, '{"grace_hours":24}');
      if (row.revoked_at !== null)
        throw new GatewayError('bad_request', { message: `Key "${row.label}" is revoked; mint a new one.` });
      const secret = mintKey();
      const sha256 = hash('sha256', secret);
      const rotated_at = now();
      const previous =
        grace_hours === 0
          ? { previous_sha256: null, previous_until: null }
          : { previous_sha256: row.sha256, previous_until: Math.ceil(rotated_at + grace_hours * hourMs) };
      return { key: secret, ...(await save(id, { sha256, hint: keyHint(secret), rotated_at, ...previous })) };
    },
    async revoke(id) {
      const row = await find(id);
      // One that has left the configuration, and so has ended, does not return with it once it is revoked.
      if (row.revoked_at !== null && row.revoked_generation === row.generation) return view(row);
      return save(id, { revoked_at: row.revoked_at ?? now(), revoked_generation: row.generation });
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
  const { label, user, tags, quota, models, routes, expires_at, rpm, tpm, parallel } = change;
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
  };
}

// What stays of a key and what changes may limit the same: both would count each request, which then counts twice.
function limitsAfter(limits: string, change: KeyChange): string {
  const changed = changedLimits(limits, change);
  const short = repeatedShort(changed);
  if (short === undefined) return changed;
  const [field, other] = change[short] == null ? ['quota.limits', short] : [short, 'quota.limits'];
  throw refused(
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

function requireChangeable(row: KeyRow): KeyRow {
  if (row.source === 'config')
    throw new GatewayError('bad_request', {
      message: `Key "${row.label}" is kept in the configuration (keys.${row.label}); change it there, and raise keys.${row.label}.generation for a new secret. DELETE revokes it.`,
    });
  return row;
}

const hourMs = 3_600_000;

const keyExample = '{"label":"cursor","user":"ada","quota":{"daily_tokens":100000}}';

function check<S extends z.ZodType<object>>(schema: S, body: Buffer, example = keyExample): z.output<S> {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new GatewayError('bad_json', { message: `The body is not valid JSON. Example: ${example}`, cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const path = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join('.');
    throw refused(path, `${issue?.message ?? 'not valid'}.`, example);
  }
  const [unserved] = unservedProblems(parsed.data, 'keys.*');
  if (unserved !== undefined) throw refused(unserved.path, unserved.message, example);
  return parsed.data;
}

function refused(path: string, why: string, example: string): GatewayError {
  return new GatewayError('bad_request', {
    ...(path === '' ? {} : { field: path }),
    message: `${path === '' ? 'The body' : `"${path}"`}: ${why} Example: ${example}`,
  });
}
