// The mistakes that a translation between the three makes most easily, and the words in which each refuses them.
import { call, weatherTools } from './caller';
import { startSimulators, type Simulators } from './index';
import { sealed } from './signature';
import type { Provider } from './wire';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const user = (content: unknown) => ({ role: 'user', content });
const toolUse = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} };
const toolResult = { type: 'tool_result', tool_use_id: 'toolu_1' };
const assistant = (content: unknown) => ({ role: 'assistant', content });
const NO_IMAGE = 'aGVsbG8gd29ybGQ=';
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const anthropicImage = (source: object) => [user([{ type: 'image', source }])];
const inline = (mimeType: string, data: string) => ({ contents: [{ parts: [{ inlineData: { mimeType, data } }] }] });
const declared = (...declarations: object[]) => ({ tools: [{ functionDeclarations: declarations }] });
const property = (schema: object) => declared({ name: 'f', parameters: { type: 'OBJECT', properties: { a: schema } } });
const toolCalls = [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }];

type Mistake = [name: string, body: object, part: string];

const OPENAI: Mistake[] = [
  ['a long tool name', weatherTools('openai', 'f'.repeat(65)), "Invalid 'tools[0].function.name': string too long."],
  ['a tool of Anthropic', { tools: [{ name: 'f', input_schema: {} }] }, "Missing required parameter: 'tools[0].type'."],
  [
    'parameters of no object',
    { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'string' } } }] },
    '"code": "invalid_function_parameters"',
  ],
  [
    'an answer that is a list',
    {
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'array', items: {} } } },
    },
    "Invalid schema for response_format 'n'",
  ],
  [
    'alternatives at the root of its parameters',
    { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', anyOf: [{}] } } }] },
    "not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level",
  ],
  ['an unknown choice', { ...weatherTools('openai', 'f'), tool_choice: 'any' }, "Invalid value: 'any'"],
  [
    'a choice that is not there',
    { ...weatherTools('openai', 'f'), tool_choice: { type: 'function', function: { name: 'g' } } },
    "Tool choice 'g' not found in 'tools' parameter.",
  ],
  [
    'a long call id',
    {
      messages: [
        user('x'),
        { role: 'assistant', content: null, tool_calls: [{ ...toolCalls[0], id: 'c'.repeat(41) }] },
      ],
    },
    'maximum length 40, but got a string with length 41',
  ],
  [
    'arguments that are no text',
    {
      messages: [
        user('x'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: {} } }],
        },
      ],
    },
    "Invalid type for 'messages[1].tool_calls[0].function.arguments'",
  ],
  [
    'a part of Anthropic',
    { messages: [user([{ type: 'image', source: {} }])] },
    "Invalid value: 'image'. Supported values are: 'text', 'image_url'",
  ],
  [
    'a picture that is none',
    { messages: [user([{ type: 'image_url', image_url: { url: `data:image/png;base64,${NO_IMAGE}` } }])] },
    '"code": "invalid_image_format"',
  ],
  [
    'a picture out of reach',
    { messages: [user([{ type: 'image_url', image_url: { url: 'https://nowhere.invalid/a.png' } }])] },
    '"code": "invalid_image_url"',
  ],
];

const ANTHROPIC: Mistake[] = [
  ['a tool name with a dot', weatherTools('anthropic', 'a.b'), "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"],
  ['a tool twice', weatherTools('anthropic', 'f', 'f'), 'tools: Tool names must be unique.'],
  ['a tool of OpenAI', weatherTools('openai', 'f'), "Input tag 'function' found using 'type'"],
  [
    'alternatives at the top',
    { tools: [{ name: 'f', input_schema: { type: 'object', anyOf: [] } }] },
    'does not support oneOf, allOf, or anyOf at the top level',
  ],
  [
    'a choice in a word',
    { ...weatherTools('anthropic', 'f'), tool_choice: 'auto' },
    'tool_choice: Input should be a valid dictionary',
  ],
  [
    'a choice that is not there',
    { ...weatherTools('anthropic', 'f'), tool_choice: { type: 'tool', name: 'g' } },
    "Tool 'g' not found in provided tools",
  ],
  [
    'words before results',
    {
      messages: [
        user('x'),
        assistant([toolUse]),
        user([
          { type: 'text', text: 'y' },
          { type: 'tool_result', tool_use_id: 'toolu_1' },
        ]),
      ],
    },
    'without `tool_result` blocks immediately after: toolu_1',
  ],
  [
    'two results for one',
    {
      messages: [
        user('x'),
        assistant([toolUse]),
        user([
          { type: 'tool_result', tool_use_id: 'toolu_1' },
          { type: 'tool_result', tool_use_id: 'toolu_1' },
        ]),
      ],
    },
    'each tool_use must have a single result',
  ],
  ['an id twice', { messages: [user('x'), assistant([toolUse, toolUse])] }, '`tool_use` ids must be unique'],
  [
    'an id again in a later turn',
    { messages: [user('x'), assistant([toolUse]), user([toolResult]), assistant([toolUse]), user([toolResult])] },
    'messages.3.content.0: `tool_use` ids must be unique',
  ],
  [
    'an error without words',
    { messages: [user('x'), assistant([toolUse]), user([{ ...toolResult, is_error: true }])] },
    'content cannot be empty if `is_error` is true',
  ],
  [
    'an error that is a picture',
    {
      messages: [
        user('x'),
        assistant([toolUse]),
        user([
          {
            ...toolResult,
            is_error: true,
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }],
          },
        ]),
      ],
    },
    'all content must be type `text` if `is_error` is true',
  ],
  ...[
    { required: ['a', 'a'] },
    { properties: { a: { items: [{}] } } },
    { properties: { a: { exclusiveMinimum: true } } },
  ].map((schema): Mistake => [
    `a schema of an older draft: ${JSON.stringify(schema)}`,
    { tools: [{ name: 'f', input_schema: { type: 'object', ...schema } }] },
    'It must match JSON Schema draft 2020-12',
  ]),
  [
    'a turn of nothing but thinking',
    {
      messages: [
        user('x'),
        assistant([{ type: 'thinking', thinking: 'Hm', signature: sealed('anthropic', 'Hm') }]),
        user('y'),
      ],
    },
    'The final block in an assistant message cannot be `thinking`',
  ],
  ['half of a character', { messages: [user('a\ud83d b')] }, 'no low surrogate in string'],
  [
    'a picture that is none',
    { messages: anthropicImage({ type: 'base64', media_type: 'image/png', data: NO_IMAGE }) },
    'Could not process image',
  ],
  [
    'a picture of another kind',
    { messages: anthropicImage({ type: 'base64', media_type: 'image/jpeg', data: PNG }) },
    'but the image appears to be a image/png image',
  ],
  [
    'a picture of no kind',
    { messages: anthropicImage({ type: 'base64', media_type: 'image/bmp', data: PNG }) },
    "Input should be 'image/jpeg'",
  ],
  [
    'a picture out of reach',
    { messages: anthropicImage({ type: 'url', url: 'http://example.com/a.png' }) },
    'Only HTTPS URLs are supported.',
  ],
  ['a model that is not there', { model: 'claude-does-not-exist' }, 'model: claude-does-not-exist'],
];

