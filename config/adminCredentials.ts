// Credentials that administer within their scopes: the same in `credentials.<label>` and in the bodies of `/admin/credentials`.

import * as z from 'zod';
import { momentForm } from './forms';

/** What a credential may do. The master key may do all, and alone makes credentials. */
export const adminScopes = ['read', 'keys'] as const;
/** One of them. */
export type AdminScope = (typeof adminScopes)[number];

const credentialShape = {
  scopes: z
    .array(z.enum(adminScopes))
    .min(1)
    .describe('`read`: see everything under `/admin`. `keys`: see, mint, change, rotate and revoke application keys.'),
  expires_at: momentForm.optional().describe('The moment it stops working. Default: never.'),
};

/** The body of `POST /admin/credentials`. */
export const credentialBodySchema = z.strictObject({ label: z.string().trim().min(1).max(200), ...credentialShape });
/** What the body says, checked. */
export type CredentialBody = z.output<typeof credentialBodySchema>;

/** A credential of `credentials.<label>`. */
export const configuredCredentialSchema = z.strictObject({
  ...credentialShape,
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
    .describe(
      'Hash of the credential, which may have any form of 32 characters or more: `printf %s "$SECRET" | sha256sum`.',
    ),
});
