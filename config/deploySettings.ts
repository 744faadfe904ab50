// The settings of the box and of the deploy.

import * as z from 'zod';
import { cidrForm } from './forms';
import { plainHttpAllowed } from './plainHttp';

const backup = z.strictObject({
  endpoint: z
    .string()
    .regex(
      /^https?:\/\/[^\s@?#/]+\/?$/,
      'must be an http(s) URL without a path, such as https://fsn1.your-objectstorage.com',
    )
    .refine((url) => url.startsWith('https:') || !URL.canParse(url) || plainHttpAllowed(url), {
      error: 'must begin with https://: over http the whole ledger would be readable on its way',
    })
    .describe('URL of an S3-compatible service, without the bucket.'),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket: 3 to 63 of a-z, 0-9, "." and "-"')
    .describe('Bucket that exists. Only this stack needs to reach it.'),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .optional()
    .describe(
      'Region to sign requests for, where the service asks for one (`auto` at Cloudflare). Default: `us-east-1`.',
    ),
  prefix: z
    .string()
    .regex(/^[\w-][\w./-]{0,199}$/, 'must be a path without a slash at its beginning')
    .regex(/[^/]$/, 'must end without a slash')
    .default('ovth')
    .describe('Folder in the bucket. Each ledger has one of its own below it, named by its id.'),
  path_style: z
    .boolean()
    .default(true)
    .describe('Whether the bucket stands in the path of URLs; `false`: in the host name.'),
  keep_days: z.int().min(1).max(365).default(7).describe('Days back to which the ledger can be restored.'),
});
/** Where the ledger is copied to. */
export type BackupSettings = z.infer<typeof backup>;

/** The bucket's credentials, in stack config. They may hold no blank: a key copied with its line's end is refused. */
export const backupKeysSchema = z.strictObject({
  access_key_id: z.string().regex(/^\S{1,300}$/, 'must be an access key without blanks'),
  secret_access_key: z.string().regex(/^\S{1,300}$/, 'must be a secret key without blanks'),
});
/** The bucket's credentials. */
export type BackupKeys = z.infer<typeof backupKeysSchema>;

const hostName = z
  .string()
  .regex(
    /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
    'must be a host name such as gateway.example.com',
  );

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
      generation: z
        .int()
        .min(1)
        .default(1)
        .describe('Raise it to rebuild the server, with another SSH host key; data and address stay.'),
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
      generation: z
        .int()
        .min(1)
        .default(1)
        .describe(
          'Raise it by one to replace the program’s own key: the box takes both for the time of one update, then the new one alone.',
        ),
    })
    .prefault({})
    .describe('Who may log in.'),
  domain: hostName.optional().describe('Host name that points at the box. Default: a certificate for its address.'),
  dns: z
    .strictObject({
      zone: hostName.describe('A DNS zone of the same Hetzner project, which `domain` is in.'),
      ttl: z.int().min(60).max(604_800).default(300).describe('Seconds that others may keep the records for.'),
    })
    .optional()
    .describe(
      'Sets the records of `domain` and the reverse record of the address. Default: set them yourself (output `dnsRecords`).',
    ),
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
      protect: z
        .boolean()
        .default(false)
        .describe('Refuse to destroy the stack: keys, addresses and volume. Recommended in production.'),
      allow_replace: z
        .boolean()
        .default(false)
        .describe('Accept a change that replaces the volume by an empty one, such as another `server.location`.'),
      ledger: z
        .string()
        .regex(
          /^[0-9a-f]{32}$/,
          'must be the id of a ledger: 32 digits of 0-9 and a-f, as the output `ledger` shows it',
        )
        .optional()
        .describe('Id of the ledger to go on with, for a new stack that takes over a backup. Default: its own.'),
    })
    .prefault({})
    .describe('Where the ledger lives.'),
  backup: backup.optional().describe('Continuous copy of the ledger to a bucket. None when absent.'),
  release: z
    .strictObject({
      retire_after: z
        .int()
        .min(0)
        .max(1_440)
        .default(30)
        .describe(
          'Minutes that streams which began before other code or another front took over may go on, on what they began on. One old release at most retires so.',
        ),
    })
    .prefault({})
    .describe('How one release takes over from another.'),
  images: z
    .strictObject({
      node: z.string().min(1).max(300).default('node:26.13.1-slim').describe('Base image of the gateway.'),
      caddy: z.string().min(1).max(300).default('caddy:2.11.9').describe('Image of the TLS front.'),
      litestream: z
        .string()
        .min(1)
        .max(300)
        .default('litestream/litestream:0.5.18')
        .describe('Image of the ledger’s continuous copy.'),
    })
    .prefault({})
    .describe('Container images.'),
  master_key: z
    .strictObject({ generation: z.int().min(1).default(1).describe('Raise it to replace the master key.') })
    .prefault({})
    .describe('The generated administration key.'),
};
