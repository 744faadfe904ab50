// Everything an operator may say, said once: the schema of config.yaml and of the `ovth:*` stack settings.
// Types are inferred from it; the README table, the editor schema and Pulumi.yaml's settings are generated from it.

import { z } from 'zod';
import { limitNames, limitTable } from './limits';
import { wireIds } from './knownProviders';

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  );

const tokens = z.int().min(1).max(1_000_000_000_000);
const dollars = z.number().min(0).max(10_000);

export const strategies = ['ordered', 'cheapest-capable', 'fastest', 'weighted'] as const;
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
      .array(name)
      .min(1)
      .optional()
      .describe('Providers this route may use, in order of preference. Default: the providers of `models`, else all.'),
    models: z
      .array(z.string().min(1).max(200))
      .min(1)
      .optional()
      .describe(
        'The candidates, in this order. Default: the current chat models of the providers; for `ordered` one default model each.',
      ),
    weights: z
      .record(z.string(), z.number().positive().max(1_000_000))
      .optional()
      .describe('For `weighted`: model → share. A model that is not named has weight 1.'),
    strict: z
      .boolean()
      .default(false)
      .describe(
        'Use only models that carry every field of a request, and refuse it (400) where none does, instead of dropping a field. Dropped fields are named in `x-ovth-dropped`.',
      ),
  })
  .describe('One name that clients may use as a model.');

const ceiling = z.strictObject({ daily_tokens: tokens.describe('Tokens a day; resets at 00:00 UTC.') });

const quota = z.strictObject({
  daily_tokens: tokens
    .optional()
    .describe('Tokens a day for each user, or for all together; resets at 00:00 UTC. Unlimited when absent.'),
  per_user: z
    .boolean()
    .default(true)
    .describe(
      '`true`: each user (a key’s `user`, else the key itself) has this budget. `false`: one pool for everybody.',
    ),
  users: z
    .record(z.string().min(1).max(200), ceiling)
    .default({})
    .describe('Budgets of single users, instead of `daily_tokens`.'),
  count: z
    .enum(['weighted', 'raw'])
    .default('weighted')
    .describe('`weighted`: a cached input token counts 0.1. `raw`: it counts 1. Both figures are reported.'),
  default_output_tokens: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(4_096)
    .describe('Output tokens reserved for a request that names no maximum (less if less is left).'),
});

const customModel = z.strictObject({
  context: z.int().min(1).optional().describe('Context window in tokens.'),
  max_output: z.int().min(1).optional().describe('Most output tokens of one answer.'),
  input: dollars.optional().describe('USD per million input tokens.'),
  output: dollars.optional().describe('USD per million output tokens.'),
  cache_read: dollars.optional().describe('USD per million cached input tokens. Default: `input`.'),
  capabilities: z
    .array(z.enum(['tools', 'images', 'pdf', 'audio', 'video', 'json_schema', 'reasoning', 'caching']))
    .default(['tools'])
    .describe('What the model can do; routing uses it.'),
});

const provider = z.strictObject({
  base_url: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .optional()
    .describe('Where the API lives, spelt as the provider’s SDK spells it. `http://` only on private addresses.'),
  wire: z.enum(wireIds).optional().describe('The API it speaks. Known for the three built-in providers.'),
  api_key_env: z
    .string()
    .regex(/^[A-Z_][A-Z0-9_]*$/, 'must be the name of an environment variable, such as MY_API_KEY')
    .optional()
    .describe('Environment variable that holds its key. A provider of your own without one is called without a key.'),
  models: z
    .record(z.string().min(1).max(200), customModel)
    .default({})
    .describe('Models the catalogue does not know, with limits and prices.'),
  responses: z
    .boolean()
    .optional()
    .describe(
      'Whether an OpenAI-compatible host also serves `/responses`. Known for OpenAI itself; default `false` for others.',
    ),
  stream_usage: z
    .boolean()
    .default(true)
    .describe(
      'Ask OpenAI-compatible streams for their usage when the client did not (the extra event is dropped again).',
    ),
});

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

