// Malformed requests, each in the format of a client whose model is on another wire: refused before anything is sent, in
// the words of the client's own API, naming the field.

import { type Scene, startScene } from '../support/sim';

type Fields = Record<string, unknown>;

const user = { role: 'user', content: 'hi' };
const paths = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  generate: '/v1beta/models/claude-opus-4.7:generateContent',
} as const;
const whole = {
  chat: { model: 'claude-opus-4.7', messages: [user] },
  responses: { model: 'claude-opus-4.7', input: 'hi' },
  messages: { model: 'gpt-5.5', max_tokens: 100, messages: [user] },
  generate: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
} as const;
type Kind = keyof typeof paths;

const chatUser = (content: unknown): Fields => ({ messages: [{ role: 'user', content }] });
const chatCall = (call: unknown): Fields => ({
  messages: [user, { role: 'assistant', content: null, tool_calls: [call] }],
});
const item = (value: unknown): Fields => ({ input: [value] });
const block = (value: unknown): Fields => ({ messages: [{ role: 'user', content: [value] }] });
const part = (value: unknown): Fields => ({ contents: [{ role: 'user', parts: [value] }] });
const config = (value: unknown): Fields => ({ generationConfig: value });

const table: readonly [Kind, string, Fields][] = [
  ['chat', 'messages', { messages: undefined }],
  ['chat', 'messages', { messages: [] }],
  ['chat', 'messages', { messages: 'hi' }],
  ['chat', 'messages[0]', { messages: ['hi'] }],
  ['chat', 'messages[0].role', { messages: [{ content: 'hi' }] }],
  ['chat', 'messages[0].role', { messages: [{ role: 'robot', content: 'hi' }] }],
  ['chat', 'messages[0].content', chatUser(null)],
  ['chat', 'messages[0].content', chatUser(7)],
  ['chat', 'messages[0].content[0]', chatUser(['hi'])],
  ['chat', 'messages[0].content[0].type', chatUser([{ text: 'hi' }])],
  ['chat', 'messages[0].content[0].text', chatUser([{ type: 'text' }])],
  ['chat', 'messages[0].content[0].image_url', chatUser([{ type: 'image_url' }])],
  ['chat', 'messages[0].content[0].image_url.url', chatUser([{ type: 'image_url', image_url: {} }])],
  [
    'chat',
    'messages[0].content[0].image_url.url',
    chatUser([{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }]),
  ],
  [
    'chat',
    'messages[0].content[0].input_audio.format',
    chatUser([{ type: 'input_audio', input_audio: { data: 'AA' } }]),
  ],
  ['chat', 'messages[0].content[0].file', chatUser([{ type: 'file' }])],
  ['chat', 'messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'x' }] }],
  ['chat', 'messages[1].tool_calls', { messages: [user, { role: 'assistant', tool_calls: {} }] }],
  ['chat', 'messages[1].tool_calls[0].id', chatCall({ type: 'function', function: { name: 'f' } })],
  ['chat', 'messages[1].tool_calls[0].function', chatCall({ id: 'a', type: 'function' })],
  ['chat', 'messages[1].tool_calls[0].function.name', chatCall({ id: 'a', type: 'function', function: {} })],
  ['chat', 'tools', { tools: {} }],
  ['chat', 'tools[0]', { tools: ['f'] }],
  ['chat', 'tools[0].type', { tools: [{}] }],
  ['chat', 'tools[0].function.name', { tools: [{ type: 'function', function: {} }] }],
  ['chat', 'tool_choice', { tool_choice: 'sometimes' }],
  ['chat', 'temperature', { temperature: 'hot' }],
  ['chat', 'temperature', { temperature: 3 }],
  ['chat', 'top_p', { top_p: 2 }],
  ['chat', 'frequency_penalty', { frequency_penalty: -3 }],
  ['chat', 'presence_penalty', { presence_penalty: 'no' }],
  ['chat', 'max_tokens', { max_tokens: -1 }],
  ['chat', 'max_completion_tokens', { max_completion_tokens: 1.5 }],
  ['chat', 'seed', { seed: 'x' }],
  ['chat', 'stop', { stop: 5 }],
  ['chat', 'stop[0]', { stop: [5] }],
  ['chat', 'stream', { stream: 'yes' }],
  ['chat', 'parallel_tool_calls', { parallel_tool_calls: 'no' }],
  ['chat', 'response_format', { response_format: 'json' }],
  ['chat', 'response_format.type', { response_format: { type: 'yaml' } }],
  ['chat', 'response_format.json_schema', { response_format: { type: 'json_schema' } }],
  ['chat', 'reasoning_effort', { reasoning_effort: 'huge' }],
  ['chat', 'reasoning.effort', { reasoning: { effort: 5 } }],
  ['chat', 'user', { user: 5 }],
  ['responses', 'input', { input: undefined }],
  ['responses', 'input', { input: 5 }],
  ['responses', 'input', { input: [] }],
  ['responses', 'input[0]', item('hi')],
  ['responses', 'input[0].role', item({ role: 'robot', content: 'hi' })],
  ['responses', 'input[0].content', item({ role: 'user' })],
  ['responses', 'input[0].content[0].text', item({ role: 'user', content: [{ type: 'input_text' }] })],
  ['responses', 'input[0].call_id', item({ type: 'function_call', name: 'f', arguments: '{}' })],
  ['responses', 'input[0].name', item({ type: 'function_call', call_id: 'c', arguments: '{}' })],
  ['responses', 'input[0].output', item({ type: 'function_call_output', call_id: 'c' })],
  ['responses', 'tools[0].name', { tools: [{ type: 'function' }] }],
  ['responses', 'tools[0].type', { tools: [{ name: 'f' }] }],
  ['responses', 'text.format.type', { text: { format: { type: 'yaml' } } }],
  ['responses', 'text.format.schema', { text: { format: { type: 'json_schema', name: 'x' } } }],
  ['responses', 'reasoning', { reasoning: 'high' }],
  ['responses', 'max_output_tokens', { max_output_tokens: 0 }],
  ['responses', 'instructions', { instructions: ['a'] }],
  ['responses', 'input[0]', item({ type: 'zzz' })],
  ['responses', 'previous_response_id', { previous_response_id: 'resp_1' }],
  ['messages', 'messages', { messages: undefined }],
  ['messages', 'messages', { messages: [] }],
  ['messages', 'max_tokens', { max_tokens: undefined }],
  ['messages', 'max_tokens', { max_tokens: 0 }],
  ['messages', 'messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
  ['messages', 'messages[0].content', { messages: [{ role: 'user' }] }],
  ['messages', 'messages[0].content[0].type', block({ text: 'hi' })],
  ['messages', 'messages[0].content[0]', block({ type: 'zzz' })],
  ['messages', 'messages[0].content[0].text', block({ type: 'text' })],
  ['messages', 'messages[0].content[0].source', block({ type: 'image' })],
  ['messages', 'messages[0].content[0].source.type', block({ type: 'image', source: { type: 'disk' } })],
  [
    'messages',
    'messages[0].content[0].source.media_type',
    block({ type: 'image', source: { type: 'base64', data: 'AA' } }),
  ],
  ['messages', 'messages[0].content[0].tool_use_id', block({ type: 'tool_result' })],
  ['messages', 'messages[0].content[0].id', block({ type: 'tool_use', name: 'f', input: {} })],
  ['messages', 'messages[0].content[0].input', block({ type: 'tool_use', id: 'a', name: 'f', input: 'x' })],
  ['messages', 'system', { system: 5 }],
  ['messages', 'tools[0].name', { tools: [{ input_schema: {} }] }],
  ['messages', 'tools[0].input_schema', { tools: [{ name: 'f', input_schema: 'x' }] }],
  ['messages', 'tool_choice.type', { tool_choice: { type: 'sometimes' } }],
  ['messages', 'tool_choice.name', { tool_choice: { type: 'tool' } }],
  ['messages', 'thinking.type', { thinking: { type: 'maybe' } }],
  ['messages', 'thinking.budget_tokens', { thinking: { type: 'enabled' } }],
  ['messages', 'output_config.effort', { output_config: { effort: 'huge' } }],
  ['messages', 'output_config.format.schema', { output_config: { format: { type: 'json_schema' } } }],
  ['messages', 'temperature', { temperature: 1.5 }],
  ['messages', 'stop_sequences', { stop_sequences: 5 }],
  ['generate', 'contents', { contents: undefined }],
  ['generate', 'contents', { contents: [] }],
  ['generate', 'contents[0].role', { contents: [{ role: 'robot', parts: [{ text: 'hi' }] }] }],
  ['generate', 'contents[0].parts', { contents: [{ role: 'user' }] }],
  ['generate', 'contents[0].parts[0].text', part({ text: 5 })],
  ['generate', 'contents[0].parts[0].inlineData.mimeType', part({ inlineData: { data: 'AA' } })],
  ['generate', 'contents[0].parts[0].functionCall.name', part({ functionCall: {} })],
  ['generate', 'contents[0].parts[0].functionResponse.name', part({ functionResponse: { response: {} } })],
  ['generate', 'tools[0].functionDeclarations[0].name', { tools: [{ functionDeclarations: [{}] }] }],
  ['generate', 'toolConfig.functionCallingConfig.mode', { toolConfig: { functionCallingConfig: { mode: 'MAYBE' } } }],
  ['generate', 'generationConfig.temperature', config({ temperature: 'hot' })],
  ['generate', 'generationConfig.maxOutputTokens', config({ maxOutputTokens: 0 })],
  ['generate', 'generationConfig.responseMimeType', config({ responseMimeType: 'text/yaml' })],
  ['generate', 'generationConfig.stopSequences', config({ stopSequences: 5 })],
  ['generate', 'cachedContent', { cachedContent: 'cachedContents/1' }],
];

let scene: Scene;
let key: string;

beforeAll(async () => {
  scene = await startScene('');
  key = await scene.gateway.mint();
}, 60_000);
afterAll(() => scene.close());

test('the table is as long as it should be', () => expect(table.length).toBeGreaterThanOrEqual(60));

test.each(table)('%s: %s %j', async (kind, field, change) => {
  scene.simulators.reset();
  const got = await scene.post(paths[kind], key, { ...whole[kind], ...change });
  expect(got.status).toBe(400);
  const body = (await got.json()) as Fields;
  expect(message(kind, body)).toContain(field);
  for (const simulator of [scene.simulators.openai, scene.simulators.anthropic, scene.simulators.google])
    expect(simulator.calls).toEqual([]);
});

// Where each API's clients look, and what must stand there.
function message(kind: Kind, body: Fields): string {
  const error = body['error'] as Fields;
  switch (kind) {
    case 'chat':
    case 'responses':
      expect(error).toMatchObject({ type: 'invalid_request_error' });
      return `${String(error['param'])} ${String(error['message'])}`;
    case 'messages':
      expect(body).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
      return String(error['message']);
    case 'generate':
      expect(error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
      return String(error['message']);
  }
}
