// Answers in JSON and arguments of forced tools satisfy their schemas, and schemas that a provider cannot keep are refused.
import Ajv2020 from 'ajv/dist/2020';
import { call, PROVIDERS, weatherTools } from './caller';
import { example } from './example';
import { startSimulators, type Simulators } from './index';
import { matching } from './pattern';
import { documentsIn } from './shape';
import type { Provider } from './wire';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const tree = {
  $ref: '#/$defs/node',
  $defs: {
    node: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        left: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
        all: { type: 'array', items: { $ref: '#/$defs/node' } },
      },
      required: ['name', 'left', 'all'],
      additionalProperties: false,
    },
  },
};

test.each<[string, object]>([
  ['nothing said', {}],
  [
    'nested',
    {
      type: 'object',
      properties: { a: { type: 'object', properties: { b: { type: 'integer' } }, required: ['b'] } },
      required: ['a'],
    },
  ],
  [
    'enums and constants',
    { type: 'object', properties: { a: { enum: [3, 4] }, b: { const: 'x' } }, required: ['a', 'b'] },
  ],
  [
    'bounds',
    {
      type: 'object',
      properties: {
        a: { type: 'integer', minimum: 40, maximum: 50, multipleOf: 7 },
        b: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      },
      required: ['a', 'b'],
    },
  ],
  ['lengths', { type: 'array', minItems: 3, maxItems: 3, uniqueItems: true, items: { type: 'string', minLength: 5 } }],
  ['a tuple', { type: 'array', prefixItems: [{ type: 'string' }, { type: 'boolean' }], items: false, minItems: 2 }],
  ['a list of types', { type: 'object', properties: { a: { type: ['null', 'integer'] } }, required: ['a'] }],
  ['a recursion', tree],
  [
    'parts laid together',
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
        { properties: { b: { type: 'boolean' } }, required: ['b'] },
      ],
    },
  ],
  [
    'alternatives',
    { anyOf: [{ type: 'null' }, { type: 'object', properties: { kind: { const: 'k' } }, required: ['kind'] }] },
  ],
  ['a pattern', { type: 'string', pattern: '^[A-Z]{2}-\\d{4}(?:x|y)$' }],
  ['as many properties', { type: 'object', properties: { a: {}, b: {} }, minProperties: 1 }],
])('an example satisfies its schema: %s', (_, schema) => {
  const value = example(schema, 'Tell me about "Oslo" and 45');
  expect([value, ajv.validate(schema, value) ? null : ajv.errors]).toEqual([value, null]);
});

test.each(['^\\d{3}-\\d{4}$', '^(foo|bar)+$', '^[^@]+@[a-z]+\\.com$', 'a?b*c{2,5}', '^\\w+\\s\\S$'])(
  'a text matches %s',
  (pattern) => {
    expect(matching(pattern)).toMatch(new RegExp(pattern, 'u'));
  },
);

const schema = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
    days: { type: 'array', items: { type: 'integer' } },
  },
  required: ['city', 'unit', 'days'],
  additionalProperties: false,
};
const { additionalProperties: _, ...open } = schema;
const named = { name: 'weather', strict: true, schema };
const WAYS: [string, Provider, object, string?][] = [
  ['chat', 'openai', { response_format: { type: 'json_schema', json_schema: named } }],
  [
    'responses',
    'openai',
    {
      messages: undefined,
      stream: undefined,
      input: 'Oslo in fahrenheit',
      text: { format: { type: 'json_schema', ...named } },
    },
    '/responses',
  ],
  ['messages', 'anthropic', { output_config: { format: { type: 'json_schema', schema } } }],
  ['the beta of messages', 'anthropic', { output_format: { type: 'json_schema', schema } }],
  [
    "Google's schema",
    'google',
    {
      generationConfig: {
        responseMimeType: 'application/json',
        responseSchema: { ...open, propertyOrdering: ['city'] },
      },
    },
  ],
  [
    'JSON schema at Google',
    'google',
    { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema } },
  ],
];

describe.each(WAYS)('%s', (way, provider, body, path) => {
  const headers = way.includes('beta') ? { 'anthropic-beta': 'structured-outputs-2025-11-13' } : {};
  test.each([false, true])('answers with what the schema wants (stream: %s)', async (stream) => {
    const streamed = way === 'responses' ? { ...body, stream } : body;
    const { status, text } = await call(simulators, provider, 'Oslo in fahrenheit', {
      stream,
      headers,
      body: streamed,
      ...(path !== undefined && { path }),
    });
    expect(status).toBe(200);
    const value = JSON.parse(textOf(text)) as { unit: string };
    expect([value, ajv.validate(schema, value)]).toEqual([value, true]);
    expect(value.unit).toBe('fahrenheit');
  });
});

