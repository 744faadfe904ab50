// What the simulators refuse, and in which words: a gateway that sends such a thing must see it fail here.
import { call, PROVIDERS, weatherTools } from './caller';
import { startSimulators, type Simulators } from './index';
import type { Provider } from './wire';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

type Case = [name: string, provider: Provider, body: object, status: number, part: string | object];

const openaiError = (message: string, param: string | null, code: string | null) => ({
  error: { message, type: 'invalid_request_error', param, code },
});
const user = (content: unknown) => ({ role: 'user', content });
const toolUse = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} };
const toolCalls = [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }];

const CASES: Case[] = [
  ['no model', 'openai', { model: undefined }, 400, 'you must provide a model parameter'],
  [
    'no messages',
    'openai',
    { messages: undefined },
    400,
    openaiError("Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter'),
  ],
  ['empty messages', 'openai', { messages: [] }, 400, '"code": "empty_array"'],
  ['a bad role', 'openai', { messages: [{ role: 'robot', content: 'x' }] }, 400, '"param": "messages[0].role"'],
  [
    'no content',
    'openai',
    { messages: [user(null)] },
    400,
    "Invalid value for 'content': expected a string, got null.",
  ],
  ['an unknown field', 'openai', { thinking: {} }, 400, 'Unrecognized request argument supplied: thinking'],
  ['an embedding model', 'openai', { model: 'text-embedding-3-small' }, 404, 'This is not a chat model'],
  ['another family', 'openai', { model: 'claude-haiku-4-5' }, 404, '"code": "model_not_found"'],
  [
    'max_tokens for a model that thinks',
    'openai',
    { model: 'o4-mini', max_tokens: 5 },
    400,
    '"code": "unsupported_parameter"',
  ],
  ['a temperature for it', 'openai', { model: 'gpt-5', temperature: 0.5 }, 400, '"code": "unsupported_value"'],
  ['stop for it', 'openai', { model: 'gpt-5-mini', stop: ['x'] }, 400, "'stop' is not supported with this model."],
  ['a high temperature', 'openai', { temperature: 2.5 }, 400, '"code": "decimal_above_max_value"'],
  ['too many tokens out', 'openai', { max_tokens: 20_000 }, 400, 'This model supports at most 16384 completion tokens'],
  ['five stops', 'openai', { stop: ['a', 'b', 'c', 'd', 'e'] }, 400, '"code": "array_above_max_length"'],
  ['stream_options alone', 'openai', { stream_options: {} }, 400, "only allowed when 'stream' is enabled"],
  [
    'a stray tool answer',
    'openai',
    { messages: [user('x'), { role: 'tool', tool_call_id: 'call_1', content: 'y' }] },
    400,
    '"param": "messages.[1].role"',
  ],
  [
    'a call without answer',
    'openai',
    { messages: [user('x'), { role: 'assistant', content: null, tool_calls: toolCalls }, user('y')] },
    400,
    'did not have response messages: call_1',
  ],
  ['a bad tool name', 'openai', weatherTools('openai', 'get weather'), 400, '"param": "tools[0].function.name"'],
  ['tool_choice alone', 'openai', { tool_choice: 'auto' }, 400, "only allowed when 'tools' are specified"],
  ['too much', 'openai', { messages: [user('x'.repeat(600_000))] }, 400, '"code": "context_length_exceeded"'],

  ['no max_tokens', 'anthropic', { max_tokens: undefined }, 400, 'max_tokens: Field required'],
  ['no messages', 'anthropic', { messages: undefined }, 400, 'messages: Field required'],
  ['empty messages', 'anthropic', { messages: [] }, 400, 'messages: at least one message is required'],
  [
    'an unknown model',
    'anthropic',
    { model: 'claude-unknown-1' },
    404,
    '"type":"not_found_error","message":"model: claude-unknown-1"',
  ],
  ['another family', 'anthropic', { model: 'gpt-4o' }, 404, 'not_found_error'],
  [
    'a system message',
    'anthropic',
    { messages: [{ role: 'system', content: 'x' }] },
    400,
    "role 'system' is not supported on this model",
  ],
  [
    'the assistant first',
    'anthropic',
    { messages: [{ role: 'assistant', content: 'x' }] },
    400,
    'first message must use the \\"user\\" role',
  ],
  ['an empty message', 'anthropic', { messages: [user('')] }, 400, 'all messages must have non-empty content'],
  [
    'an empty text',
    'anthropic',
    { messages: [user([{ type: 'text', text: '' }])] },
    400,
    'text content blocks must be non-empty',
  ],
  [
    'a trailing blank',
    'anthropic',
    { messages: [user('x'), { role: 'assistant', content: 'So ' }] },
    400,
    'cannot end with trailing whitespace',
  ],
  ['an unknown field', 'anthropic', { frequency_penalty: 1 }, 400, 'frequency_penalty: Extra inputs are not permitted'],
  [
    'a field without its beta',
    'anthropic',
    { output_format: {} },
    400,
    'output_format: Extra inputs are not permitted',
  ],
  ['a high temperature', 'anthropic', { temperature: 1.5 }, 400, 'temperature: range: 0..1'],
  ['temperature and top_p', 'anthropic', { temperature: 1, top_p: 0.5 }, 400, 'cannot both be specified'],
  ['too many tokens out', 'anthropic', { max_tokens: 64_001 }, 400, 'max_tokens: 64001 > 64000'],
  [
    'a use without result',
    'anthropic',
    { messages: [user('x'), { role: 'assistant', content: [toolUse] }, user('y')] },
    400,
    'ids were found without `tool_result` blocks immediately after: toolu_1',
  ],
  [
    'a stray result',
    'anthropic',
    { messages: [user([{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'y' }])] },
    400,
    'messages.0.content.0: unexpected `tool_use_id`',
  ],
  [
    'a bad tool id',
    'anthropic',
    { messages: [user('x'), { role: 'assistant', content: [{ ...toolUse, id: 'a:b' }] }] },
    400,
    'String should match pattern',
  ],
  [
    'a tool without schema',
    'anthropic',
    { tools: [{ name: 'f' }] },
    400,
    'tools.0.custom.input_schema: Field required',
  ],
  [
    'too much',
    'anthropic',
    { messages: [user('x'.repeat(800_008))] },
    400,
    'prompt is too long: 200002 tokens > 200000 maximum',
  ],

  ['no contents', 'google', { contents: undefined }, 400, 'contents is not specified'],
  [
    'a bad role',
    'google',
    { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] },
    400,
    'Please use a valid role: user, model.',
  ],
  ['no parts', 'google', { contents: [{ role: 'user', parts: [] }] }, 400, 'contents.parts must not be empty'],
  [
    'an empty part',
    'google',
    { contents: [{ parts: [{}] }] },
    400,
    "required oneof field 'data' must have one initialized field",
  ],
  ['an unknown field', 'google', { messages: [] }, 400, 'Unknown name \\"messages\\": Cannot find field.'],
  [
    'an unknown setting',
    'google',
    { generationConfig: { max_tokens: 1 } },
    400,
    'Unknown name \\"maxTokens\\" at \'generation_config\'',
  ],
  [
    'JSON Schema for a Schema',
    'google',
    {
      tools: [
        {
          functionDeclarations: [
            { name: 'f', parameters: { type: 'object', properties: { a: { const: 1 } }, additionalProperties: false } },
          ],
        },
      ],
    },
    400,
    'Unknown name \\"const\\" at \'tools[0].function_declarations[0].parameters.properties[0].value\': Cannot find field.',
  ],
  [
    'a stray result',
    'google',
    { contents: [{ parts: [{ functionResponse: { name: 'f', response: {} } }] }] },
    400,
    'immediately after a function call turn',
  ],
  ['six stops', 'google', { generationConfig: { stopSequences: [...'abcdef'] } }, 400, 'at most 5'],
  ['a high temperature', 'google', { generationConfig: { temperature: 3 } }, 400, 'temperature value of 3'],
];

