// What can be said of an application key: the same in `keys.<label>` and in the bodies of `/admin/keys`.

import * as z from 'zod';
import { periods } from './calendar';
import { modelForm, momentForm, nameForm, userForm } from './forms';
import {
  amountShape,
  budgetSchema,
  measuresOf,
  minuteRules,
  refuseRepeats,
  type WrittenRule,
  writtenRules,
} from './limitRule';

const nameAmount = { error: 'must name one of tokens, usd and requests' };
const nameOneAmount = { error: 'must name exactly one of tokens, usd and requests' };

const perMinute = z.int().min(1).max(1_000_000_000);

const keyShape = {
  user: userForm.optional().describe('Whose budget the key uses. Default: its own.'),
  tags: z.array(nameForm).max(16).optional().describe('Tags its requests carry, for reports and `quota.tags`.'),
  quota: budgetSchema.optional().describe('A ceiling of the key’s own, beside the user’s.'),
  models: z
    .array(modelForm)
    .min(1)
    .max(200)
    .optional()
    .describe('The only models that answer it, named by itself or chosen by a route. Default: all.'),
  routes: z
    .array(nameForm)
    .min(1)
    .max(200)
    .optional()
    .describe('The only routes it may name; models by their own names only where `models` lists them. Default: all.'),
  expires_at: momentForm
    .optional()
    .describe('The moment it stops working, such as `2027-01-31T00:00:00Z`. Default: never.'),
  rpm: perMinute.optional().describe('Short for `{requests: N, per: minute}`.'),
  tpm: perMinute.optional().describe('Short for `{tokens: N, per: minute}`.'),
  parallel: z.int().min(1).max(100_000).optional().describe('Requests at once.'),
  note: z
    .string()
    .trim()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Words of your own, such as whose machine it is on. Shown with the key, and used for nothing.'),
};

/** Hours that the old secret of a key goes on, at most. */
const longestGrace = 2_160;
const graceHours = z.number().min(0).max(longestGrace);

const label = z.string().trim().min(1).max(200).describe('What the key is called in lists, logs and refusals.');

/** The body of `POST /admin/keys`. */
export const keyBodySchema = z.strictObject({ label, ...keyShape }).superRefine(refuseRepeatedLimits);
/** What the body says, checked. */
export type KeyBody = z.output<typeof keyBodySchema>;

/** What `PATCH /admin/keys/{id}` changes of limits beside the settings, also of keys of the configuration. */
const adjustmentShape = {
  top_up: z
    .strictObject(amountShape)
    .refine((amounts) => measuresOf(amounts).length > 0, nameAmount)
    .optional(),
  override: z
    .strictObject({ ...amountShape, per: z.enum(periods).optional(), until: momentForm })
    .refine((override) => measuresOf(override).length === 1, nameOneAmount)
    .nullable()
    .optional(),
};

/** The body of `PATCH /admin/keys/{id}`: what is absent stays, `null` takes away. */
export const keyChangeSchema = z
  .strictObject({
    label: label.optional(),
    user: keyShape.user.nullable(),
    tags: keyShape.tags.nullable(),
    quota: keyShape.quota.nullable(),
    models: keyShape.models.nullable(),
    routes: keyShape.routes.nullable(),
    expires_at: keyShape.expires_at.nullable(),
    rpm: keyShape.rpm.nullable(),
    tpm: keyShape.tpm.nullable(),
    parallel: keyShape.parallel.nullable(),
    note: keyShape.note.nullable(),
    ...adjustmentShape,
  })
  .superRefine(refuseRepeatedLimits);
/** What that body says, checked. */
export type KeyChange = z.output<typeof keyChangeSchema>;

/** The body of `POST /admin/keys/{id}/rotate`. */
export const rotationSchema = z.strictObject({ grace_hours: graceHours.default(0) });

/** A key of `keys.<label>`. */
export const configuredKeySchema = z
  .strictObject({
    ...keyShape,
    generation: z
      .int()
      .min(1)
      .default(1)
      .describe(
        'Raise it to replace the secret; with `sha256`, write the new hash too. It also lifts a revocation through `DELETE /admin/keys/{id}`.',
      ),
    grace_hours: graceHours
      .default(24)
      .describe(
        'Hours that the old secret goes on after `generation` was raised; its answers carry `x-ovth-old-key`. `0`: it stops at once. A revoked one has none.',
      ),
    renamed_from: nameForm
      .optional()
      .describe('The label it had before: secret and counters stay. Without it, another label is another key.'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
      .optional()
      .describe(
        'Hash of the key, which may have any form of 32 characters or more. The deploy program fills it in; by hand: `printf %s "$KEY" | sha256sum`.',
      ),
  })
  .superRefine(refuseRepeatedLimits);

// ---

type KeyLimits = { readonly [name in 'quota' | 'rpm' | 'tpm']?: KeyBody[name] | null };

/** `quota` refuses repeats among its own limits; here `rpm` and `tpm` are held against them. */
function refuseRepeatedLimits({ quota, rpm, tpm }: KeyLimits, context: z.RefinementCtx): void {
  const short = minuteRules({ rpm, tpm });
  for (const { path, rule } of writtenRules(quota ?? undefined)) {
    const long: WrittenRule = { path: ['quota', ...path], rule };
    for (const each of short) refuseRepeats([each, long], context);
  }
}
