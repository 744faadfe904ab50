// The format of a response, as OpenAI's two formats have it.
// Source: https://platform.openai.com/docs/guides/structured-outputs (2026-11).

import type { Json } from '../jsonObject';
import { defined, needObject, optionalFlag, optionalText } from '../shared/json';
import type { Message, NeutralRequest, ResponseFormat } from '../neutral';
import type { NoteRepair } from '../shared/repairs';

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

/**
 * The turns of a request, with the word that OpenAI wants to find in them where JSON is asked for without a schema ("must contain
 * the word 'json' in some form"): Google's clients ask by a setting alone. A client of OpenAI's own formats knows its rule.
 * @param format the target's
 */
export function withJsonWord(
  { from, messages, responseFormat }: NeutralRequest,
  format: 'chat' | 'responses',
  note: NoteRepair,
): readonly Message[] {
  if (responseFormat?.type !== 'json' || from === 'chat' || from === 'responses') return messages;
  // The system prompt, which becomes the instructions in Responses, does not count there.
  const first = format === 'chat' ? 0 : messages.findIndex(({ role }) => role !== 'system');
  const isSaid = messages
    .slice(Math.max(first, 0))
    .some(({ parts }) => parts.some((part) => part.type === 'text' && /json/i.test(part.text)));
  if (isSaid) return messages;
  note('json-word');
  return [...messages, { role: 'system', parts: [{ type: 'text', text: 'Answer in JSON.' }] }];
}
