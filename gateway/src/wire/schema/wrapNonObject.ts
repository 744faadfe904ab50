// Responses whose schema is no object's: a list, a choice. Gemini takes any schema; OpenAI and Anthropic take only an
// object's ("schema must be a JSON Schema of 'type: "object"', got 'type: "array"'"). For them the schema becomes that of the
// one field of an object, and the field's value is taken out of the response again, also while it streams. Sources:
// https://platform.openai.com/docs/guides/structured-outputs and
// https://platform.claude.com/docs/en/build-with-claude/structured-outputs (2026-11).

import type { Json } from '../jsonObject';
import { defined, isObject } from '../shared/json';
import type { ResponseFormat } from '../neutral';

const field = 'answer';

/** The format with an object's schema, and whether that object was made here. */
export function wrapNonObjectSchema(format: ResponseFormat | undefined): {
  readonly format: ResponseFormat | undefined;
  readonly wrapped: boolean;
} {
  if (format?.type !== 'schema' || !isObject(format.schema) || isPlainObject(format.schema))
    return { format, wrapped: false };
  // References are resolved from the root, so that definitions stay there.
  const { $defs, definitions, ...schema } = format.schema;
  const object = {
    type: 'object',
    properties: { [field]: schema },
    required: [field],
    additionalProperties: false,
    ...defined({ $defs, definitions }),
  };
  return { format: { ...format, schema: object }, wrapped: true };
}

export interface Unwrap {
  /** The part of the field's value that is known so far. */
  push(text: string): string;
  /** The rest of it. */
  end(): string;
}

/** Takes the field's value out of a text, piece by piece; a text that is no such object stays as it is. */
export function openUnwrap(): Unwrap {
  let inside: boolean | undefined; // of such an object; undefined until that is known
  let held = ''; // the text's beginning until then; later what may be the object's end
  // The value's part of a piece; what may be the object's end is held back, and is not looked at again for the next piece.
  const taken = (piece: string): string => {
    let end = piece.length;
    while (end > 0 && tail.includes(piece.charAt(end - 1))) end--;
    const value = end === 0 ? '' : held + piece.slice(0, end);
    held = end === 0 ? held + piece : piece.slice(end);
    return value;
  };
  return {
    push(text) {
      if (inside === true) return taken(text);
      held += text;
      if (inside === undefined) {
        if (isBlank.test(text)) return ''; // they decide nothing, and models may write them for ever
        const head = opening.exec(held);
        if (head !== null) {
          const first = held.slice(head[0].length);
          inside = true;
          held = '';
          return taken(first);
        }
        if (mayOpen.test(held)) return '';
        inside = false;
      }
      const value = held;
      held = '';
      return value;
    },
    end() {
      const rest = inside === true ? held.trimEnd().replace(/\}$/, '').trimEnd() : held;
      held = '';
      return rest;
    },
  };
}

// ---

/** What may stand at the object's end. */
const tail = ' \n\r\t}';
const isBlank = /^\s*$/;

const opening = /^\s*\{\s*"answer"\s*:\s*(?=\S)/;
const mayOpen = /^\s*(\{\s*("(a(n(s(w(e(r("(\s*(:\s*)?)?)?)?)?)?)?)?)?)?)?$/;

function isPlainObject(schema: Json): boolean {
  if ('anyOf' in schema || 'oneOf' in schema || 'allOf' in schema || '$ref' in schema) return false;
  return schema['type'] === 'object' || (schema['type'] === undefined && schema['enum'] === undefined);
}
