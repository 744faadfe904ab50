// The settings of the box and of the deploy.

import { z } from 'zod';
import { cidrForm } from './forms';

/** What only `pulumi up` reads; a stand-alone gateway accepts and ignores it. */
export const deployShape = {
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
      reboot_window: z
        .string()
        .regex(
          /^(never|(daily|Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d)$/,
          'must be a day and a time in UTC such as "Sun 04:00" or "daily 04:00", or "never"',
        )
        .default('Sun 04:00')
        .describe(
          'When it may reboot after a security upgrade that needs it, in UTC: `Sun 04:00`, `daily 04:00`, or `never`. Open requests end first.',
        ),
    })
    .prefault({})
    .describe('The box.'),
  ssh: z
    .strictObject({
      admin_cidrs: z
        .array(cidrForm)
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
      node: z.string().min(1).max(300).default('node:26.12.1-slim').describe('Base image of the gateway.'),
      caddy: z.string().min(1).max(300).default('caddy:2.11.9').describe('Image of the TLS front.'),
    })
    .prefault({})
    .describe('Container images.'),
  master_key: z
    .strictObject({ generation: z.int().min(1).default(1).describe('Raise it to replace the master key.') })
    .prefault({})
    .describe('The generated administration key.'),
};
