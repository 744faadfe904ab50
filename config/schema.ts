// Everything an operator may say, said once: the schema of config.yaml and of the `ovth:*` stack settings.
// Types are inferred from it; the tables of the documentation and the editors' schema are generated from it.

import * as z from 'zod';
import { configuredCredentialSchema } from './adminCredentials';
import { backupKeysSchema, deployShape } from './deploySettings';
import { modelForm, nameForm } from './forms';
import { httpSchema } from './httpSettings';
import { configuredKeySchema } from './keySettings';
import { limitNames, limitTable } from './limits';
import { providerKeySchema, providerSchema } from './providerSettings';
import { quotaSchema } from './quotaSettings';

const strategies = ['ordered', 'cheapest-capable', 'fastest', 'weighted'] as const;
/** How a route chooses among its candidates. */
export type Strategy = (typeof strategies)[number];

const route = z
  .strictObject({
    strategy: z
      .enum(strategies)
      .default('ordered')
      .describe(
        'How a target is chosen among the capable ones: in the order written, by the price of this request, by measured time to first byte, or by weight.',
      ),
    providers: z
      .array(nameForm)
      .min(1)
      .optional()
      .describe('Providers this route may use, in order of preference. Default: the providers of `models`, else all.'),
    models: z
      .array(modelForm)
      .min(1)
      .optional()
      .describe(
        'The candidates, in this order. Default: the current chat models of the providers; for `ordered` one default model each.',
      ),
    weights: z
      .record(z.string(), z.number().positive().max(1_000_000))
      .optional()
      .describe('For `weighted`: model → share. A model that is not named has weight 1.'),
    when_budget_used: z
      .record(z.string().regex(/^[1-9]\d?$|^100$/, 'must be a percentage from 1 to 100'), nameForm)
      .optional()
      .describe(
        'Percentage → another route that answers from there on: `{80: cheap}`. Of the key’s, its user’s, its tags’ and everybody’s limits by day, week, month or lifetime the one counts of which most is spent. Where the other route has nothing that can answer or that the key may use, this one goes on.',
      ),
    strict: z
      .boolean()
      .default(false)
      .describe(
        'Use only models that carry every field of a request, and refuse it (400) where none does, instead of dropping a field. Dropped fields are named in `x-ovth-dropped`.',
      ),
  })
  .describe('One name that clients may use as a model.');

const limits = z.strictObject(
  Object.fromEntries(
    limitNames.map((key) => {
      const limit = limitTable[key];
      return [
        key,
        z
          .int()
          .min(limit.min)
          .max(limit.max)
          .optional()
          .describe(`In ${limit.unit}, default ${limit.value}. ${limit.why}`),
      ];
    }),
  ) as Record<(typeof limitNames)[number], z.ZodOptional<z.ZodInt>>,
);

const storage = z.strictObject({
  durability: z
    .enum(['power_loss', 'process'])
    .default('power_loss')
    .describe(
      '`power_loss`: an admitted request and a booked spend survive a power cut. `process`: they survive a crash of the gateway, for less CPU.',
    ),
  keep_days: z
    .int()
    .min(1)
    .max(3_650)
    .default(90)
    .describe('Days the rows of single requests are kept. Daily totals stay.'),
});

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe line that is written.'),
});

const costs = z.strictObject({
  box_usd_per_month: z
    .number()
    .positive()
    .max(1_000_000)
    .optional()
    .describe(
      'What the machine itself costs a month, in USD, as its bill says: a line of each month in reports of use.',
    ),
});

/** What the gateway itself reads. */
const gatewayShape = {
  routes: z
    .record(nameForm, route)
    .default({})
    .describe('Route name → how it chooses. Clients use the name as a model.'),
  quota: quotaSchema.optional().describe('Budgets that hold for everybody. Unlimited when absent.'),
  providers: z
    .record(nameForm, providerSchema)
    .default({})
    .describe('Other hosts, or settings of the built-in providers `anthropic`, `openai`, `google`.'),
  keys: z
    .record(nameForm, configuredKeySchema)
    .default({})
    .describe('Application keys kept in the configuration: label → owner and ceiling.'),
  credentials: z
    .record(nameForm, configuredCredentialSchema)
    .default({})
    .describe(
      'Credentials that administer within their scopes: label → scopes and hash. More are minted under `/admin/credentials`.',
    ),
  http: httpSchema.prefault({}).describe('Who may reach the gateway over HTTP.'),
  storage: storage.prefault({}).describe('How the ledger is kept.'),
  costs: costs.prefault({}).describe('What is paid beside the providers, for reports.'),
  log: log.prefault({}).describe('What is logged. Never a prompt, an answer or a secret.'),
  limits: limits.prefault({}).describe('Bounds on everything; see the table of limits.'),
};

/** config.yaml, whole. */
export const settingsSchema = z.strictObject({ ...gatewayShape, ...deployShape });

/** The stack's `ovth:*` settings: the same, the provider keys as one secret map, and the bucket's as another. */
export const stackSchema = settingsSchema.extend({
  provider_keys: z
    .record(z.string(), providerKeySchema)
    .default({})
    .describe('Provider name → API key, or account name → API key. Set each with `pulumi config set --secret --path`.'),
  backup_keys: backupKeysSchema
    .optional()
    .describe('Credentials of the bucket in `backup`. Set each with `pulumi config set --secret --path`.'),
});

/** Checked settings with every default; the names are those of the file. */
export type Settings = z.infer<typeof settingsSchema>;
/** Checked settings of a stack. Holds secrets. */
export type StackSettings = z.infer<typeof stackSchema>;
/** One route as written. */
export type RouteSettings = Settings['routes'][string];
/** The setting `quota` as written. */
export type QuotaSettings = NonNullable<Settings['quota']>;

/** The top-level names that concern the deploy only; a rendered config.yaml leaves them out. */
export const deployFields = Object.keys(deployShape) as (keyof typeof deployShape)[];
