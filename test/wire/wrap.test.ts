// Responses whose schema is no object's, for providers that only take an object's.

import * as fc from 'fast-check';
import { codecs } from '../../gateway/src/wire';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { fold } from '../../gateway/src/wire/fold';
import { openResponseFixups } from '../../gateway/src/wire/shared/responseFixups';
import { openUnwrap } from '../../gateway/src/wire/schema/wrapNonObject';
import { targets } from './recorded';

const unwrapped = (pieces: readonly string[]) => {
  const unwrap = openUnwrap();
  return pieces.map((piece) => unwrap.push(piece)).join('') + unwrap.end();
};

/** A text cut at the given places. */
function cut(text: string, at: readonly number[]): string[] {
  const ends = [...new Set(at.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...ends, text.length].map((end, i) => text.slice(ends[i - 1] ?? 0, end));
}

test('the value is taken out, whatever it is and however it is cut', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, 2), fc.array(fc.nat()), (answer, indent, at) => {
      const text = JSON.stringify({ answer }, null, indent);
      expect(JSON.parse(unwrapped(cut(text, at)))).toEqual(JSON.parse(JSON.stringify(answer)));
    }),
    { interruptAfterTimeLimit: 5_000, numRuns: 2_000 },
  );
});

test('a text that is no such object stays as it is', () => {
  const start = fc.constantFrom('', ' ', '{', '{"', '{"ans', '{"answer"', '{"answers": 1}', '[1]', 'No. ', '{}');
  fc.assert(
    fc.property(start, fc.array(fc.nat()), (text, at) => {
      expect(unwrapped(cut(text, at))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

describe('a list, asked for as Gemini has it', () => {
  const item = { type: 'OBJECT', properties: { name: { type: 'STRING' } }, required: ['name'] };
  const generationConfig = { responseMimeType: 'application/json', responseSchema: { type: 'ARRAY', items: item } };
  const request = codecs.generate.decodeRequest({ contents: [{ parts: [{ text: 'hi' }] }], generationConfig });
  const list = [{ name: 'Oslo' }, { name: 'Bergen' }];
  const schema = {
    type: 'object',
    properties: {
      answer: {
        type: 'array',
        items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      },
    },
    required: ['answer'],
    additionalProperties: false,
  };
  const places = {
    chat: (body: Json) => (body['response_format'] as { json_schema: Json }).json_schema['schema'],
    responses: (body: Json) => (body['text'] as { format: Json }).format['schema'],
    messages: (body: Json) => (body['output_config'] as { format: { schema: Json } }).format.schema,
  };

  test.each(['chat', 'responses', 'messages'] as const)('%s', (format) => {
    const { body, fixups } = codecs[format].encodeRequest(request, targets[format]);
    expect(places[format](body)).toMatchObject(schema);
    const fixup = openResponseFixups(fixups);
    const response = fold(
      [
        { type: 'open', part: { type: 'text' } } as const,
        ...['{"ans', 'wer": ', JSON.stringify(list), '}'].map((text) => ({ type: 'delta', text }) as const),
        { type: 'close' } as const,
      ].flatMap((event) => fixup(event)),
    );
    expect(response.parts).toEqual([{ type: 'text', text: JSON.stringify(list) }]);
  });

  test('Gemini itself gets it unchanged', () => {
    const { body, fixups } = codecs.generate.encodeRequest(request, targets.generate);
    expect((body['generationConfig'] as Json)['responseJsonSchema']).toMatchObject({ type: 'array' });
    expect(fixups?.wrapped).not.toBe(true);
  });
});
