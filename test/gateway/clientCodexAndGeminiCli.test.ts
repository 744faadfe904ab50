// What Codex and Gemini CLI send, replayed, and what they must get back.

import { eventsIn, type Fields, json, useClientScene } from '../support/clientTraffic';

const scene = useClientScene();
const { sentTo } = scene;

describe('Codex', () => {
  const headers = {
    accept: 'text/event-stream',
    originator: 'codex_exec',
    'session-id': '01a20ba8-dea2-7231-84f8-9666cd8ddb25',
    'thread-id': '01a20ba8-dea2-7231-84f8-9666cd8ddb25',
    'user-agent': 'codex_exec/0.169.0 (Debian 12.0.0; x86_64) unknown (codex_exec; 0.169.0)',
    'x-codex-turn-metadata': '{"session_id":"01a20ba8"}',
    'x-codex-window-id': '01a20ba8-dea2-7231-84f8-9666cd8ddb25:0',
  };
  const nothing = { type: 'object', properties: {}, required: [], additionalProperties: false };
  const body = (model: string, input: unknown[], more: Fields = {}): Fields => ({
    model,
    stream: true,
    input,
    tools: [
      {
        type: 'function',
        name: 'exec_command',
        description: 'Runs',
        strict: false,
        parameters: { type: 'object', properties: { cmd: { type: 'string' } }, required: ['cmd'] },
      },
      {
        type: 'custom',
        name: 'apply_patch',
        description: 'Edits',
        format: { type: 'grammar', syntax: 'lark', definition: 'start: /.+/' },
      },
      { type: 'function', name: 'get_goal', description: 'Gets', strict: false, parameters: nothing },
      { type: 'web_search', external_web_access: true, search_content_types: ['text', 'image'] },
    ],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    reasoning: { effort: 'medium', summary: 'auto' },
    store: false,
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: '01a20ba8-dea2-7231-84f8-9666cd8ddb25',
    text: { verbosity: 'low' },
    client_metadata: { 'x-codex-installation-id': 'i', 'x-codex-turn-metadata': '{}' },
    ...more,
  });
  const message = (role: string, text: string) => ({
    type: 'message',
    id: 'msg_91668cc5-71c3-5fbd-975d-7ceb3054a501',
    role,
    content: [{ type: 'input_text', text }],
  });
  const first = [message('developer', 'You are Codex'), message('user', '<environment_context>')];
  // A thought comes back with a `content` of null, and one of null for `encrypted_content` where it had none.
  const sentBack = (item: Fields) =>
    item['type'] === 'reasoning' ? { encrypted_content: null, ...item, content: null } : item;

  test.each(['claude-opus-4.7', 'gemini-3.5-flash'])('two turns on %s, with its thoughts sent back', async (model) => {
    const asked = [...first, message('user', 'Use exec_command')];
    const answer = await scene.post('/v1/responses', scene.key, body(model, asked), headers);
    const text = await answer.text();
    expect([answer.status, text.slice(0, 300)]).toEqual([200, expect.anything()]);
    const events = eventsIn(text);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i));
    const items = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item as Fields);
    const call = items.find(({ type }) => type === 'function_call');
    expect(call).toMatchObject({ name: 'exec_command', call_id: expect.any(String) });
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { output: items } });
    expect(answer.headers.get('x-ovth-dropped')).toContain('tools[3]'); // web search is OpenAI's own
    const result = { type: 'function_call_output', id: 'fco_01a20ba9', call_id: call?.['call_id'], output: 'done' };
    const second = [...asked, ...items.map(sentBack), result];
    const next = eventsIn(await (await scene.post('/v1/responses', scene.key, body(model, second), headers)).text());
    expect(next.at(-1)).toMatchObject({ type: 'response.completed' });
    // The same conversation on OpenAI, which would refuse what was thought elsewhere: told in words, sealed, or both.
    const moved = await scene.post('/v1/responses', scene.key, body('gpt-5.5', second), headers);
    expect([moved.status, await moved.text()]).toEqual([200, expect.stringContaining('response.completed')]);
  });

  test.each(['claude-opus-4.7', 'gemini-3.5-flash'])(
    'the tools of an MCP server, which come as a group, on %s',
    async (model) => {
      const sounding = {
        type: 'function',
        name: 'sound',
        strict: false,
        parameters: { type: 'object', properties: {} },
      };
      const tools = [
        { type: 'namespace', name: 'mcp__depth', description: 'Tools in the mcp__depth namespace.', tools: [sounding] },
      ];
      const asked = [...first, message('user', 'Use mcp__depth__sound')];
      const ask = async (input: unknown[], more: Fields = {}) => {
        const answer = await scene.post('/v1/responses', scene.key, body(model, input, { tools, ...more }));
        expect([answer.status, answer.headers.get('x-ovth-dropped') ?? '']).toEqual([
          200,
          expect.not.stringContaining('tools'),
        ]);
        return answer;
      };
      const events = eventsIn(await (await ask(asked)).text());
      const called = { type: 'function_call', namespace: 'mcp__depth', name: 'sound', call_id: expect.any(String) };
      expect(events.find(({ item }) => (item as Fields | undefined)?.['type'] === 'function_call')).toMatchObject({
        item: called,
      });
      const response = events.at(-1)?.['response'] as { output: Fields[]; tools: unknown };
      expect(response.tools).toEqual(tools);
      const call = response.output.find(({ type }) => type === 'function_call');
      expect(call).toMatchObject(called);
      const result = { type: 'function_call_output', call_id: call?.['call_id'], output: '7 fathoms' };
      expect(await (await ask([...asked, ...response.output, result])).text()).toContain('7 fathoms');
      const whole = await json(await ask(asked, { stream: false }));
      expect((whole['output'] as Fields[]).find(({ type }) => type === 'function_call')).toMatchObject(called);
    },
  );

  test('on OpenAI itself: byte for byte', async () => {
    const sent = body('gpt-5.5', first);
    await (await scene.post('/v1/responses', scene.key, sent, headers)).text();
    expect(scene.simulators.openai.calls[0]?.body.toString()).toBe(JSON.stringify(sent));
  });
});

