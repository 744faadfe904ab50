// Every recorded request to each other wire: valid by the provider's own description, or refused as the matrix says.

import { GatewayError } from '../../gateway/src/errors';
import { codecs } from '../../gateway/src/wire';
import type { Format } from '../../gateway/src/wire/neutral';
import { describeIf } from '../support/shared';
import { specs, type Validator } from '../support/specs';
import { decoded, formats, recorded, targets } from './recorded';

const rows = recorded();
const known = specs();

describeIf(rows !== undefined && known !== undefined)('recorded requests on every other wire', () => {
  const validators = {
    chat: known?.openai('CreateChatCompletionRequest'),
    responses: known?.openai('CreateResponse'),
    messages: known?.anthropic('CreateMessageParams'),
    generate: known?.gemini('GenerateContentRequest'),
  } as Record<Format, Validator>;

  // Fields that stand for something only their own provider holds: refused by name, as the matrix says.
  const heldElsewhere = new Set(['cachedContent', 'previous_response_id']);
  // What providers refused themselves when it was recorded may be refused here too; nothing else may.
  const refusedHere: string[] = [];

  test.each(formats)('to %s', (format) => {
    const problems: unknown[] = [];
    let checked = 0;
    for (const { name, format: from, body, row } of rows ?? []) {
      if (from === format) continue;
      try {
        const encoded = codecs[format].encodeRequest(decoded(from, body), targets[format]);
        const wrong = validators[format](JSON.parse(JSON.stringify(encoded.body)));
        checked++;
        if (wrong.length > 0) problems.push({ name, wrong: wrong.slice(0, 6) });
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        if (row.status >= 400 || heldElsewhere.has(error.field ?? '')) refusedHere.push(name);
        else problems.push({ name, refused: error.message });
      }
    }
    expect(problems).toEqual([]);
    expect(refusedHere.length).toBeLessThan(20);
    expect(checked).toBeGreaterThan(200);
  });
});
