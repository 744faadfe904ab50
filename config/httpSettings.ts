// Who may reach the gateway over HTTP, and under which names.

import * as z from 'zod';
import { cidrForm } from './forms';
import { privateRanges } from './plainHttp';

const originForm = z
  .string()
  .regex(
    /^(\*|https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?)$/,
    'must be "*" or an origin such as https://app.example.com, without a path',
  );

const hostForm = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$|^\[[0-9a-fA-F:]+\]$/,
    'must be a host name such as gateway.example.com or an address, without scheme and port',
  );

/** The setting `http`. */
export const httpSchema = z.strictObject({
  cors_origins: z
    .array(originForm)
    .max(100)
    .default([])
    .describe('Web origins whose pages may call inference and model paths, or `["*"]`. Never `/admin`.'),
  hosts: z
    .array(hostForm)
    .max(100)
    .default([])
    .describe(
      'Host names requests must be addressed to, against DNS rebinding. Empty: any. Health paths and loopback are exempt.',
    ),
  trusted_proxies: z
    .array(cidrForm)
    .max(100)
    .default([...privateRanges])
    .describe('Proxies whose `x-forwarded-for` names the client’s address.'),
  admin_cidrs: z.array(cidrForm).max(100).default([]).describe('Addresses that may reach `/admin`. Empty: any.'),
});
