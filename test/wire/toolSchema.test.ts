// The schema of a tool's arguments has a plain object at its root, whatever the tool declares.

import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { codecs } from '../../gateway/src/wire';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { argsSchema, isStrictForOpenai } from '../../gateway/src/wire/schema/toolSchema';
import { knownTarget, plainTarget } from './recorded';

const text = { type: 'string' };

describe('a plain object at the root', () => {
  test('an absent schema becomes an empty object, a plain object stays unchanged', () => {
    expect(argsSchema(undefined)).toEqual({ type: 'object', properties: {} });
    const plain = { type: 'object', properties: { a: { anyOf: [text, { type: 'null' }] } }, required: ['a'] };
    expect(argsSchema(plain)).toEqual(plain);
    expect(argsSchema({ properties: { a: text } })).toEqual({ type: 'object', properties: { a: text } });
  });

  test('alternatives that only say what is required', () => {
    const schema = {
      type: 'object',
      description: 'Where from.',
      properties: { files: text, dir: text },
      oneOf: [{ required: ['files'] }, { required: ['dir'] }],
    };
    expect(argsSchema(schema)).toEqual({
      type: 'object',
      description: 'Where from. Exactly one of these is given: files; dir.',
      properties: { files: text, dir: text },
    });
  });

  test('alternatives with a distinguishing property, behind references', () => {
    const form = (kind: string, field: object) => ({
      type: 'object',
      properties: { kind: { const: kind }, ...field },
      required: ['kind', ...Object.keys(field)],
      additionalProperties: false,
    });
    const $defs = { A: form('a', { path: text }), B: form('b', { path: { type: 'integer' }, url: text }) };
    expect(argsSchema({ anyOf: [{ $ref: '#/$defs/A' }, { $ref: '#/$defs/B' }], $defs })).toEqual({
      type: 'object',
      $defs,
      description: 'At least one of these is given: kind = "a"; kind = "b" and url.',
      properties: {
        kind: { type: 'string', enum: ['a', 'b'] },
        path: { anyOf: [text, { type: 'integer' }] },
        url: text,
      },
      required: ['kind', 'path'],
      additionalProperties: false,
    });
  });

  test('all of several, and what must not be', () => {
    const schema = {
      allOf: [{ properties: { a: text }, required: ['a'] }, { properties: { b: text } }],
      not: { required: ['a', 'b'] },
    };
    expect(argsSchema(schema)).toEqual({
      type: 'object',
      properties: { a: text, b: text },
      required: ['a'],
      description: 'not: {"required":["a","b"]}.',
    });
  });

  test('references in circles come to an end', () => {
    const again = Array.from({ length: 20 }, () => ({ $ref: '#/$defs/a' }));
    const schema = { $ref: '#/$defs/a', $defs: { a: { properties: { a: text }, anyOf: again } } };
    expect(argsSchema(schema)).toMatchObject({ type: 'object', properties: { a: text } });
  });

  test('arguments that the schema allows are still allowed', () => {
    const ajv = new Ajv({ strict: false });
    const name = fc.constantFrom('a', 'b', 'c');
    const value = fc.constantFrom<Json>(text, { type: 'integer' }, { const: 'x' }, { const: 'y' }, {});
    const open = fc.record<Json>({
      properties: fc.dictionary(name, value, { noNullPrototype: true }),
      required: fc.uniqueArray(name, { maxLength: 3 }),
    });
    const forms = fc.array(open, { minLength: 1, maxLength: 3 });
    const closed = forms.map((all) => all.map((form) => ({ ...form, additionalProperties: false })));
    const parts = fc.record({ anyOf: closed, oneOf: closed, allOf: forms }, { requiredKeys: [] });
    const given = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('x', 'y', 'z', 1));
    fc.assert(
      fc.property(open, parts, given, (base, more, args) => {
        const schema = { ...base, ...more };
        const flat = argsSchema(schema);
        for (const word of ['anyOf', 'oneOf', 'allOf', 'not', 'enum']) expect(flat).not.toHaveProperty(word);
        if (ajv.validate(schema, args)) expect([ajv.validate(flat, args), ajv.errors]).toEqual([true, null]);
      }),
      { interruptAfterTimeLimit: 5_000, numRuns: 500 },
    );
  });
});

describe('strict tools', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] };
  const closed = { ...schema, additionalProperties: false };
  const toolsOf = (parameters: Json, format: 'chat' | 'responses' | 'messages', model: string) => {
    const tools = [{ name: 'f', input_schema: parameters, strict: true }];
    const messages = [{ role: 'user', content: 'hi' }];
    const target = model === 'plain' ? plainTarget : knownTarget(model);
    const request = codecs.messages.decodeRequest({ max_tokens: 1, messages, tools });
    const { body, dropped } = codecs[format].encodeRequest(request, target);
    return { tools: (body['tools'] as Json[])[0], dropped };
  };

  test('OpenAI gets `strict` only for schemas of its strict subset', () => {
    expect(isStrictForOpenai(closed)).toBe(true);
    expect(isStrictForOpenai({ ...closed, required: [] })).toBe(false);
    expect(isStrictForOpenai({ ...closed, properties: { n: { type: 'object', properties: {} } } })).toBe(false);
    expect(toolsOf(closed, 'responses', 'gpt-5.5')).toMatchObject({ tools: { strict: true }, dropped: [] });
    expect(toolsOf(schema, 'responses', 'gpt-5.5')).toMatchObject({ tools: { strict: false }, dropped: ['strict'] });
    expect(toolsOf(schema, 'chat', 'gpt-5.5').tools).not.toHaveProperty('function.strict');
  });

  test('Anthropic gets the keywords that its strict tools take', () => {
    expect(toolsOf(schema, 'messages', 'claude-opus-4-7').tools).toEqual({
      name: 'f',
      strict: true,
      input_schema: {
        type: 'object',
        properties: { n: { type: 'integer', description: 'minimum: 1.' } },
        required: ['n'],
        additionalProperties: false,
      },
    });
  });
});