test.each(CASES)('%s: %s', async (_, provider, body, status, part) => {
  const answer = await call(simulators, provider, 'Hello', { body });
  expect(answer.status).toBe(status);
  if (typeof part === 'string') expect(answer.text).toContain(part);
  else expect(JSON.parse(answer.text)).toEqual(part);
});

describe.each(PROVIDERS)('%s', (provider) => {
  test('refuses what is not JSON', async () => {
    const answer = await call(simulators, provider, 'Hello', { body: '{"model":' });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/could not parse the JSON body|is not valid JSON|Invalid JSON payload/);
  });

  test('lets a field pass that nobody knows yet', async () => {
    const answer = await call(simulators, provider, 'Hello', { body: { x_future: { a: 1 } } });
    expect(answer.status).toBe(200);
  });

  test('knows no other path', async () => {
    expect((await call(simulators, provider, 'Hello', { path: '/v1/nowhere' })).status).toBe(404);
    expect((await simulators[provider].waitForCalls(1))[0]).toMatchObject({ status: 404, aborted: false });
  });

  test('records what a refused request asked for', async () => {
    await call(simulators, provider, 'Hello', {
      headers: { authorization: 'Bearer no', 'x-api-key': 'no', 'x-goog-api-key': 'no' },
    });
    const [seen] = await simulators[provider].waitForCalls(1);
    expect(seen?.model).toMatch(/^(gpt-4o-mini|claude-haiku-4-5|gemini-2.5-flash)$/);
    expect([400, 401]).toContain(seen?.status);
  });
});

test('a missing credential is refused in its own words', async () => {
  const ask = (url: string, headers = {}) => fetch(url, { method: 'POST', body: '{}', headers });
  const openai = await ask(`${simulators.openai.baseUrl}/chat/completions`);
  expect([openai.status, await openai.text()]).toEqual([
    401,
    expect.stringContaining("You didn't provide an API key."),
  ]);
  const anthropic = await ask(`${simulators.anthropic.baseUrl}/v1/messages`);
  expect([anthropic.status, await anthropic.text()]).toEqual([
    401,
    expect.stringContaining('x-api-key header is required'),
  ]);
  const versionless = await ask(`${simulators.anthropic.baseUrl}/v1/messages`, {
    'x-api-key': simulators.anthropic.key,
  });
  expect([versionless.status, await versionless.text()]).toEqual([
    400,
    expect.stringContaining('anthropic-version: header is required'),
  ]);
  const google = await ask(`${simulators.google.baseUrl}/v1beta/models/gemini-2.5-flash:generateContent`);
  expect([google.status, await google.text()]).toEqual([
    403,
    expect.stringContaining("doesn't allow unregistered callers"),
  ]);
});

test('Google is given no key in a URL, and no bearer', async () => {
  const path = `/v1beta/models/gemini-2.5-flash:generateContent?key=${simulators.google.key}`;
  const inUrl = await call(simulators, 'google', 'Hello', { path });
  expect([inUrl.status, inUrl.text]).toEqual([400, expect.stringContaining('no key in a URL')]);
  const bearer = await call(simulators, 'google', 'Hello', { headers: { authorization: 'Bearer x' } });
  expect(bearer.status).toBe(401);
});
