// The form an answer must have, as OpenAI's two formats write it. Source: OpenAI API reference, "Structured outputs".

import type { Json } from '../codec';
import { defined, needObject, optionalFlag, optionalText } from '../shared/json';
import type { ResponseFormat } from '../neutral';

/** @param held what holds name, schema and the rest; @param at its path. @throws GatewayError bad_request */
export function decodeJsonSchemaFormat(held: Json, at: string): ResponseFormat {
  return {
    type: 'schema',
    schema: needObject(held['schema'] ?? {}, `${at}.schema`),
    ...defined({
      name: optionalText(held['name'], `${at}.name`),
      description: optionalText(held['description'], `${at}.description`),
      strict: optionalFlag(held['strict'], `${at}.strict`),
    }),
  };
}
