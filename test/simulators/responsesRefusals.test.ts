// What OpenAI refuses at the responses endpoint, and in which words.
import { call } from './caller';
import { startSimulators, type Simulators } from './index';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const tools = [{ type: 'function', name: 'get_weather', description: 'Weather', parameters: schema, strict: true }];

const ask = async (input: unknown, body: object) => {
  const blank = { messages: undefined, stream: undefined };
  const answer = await call(simulators, 'openai', '', {
    path: '/responses',
    body: { ...blank, model: 'gpt-4o-mini', input, ...body },
  });
  return { status: answer.status, body: JSON.parse(answer.text) as { error?: { message: string } } };
};

test.each<[string, unknown, object, string, string | null, string | null]>([
  [
    'no model',
    'x',
    { model: undefined },
    "Missing required parameter: 'model'.",
    'model',
    'missing_required_parameter',
  ],
  ['no input', undefined, {}, 'One of "input" or', 'input', 'missing_required_parameter'],
  ['input of a wrong type', 5, {}, "Invalid type for 'input'", 'input', 'invalid_type'],
  ['an unknown field', 'x', { top_k: 3 }, "Unknown parameter: 'top_k'.", 'top_k', 'unknown_parameter'],
  [
    'a field of chat',
    'x',
    { max_tokens: 3 },
    "this parameter has moved to 'max_output_tokens'",
    null,
    'unsupported_parameter',
  ],
  [
    'too few tokens',
    'x',
    { max_output_tokens: 15 },
    'Expected a value >= 16, but got 15',
    'max_output_tokens',
    'integer_below_min_value',
  ],
  ['an unknown role', [{ role: 'tool', content: 'x' }], {}, "Invalid value: 'tool'", 'input[0].role', 'invalid_value'],
  [
    'a part of chat',
    [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
    {},
    "Invalid value: 'text'",
    'input[0].content[0]',
    'invalid_value',
  ],
  [
    'a part of the other side',
    [{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }],
    {},
    "'output_text' and 'refusal'",
    'input[0].content[0]',
    'invalid_value',
  ],
  ['an unknown item', [{ type: 'tool_result' }], {}, "Invalid value: 'tool_result'", 'input[0]', 'invalid_value'],
  [
    'a stray output',
    [{ type: 'function_call_output', call_id: 'c', output: '' }],
    {},
    'No tool call found for function call output with call_id c.',
    'input',
    null,
  ],
  [
    'a call without output',
    [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }],
    {},
    'No tool output found for function call c.',
    'input',
    null,
  ],
  [
    'an id of another kind',
    [{ type: 'function_call', id: 'call_1', call_id: 'c', name: 'f', arguments: '{}' }],
    {},
    "Expected an ID that begins with 'fc'",
    'input[0].id',
    'invalid_value',
  ],
  [
    'a long call id',
    [{ type: 'function_call', call_id: 'c'.repeat(65), name: 'f', arguments: '{}' }],
    {},
    'maximum length 64, but got a string with length 65',
    'input[0].call_id',
    'string_above_max_length',
  ],
  [
    'a tool as in chat',
    'x',
    { tools: [{ type: 'function', function: { name: 'f' } }] },
    "Missing required parameter: 'tools[0].name'.",
    'tools[0].name',
    'missing_required_parameter',
  ],
  ['an unknown tool', 'x', { tools: [{ type: 'magic' }] }, "Invalid value: 'magic'", 'tools[0].type', 'invalid_value'],
  [
    'a strict tool with an open schema',
    'x',
    { tools: [{ type: 'function', name: 'f', strict: true, parameters: { type: 'object', properties: {} } }] },
    "'additionalProperties' is required to be supplied and to be false.",
    'tools[0].parameters',
    'invalid_function_parameters',
  ],
  [
    'a choice that is not there',
    'x',
    { tools, tool_choice: { type: 'function', name: 'g' } },
    "Tool choice 'g' not found in 'tools' parameter.",
    'tool_choice',
    null,
  ],
  [
    'an effort for a model that does not think',
    'x',
    { reasoning: { effort: 'low' } },
    "'reasoning.effort' is not supported",
    'reasoning.effort',
    'unsupported_parameter',
  ],
  [
    'an unknown effort',
    'x',
    { model: 'gpt-5', reasoning: { effort: 'huge' } },
    "Invalid value: 'huge'",
    'reasoning.effort',
    'invalid_value',
  ],
  [
    'a temperature for one that does',
    'x',
    { model: 'gpt-5', temperature: 0.5 },
    "Unsupported parameter: 'temperature'",
    'temperature',
    null,
  ],
  [
    'JSON without the word',
    'x',
    { text: { format: { type: 'json_object' } } },
    "must contain the word 'json'",
    'input',
    null,
  ],
  [
    'an open schema',
    'x',
    { text: { format: { type: 'json_schema', name: 'n', strict: true, schema: { type: 'object' } } } },
    "Invalid schema for response_format 'n': In context=()",
    'text.format.schema',
    'invalid_json_schema',
  ],
  [
    'a bad picture',
    [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,aGVsbG8=' }] }],
    {},
    'unsupported image',
    null,
    'invalid_image_format',
  ],
  ['unknown extras', 'x', { include: ['thoughts'] }, "Invalid value: 'thoughts'", 'include[0]', 'invalid_value'],
  ['metadata that is none', 'x', { metadata: { a: 1 } }, "Invalid type for 'metadata.a'", 'metadata.a', 'invalid_type'],
])('refuses %s', async (_, input, body, message, param, code) => {
  const answer = await ask(input, body);
  expect(answer.status).toBe(400);
  expect(answer.body.error).toMatchObject({ type: 'invalid_request_error', param, code });
  expect(answer.body.error!.message).toContain(message);
});
