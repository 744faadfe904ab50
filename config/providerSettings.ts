// The setting `providers.<name>`: where an upstream lives, what it speaks, its accounts and its own models.

import * as z from 'zod';
import { capabilities, modelKinds } from './catalogue';
import { modelForm, nameForm, variableForm } from './forms';
import { wireIds } from './knownProviders';

const dollars = z.number().min(0).max(10_000);

const customModel = z.strictObject({
  kind: z
    .enum(modelKinds)
    .optional()
    .describe('What it is for: an `embedding` model is no candidate for chat, and the other way round. Default: both.'),
  context: z.int().min(1).optional().describe('Context window in tokens.'),
  max_output: z.int().min(1).optional().describe('Most output tokens of one answer.'),
  input: dollars.optional().describe('USD per million input tokens.'),
  output: dollars.optional().describe('USD per million output tokens.'),
  cache_read: dollars.optional().describe('USD per million cached input tokens. Default: `input`.'),
  search: dollars.optional().describe('USD per 1,000 searches of the web. Default: 0.'),
  capabilities: z.array(z.enum(capabilities)).default(['tools']).describe('What the model can do; routing uses it.'),
});

/** Headers that carry a credential. It would stand readable in the file and in logs of the configuration. */
export const credentialHeaders: readonly string[] = [
  'authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie', 'proxy-authorization',
]; // prettier-ignore

/** Headers that belong to a connection or to the body the gateway sends (RFC 9110, sections 7.6.1 and 8). */
const fixedHeaders: readonly string[] = [
  'host', 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect',
  'content-length', 'content-type', 'content-encoding', 'accept-encoding',
]; // prettier-ignore

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'a header has letters, digits and "-"')
  .refine((name) => !credentialHeaders.includes(name.toLowerCase()), {
    error: 'it would carry a credential; put the key into the variable named by api_key_env',
  })
  .refine((name) => !fixedHeaders.includes(name.toLowerCase()), { error: 'the gateway sets this header itself' });

const headerValue = z
  .string()
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,1998}[\x21-\x7e])?$/, 'must be 1 to 2,000 printable ASCII characters');

const account = z.strictObject({
  api_key_env: variableForm.optional().describe('Environment variable that holds its key. Default: the provider’s.'),
  weight: z
    .number()
    .positive()
    .max(1_000_000)
    .default(1)
    .describe('Its share of the requests, beside the other accounts.'),
  headers: z
    .record(headerName, headerValue)
    .default({})
    .describe('Headers sent with each of its requests, such as `openai-organization`; never a credential.'),
});

/** The setting `providers.<name>`. */
export const providerSchema = z.strictObject({
  base_url: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .optional()
    .describe('Where the API lives, spelt as the provider’s SDK spells it. `http://` only on private addresses.'),
  wire: z.enum(wireIds).optional().describe('The API it speaks. Known for the three built-in providers.'),
  api_key_env: variableForm
    .optional()
    .describe('Environment variable that holds its key. A provider of your own without one is called without a key.'),
  accounts: z
    .record(nameForm, account)
    .optional()
    .describe('Account name → its key, share and headers. Default: one account named `default`.'),
  models: z
    .record(modelForm, customModel)
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

/** The stack's setting `provider_keys.<name>`: the key, or account name → key. Secret. */
export const providerKeySchema = z.union([z.string().min(1), z.record(nameForm, z.string().min(1))], {
  error: 'must be the provider’s key, or a mapping of account names to keys',
});

/** A model the settings describe. */
export type CustomModel = z.output<typeof customModel>;