describe('Gemini CLI', () => {
  const headers = {
    'user-agent': 'GeminiCLI-tui/0.61.0/m (linux; x64; terminal)',
    'x-goog-api-client': 'google-genai-sdk/1.30.0',
  };
  const body = (more: Fields[] = []): Fields => ({
    contents: [{ parts: [{ text: '<session_context>' }, { text: 'Use list_directory' }], role: 'user' }, ...more],
    systemInstruction: { parts: [{ text: 'You are Gemini CLI' }], role: 'user' },
    generationConfig: { temperature: 1, topP: 0.95, topK: 64, thinkingConfig: { includeThoughts: true } },
    tools: [
      {
        functionDeclarations: [
          {
            name: 'list_directory',
            description: 'Lists',
            parametersJsonSchema: {
              type: 'object',
              properties: { dir_path: { type: 'string' } },
              required: ['dir_path'],
            },
          },
        ],
      },
    ],
  });
  // It drops what was thought, and says of every call that it is not signed.
  const unsigned = 'skip_thought_signature_validator';

  test.each([
    ['claude-opus-4.7', 'anthropic', '"type":"thinking"'],
    ['gpt-5.5', 'openai', '"type":"reasoning"'],
  ] as const)('two turns on %s: its thoughts are put back, and none is made up', async (model, provider, thought) => {
    const ask = (more?: Fields[]) =>
      scene.post(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, scene.key, body(more), headers);
    const parts = eventsIn(await (await ask()).text()).flatMap(
      ({ candidates }) => ((candidates as Fields[])[0]?.['content'] as { parts: Fields[] }).parts,
    );
    const call = parts.find(({ functionCall }) => functionCall !== undefined)?.['functionCall'] as Fields;
    const response = { name: call['name'], response: { output: 'note.txt' }, id: call['id'] };
    const answer = await ask([
      { parts: [{ functionCall: call, thoughtSignature: unsigned }], role: 'model' },
      { parts: [{ functionResponse: response }], role: 'user' },
    ]);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('note.txt')]);
    expect(answer.headers.get('x-ovth-dropped')).toBe('top_p, top_k');
    expect(JSON.stringify(sentTo(provider, 1))).toContain(thought);
    expect(JSON.stringify(sentTo(provider, 1))).not.toContain(unsigned);
    // `--resume` gives each result twice.
    const resumed = await ask([
      { parts: [{ functionCall: call, thoughtSignature: unsigned }], role: 'model' },
      { parts: [{ functionResponse: response }, { functionResponse: response }], role: 'user' },
      { parts: [{ text: 'There is one.' }], role: 'model' },
      { parts: [{ text: 'And now?' }], role: 'user' },
    ]);
    expect([resumed.status, await resumed.text()]).toEqual([200, expect.any(String)]);
    expect(JSON.stringify(sentTo(provider, 2)).split('note.txt')).toHaveLength(2);
  });
});
