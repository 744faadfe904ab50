// The body of an act of the administration, checked field by field.

import type { z } from 'zod';
import { unservedProblems } from '../../../../config/served';
import { GatewayError } from '../../core/errors';

/**
 * What a body says.
 * @param example a body that would do
 * @throws GatewayError bad_json, bad_request naming the field
 */
export function checkBody<S extends z.ZodType<object>>(schema: S, body: Buffer, example: string): z.output<S> {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new GatewayError('bad_json', { message: `The body is not valid JSON. Example: ${example}`, cause });
  }
  const parsed = schema.safeParse(value, { jitless: true }); // as in config/check.ts
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const path = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join('.');
    throw refusedBody(path, `${issue?.message ?? 'not valid'}.`, example);
  }
  const [unserved] = unservedProblems(parsed.data, 'keys.*');
  if (unserved !== undefined) throw refusedBody(unserved.path, unserved.message, example);
  return parsed.data;
}

/** A refusal that names a field, and shows a body that would do. */
export function refusedBody(path: string, why: string, example: string): GatewayError {
  return new GatewayError('bad_request', {
    ...(path === '' ? {} : { field: path }),
    message: `${path === '' ? 'The body' : `"${path}"`}: ${why} Example: ${example}`,
  });
}