test('JSON without a schema is an object', async () => {
  const chat = await call(simulators, 'openai', 'Some JSON', { body: { response_format: { type: 'json_object' } } });
  const google = await call(simulators, 'google', 'Some JSON', {
    body: { generationConfig: { responseMimeType: 'application/json' } },
  });
  for (const { text } of [chat, google]) expect(JSON.parse(textOf(text))).toEqual({ answer: 'Some JSON' });
});

test.each(PROVIDERS)('a tool that %s is forced to gets what its schema wants', async (provider) => {
  const force = {
    openai: { tool_choice: 'required' },
    anthropic: { tool_choice: { type: 'any' } },
    google: { toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
  }[provider];
  const { text } = await call(simulators, provider, 'Hello', { body: { ...weatherTools(provider, 'f'), ...force } });
  const found = /"(?:arguments|input|args)": ?("(?:[^"\\]|\\.)*"|\{[^}]*\})/.exec(text)?.[1] ?? '';
  const args: unknown = JSON.parse(found.startsWith('"') ? (JSON.parse(found) as string) : found);
  expect(args).toMatchObject({ city: expect.any(String), unit: 'celsius' });
});

test.each<[string, Provider, object, string]>([
  [
    'no name',
    'openai',
    { response_format: { type: 'json_schema', json_schema: { schema } } },
    "Missing required parameter: 'response_format.json_schema.name'.",
  ],
  [
    'an open schema',
    'openai',
    { response_format: { type: 'json_schema', json_schema: { ...named, schema: open } } },
    "In context=(), 'additionalProperties' is required",
  ],
  [
    'an optional property',
    'openai',
    { response_format: { type: 'json_schema', json_schema: { ...named, schema: { ...schema, required: ['city'] } } } },
    "Missing 'unit'.",
  ],
  ['JSON unsaid', 'openai', { response_format: { type: 'json_object' } }, "must contain the word 'json'"],
  ['another format', 'openai', { response_format: { type: 'yaml' } }, "Invalid value: 'yaml'"],
  [
    'an open schema',
    'anthropic',
    { output_config: { format: { type: 'json_schema', schema: open } } },
    "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
  ],
  [
    'a bound',
    'anthropic',
    { output_config: { format: { type: 'json_schema', schema: { type: 'integer', minimum: 1 } } } },
    "For 'integer' type, properties minimum are not supported",
  ],
  [
    'another format',
    'anthropic',
    { output_config: { format: { type: 'json_object' } } },
    "Input tag 'json_object' found",
  ],
  [
    'JSON schema',
    'google',
    { generationConfig: { responseMimeType: 'application/json', responseSchema: schema } },
    'Unknown name \\"additionalProperties\\" at \'generation_config.response_schema\'',
  ],
  ['a schema of text', 'google', { generationConfig: { responseSchema: open } }, 'generation_config.response_schema'],
  ['another type', 'google', { generationConfig: { responseMimeType: 'text/html' } }, 'allowed mimetypes are'],
  [
    'tools beside it',
    'google',
    { ...weatherTools('google', 'f'), generationConfig: { responseMimeType: 'application/json' } },
    'Function calling with a response mime type',
  ],
])('%s is refused by %s', async (_name, provider, body, message) => {
  const { status, text } = await call(simulators, provider, 'Hello', { body });
  expect([status, text]).toEqual([400, expect.stringContaining(message)]);
});

// ---

/** The text of an answer of any wire, streamed or not. */
function textOf(body: string): string {
  return documentsIn(body).map(piece).join('');
}

interface Texts {
  type?: string;
  choices?: { message?: { content: string }; delta?: { content?: string } }[];
  content?: { text?: string }[];
  delta?: string | { text?: string };
  candidates?: { content: { parts?: { text?: string }[] } }[];
  output?: { content: { text: string }[] }[];
}

function piece(raw: unknown): string {
  const one = raw as Texts;
  const chat = one.choices?.[0];
  const delta = typeof one.delta === 'string' ? one.delta : one.delta?.text;
  const content =
    one.content?.[0]?.text ?? one.candidates?.[0]?.content.parts?.[0]?.text ?? one.output?.[0]?.content[0]?.text;
  return chat?.message?.content ?? chat?.delta?.content ?? delta ?? content ?? '';
}