const GOOGLE: Mistake[] = [
  [
    'a bad function name',
    declared({ name: '1f' }),
    'Invalid function name. Must start with a letter or an underscore.',
  ],
  ['a function twice', declared({ name: 'f' }, { name: 'f' }), 'Duplicate function declaration found: f'],
  ['a reference', property({ $ref: '#/x' }), 'Unknown name \\"$ref\\"'],
  ['a list of types', property({ type: ['string', 'null'] }), 'Proto field is not repeating, cannot start list.'],
  [
    'an unknown type',
    property({ type: 'date' }),
    "Invalid value at 'tools[0].function_declarations[0].parameters.properties[a].type'",
  ],
  ['an array of nothing', property({ type: 'ARRAY' }), 'parameters.properties[a].items: missing field.'],
  ['numbers to choose from', property({ type: 'INTEGER', enum: ['1'] }), 'enum: only allowed for STRING type'],
  [
    'a format',
    property({ type: 'STRING', format: 'email' }),
    "only 'enum' and 'date-time' are supported for STRING type",
  ],
  [
    'a property that is not there',
    declared({ name: 'f', parameters: { type: 'OBJECT', required: ['b'] } }),
    'parameters.required[0]: property is not defined',
  ],
  [
    'too few results',
    {
      contents: [
        { parts: [{ text: 'x' }] },
        { role: 'model', parts: [{ functionCall: { name: 'f' } }, { functionCall: { name: 'g' } }] },
        { parts: [{ functionResponse: { name: 'f', response: {} } }] },
      ],
    },
    'number of function response parts is equal to the number of function call parts',
  ],
  [
    'a result that is no object',
    {
      contents: [
        { parts: [{ text: 'x' }] },
        { role: 'model', parts: [{ functionCall: { name: 'f' } }] },
        { parts: [{ functionResponse: { name: 'f', response: 'x' } }] },
      ],
    },
    "Invalid value at 'contents[2].parts[0].function_response.response' (type.googleapis.com/google.protobuf.Struct)",
  ],
  [
    'a call after the model',
    {
      contents: [
        { parts: [{ text: 'x' }] },
        { role: 'model', parts: [{ text: 'y' }] },
        { role: 'model', parts: [{ functionCall: { name: 'f' } }] },
      ],
    },
    'function call turn comes immediately after a user turn',
  ],
  [
    'an unknown mode',
    { toolConfig: { functionCallingConfig: { mode: 'REQUIRED' } } },
    "Invalid value at 'tool_config.function_calling_config.mode'",
  ],
  [
    'data that is none',
    inline('image/png', 'data:image/png;base64,x'),
    "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed",
  ],
  ['a picture that is none', inline('image/png', NO_IMAGE), 'Unable to process input image.'],
  ['a type that nobody knows', inline('application/zip', NO_IMAGE), 'Unsupported MIME type: application/zip'],
  [
    'too much',
    { contents: [{ parts: [{ text: 'x'.repeat(4_194_308) }] }] },
    'The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).',
  ],
];

describe.each<[Provider, Mistake[]]>([
  ['openai', OPENAI],
  ['anthropic', ANTHROPIC],
  ['google', GOOGLE],
])('%s refuses', (provider, mistakes) => {
  test.each(mistakes)('%s', async (_, body, part) => {
    const { status, text } = await call(simulators, provider, 'Hello', { body });
    expect([status, text]).toEqual([expect.any(Number), expect.stringContaining(part)]);
    expect([400, 404]).toContain(status);
  });
});

test('Google takes JSON schema where it says so, and not in both places', async () => {
  const schema = { type: 'object', properties: { a: { const: 1 } }, required: ['a'], additionalProperties: false };
  const given = await call(simulators, 'google', 'Call f', {
    body: declared({ name: 'f', parametersJsonSchema: schema }),
  });
  expect([given.status, given.text]).toEqual([200, expect.stringMatching(/"args": ?\{\s*"a": ?1\s*\}/)]);
  const both = declared({ name: 'f', parametersJsonSchema: schema, parameters: { type: 'OBJECT' } });
  expect((await call(simulators, 'google', 'Call f', { body: both })).status).toBe(400);
});
