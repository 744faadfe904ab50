// Budgets that hold for everybody, for single users and for tags.

import * as z from 'zod';
import { nameForm } from './forms';
import { budgetSchema, budgetShape, refuseRepeats, writtenRules } from './limitRule';

/** Output tokens reserved for a request that names no maximum, where `quota.default_output_tokens` says nothing else. */
export const defaultOutputTokens = 4_096;

/** The setting `quota`. */
export const quotaSchema = z
  .strictObject({
    daily_tokens: budgetShape.daily_tokens.describe(
      'Tokens a day for each user, or for all together; resets at 00:00 UTC. Unlimited when absent. Short for `limits: [{tokens: N, per: day}]`.',
    ),
    limits: budgetShape.limits.describe(
      'Limits for each user, or for all together, that hold together; each has exactly one of `tokens`, `usd` and `requests`.',
    ),
    per_user: z
      .boolean()
      .default(true)
      .describe(
        '`true`: each user (a key’s `user`, else the key itself) has this budget. `false`: one pool for everybody.',
      ),
    users: z
      .record(z.string().min(1).max(200), budgetSchema)
      .default({})
      .describe('Budgets of single users, instead of `daily_tokens` and `limits`.'),
    tags: z
      .record(nameForm, budgetSchema)
      .default({})
      .describe('Budgets of tags: all keys that carry the tag share one.'),
    count: z
      .enum(['weighted', 'raw'])
      .default('weighted')
      .describe('`weighted`: a cached input token counts 0.1. `raw`: it counts 1. Both figures are reported.'),
    default_output_tokens: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(defaultOutputTokens)
      .describe('Output tokens reserved for a request that names no maximum (less if less is left).'),
  })
  .superRefine((quota, context) => {
    refuseRepeats(writtenRules(quota), context);
  });
