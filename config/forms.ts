// Forms of single values that several settings share, and the safe look-up of names that come from outside.

import * as z from 'zod';

/** A name the operator makes up: of a route, a provider, an account, a key, a tag. */
export const nameForm = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  );

/** A model as clients write it: an id of the catalogue, or `provider/model`. */
export const modelForm = z.string().min(1).max(200);

/** A user as the operator names it; blanks around it are cut off. */
export const userForm = z.string().trim().min(1).max(200);

/** A moment as it is written. */
export const momentForm = z.iso.datetime({
  offset: true,
  error: 'must be a moment with its zone, such as 2027-01-31T00:00:00Z',
});

/** An IPv4 or IPv6 address range. */
export const cidrForm = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'must be an address range such as 203.0.113.7/32',
});

/** The name of an environment variable. */
export const variableForm = z
  .string()
  .regex(/^[A-Z_][A-Z0-9_]*$/, 'must be the name of an environment variable, such as MY_API_KEY');

/** The value a mapping itself holds under a name; `constructor` and the like, which every object has, are not found. */
export function ownValue<T>(mapping: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(mapping, name) ? mapping[name] : undefined;
}
