// Answers in a form that is no object: a list, a choice. OpenAI and Anthropic hold an answer to an object only ("schema
// must be a JSON Schema of 'type: "object"', got 'type: "array"'"), Gemini to anything: there the answer is put into the
// one field of an object, and taken out again as it streams.

import type { Json } from '../codec';
import { defined, isObject } from '../shared/json';
import type { ResponseFormat } from '../neutral';

const field = 'answer';

/** A form whose schema is an object's, and whether that was made for it. */
export function wrapNonObjectSchema(shape: ResponseFormat | undefined): {
  readonly shape: ResponseFormat | undefined;
  readonly wrapped: boolean;
} {
  if (shape?.type !== 'schema' || !isObject(shape.schema) || isPlainObject(shape.schema))
    return { shape, wrapped: false };
  // References are read from the root.
  const { $defs, definitions, ...schema } = shape.schema;
  const object = {
    type: 'object',
    properties: { [field]: schema },
    required: [field],
    additionalProperties: false,
    ...defined({ $defs, definitions }),
  };
  return { shape: { ...shape, schema: object }, wrapped: true };
}

export interface Unwrap {
  /** What of the text so far can be told. */
  push(text: string): string;
  /** What is left to be told. */
  end(): string;
}

/** Takes the answer out of its object, piece by piece; a text that is no such object stays as it is. */
export function openUnwrap(): Unwrap {
  let inside: boolean | undefined; // undefined until it can be said
  let held = ''; // the beginning until it can be said; then what may be the object's end
  return {
    push(text) {
      held += text;
      if (inside === undefined) {
        const head = opening.exec(held);
        if (head !== null) {
          inside = true;
          held = held.slice(head[0].length);
        } else if (!mayOpen.test(held)) inside = false;
        else return '';
      }
      let end = held.length;
      while (inside && end > 0 && ' \n\r\t}'.includes(held.charAt(end - 1))) end--;
      const told = held.slice(0, end);
      held = held.slice(end);
      return told;
    },
    end() {
      const left = inside === true ? held.trimEnd().replace(/\}$/, '').trimEnd() : held;
      held = '';
      return left;
    },
  };
}

// ---

const opening = /^\s*\{\s*"answer"\s*:\s*(?=\S)/;
const mayOpen = /^\s*(\{\s*("(a(n(s(w(e(r("(\s*(:\s*)?)?)?)?)?)?)?)?)?)?)?$/;

function isPlainObject(schema: Json): boolean {
  if ('anyOf' in schema || 'oneOf' in schema || 'allOf' in schema || '$ref' in schema) return false;
  return schema['type'] === 'object' || (schema['type'] === undefined && schema['enum'] === undefined);
}