const appKey = z.strictObject({
  user: z.string().min(1).max(200).optional().describe('Whose budget the key uses. Default: its own.'),
  quota: ceiling.optional().describe('A ceiling of the key’s own, beside the user’s.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
    .optional()
    .describe('Hash of the key. The deploy program fills it in; by hand: `printf %s "$KEY" | sha256sum`.'),
});

/** What the gateway itself reads. */
const gatewayShape = {
  routes: z.record(name, route).default({}).describe('Route name → how it chooses. Clients use the name as a model.'),
  quota: quota.optional().describe('Budgets that hold for everybody. Unlimited when absent.'),
  providers: z
    .record(name, provider)
    .default({})
    .describe('Other hosts, or settings of the built-in providers `anthropic`, `openai`, `google`.'),
  keys: z
    .record(name, appKey)
    .default({})
    .describe('Application keys kept in the configuration: label → owner and ceiling.'),
  storage: storage.prefault({}).describe('How the ledger is kept.'),
  log: log.prefault({}).describe('What is logged. Never a prompt, an answer or a secret.'),
  limits: limits.prefault({}).describe('Bounds on everything; see the table of limits.'),
};

const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'must be an address range such as 203.0.113.7/32' });

/** What only `pulumi up` reads; a stand-alone gateway accepts and ignores it. */
const deployShape = {
  server: z
    .strictObject({
      type: z
        .string()
        .min(1)
        .max(40)
        .default('cx23')
        .describe('Hetzner server type; `cx11` means its successor `cx23`.'),
      location: z.string().min(1).max(40).default('nbg1').describe('Hetzner location.'),
      image: z.string().min(1).max(80).default('debian-13').describe('Operating system; the set-up expects Debian 13.'),
      generation: z.int().min(1).default(1).describe('Raise it to rebuild the server; data and address stay.'),
    })
    .prefault({})
    .describe('The box.'),
  ssh: z
    .strictObject({
      admin_cidrs: z
        .array(cidr)
        .min(1)
        .optional()
        .describe('Addresses that may reach port 22, such as `203.0.113.7/32`. Required by `pulumi up`.'),
      allow_public: z.boolean().default(false).describe('Accept a range open to the whole world in `admin_cidrs`.'),
      public_keys: z
        .array(z.string().regex(/^(ssh-|ecdsa-|sk-)\S+ \S+/, 'must be a line of an OpenSSH .pub file'))
        .default([])
        .describe('Your own public keys, let in as root beside the program’s.'),
    })
    .prefault({})
    .describe('Who may log in.'),
  domain: z
    .string()
    .regex(
      /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
      'must be a host name such as gateway.example.com',
    )
    .optional()
    .describe('Host name that points at the box. Default: a certificate for its address.'),
  acme: z
    .strictObject({
      email: z.email().optional().describe('Where the certificate authority may write.'),
      directory: z.url().optional().describe('Another certificate authority’s ACME directory. Default: Let’s Encrypt.'),
      root: z
        .string()
        .startsWith('-----BEGIN CERTIFICATE-----')
        .optional()
        .describe('PEM root of that authority’s own API, when it is private.'),
    })
    .prefault({})
    .describe('Certificates.'),
  data: z
    .strictObject({
      size_gb: z.int().min(10).max(10_240).default(10).describe('Size of the data volume.'),
      protect: z.boolean().default(false).describe('Refuse to destroy the volume. Recommended in production.'),
    })
    .prefault({})
    .describe('Where the ledger lives.'),
  images: z
    .strictObject({
      node: z.string().min(1).max(300).default('node:26.10.0-slim').describe('Base image of the gateway.'),
      caddy: z.string().min(1).max(300).default('caddy:2.11.9').describe('Image of the TLS front.'),
    })
    .prefault({})
    .describe('Container images.'),
  master_key: z
    .strictObject({ generation: z.int().min(1).default(1).describe('Raise it to replace the master key.') })
    .prefault({})
    .describe('The generated administration key.'),
};

/** config.yaml, whole. */
export const settingsSchema = z.strictObject({ ...gatewayShape, ...deployShape });

/** The stack's `ovth:*` settings: the same, and the provider keys as one secret map. */
export const stackSchema = settingsSchema.extend({
  provider_keys: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe('Provider name → API key. Set each with `pulumi config set --secret --path`.'),
});

export type Settings = z.infer<typeof settingsSchema>;
export type StackSettings = z.infer<typeof stackSchema>;
export type RouteSettings = Settings['routes'][string];
export type QuotaSettings = NonNullable<Settings['quota']>;
export type ProviderSettings = Settings['providers'][string];
export type CustomModel = ProviderSettings['models'][string];

/** The top-level names that concern the deploy only; a rendered config.yaml leaves them out. */
export const deployFields = Object.keys(deployShape) as (keyof typeof deployShape)[];
