// The format of a response, as OpenAI's two formats have it.
// Source: https://platform.openai.com/docs/guides/structured-outputs (2026-11).

import type { Json } from '../jsonObject';
import { defined, needObject, optionalFlag, optionalText } from '../shared/json';
import type { ResponseFormat } from '../neutral';

/**
 * @param format the object that holds name, schema and the rest
 * @param at its path
 * @throws GatewayError bad_request naming the field
 */
export function decodeJsonSchemaFormat(format: Json, at: string): ResponseFormat {
  return {
    type: 'schema',
    schema: needObject(format['schema'] ?? {}, `${at}.schema`),
    ...defined({
      name: optionalText(format['name'], `${at}.name`),
      description: optionalText(format['description'], `${at}.description`),
      strict: optionalFlag(format['strict'], `${at}.strict`),
    }),
  };
}
