// What real clients send, replayed: their headers, their bodies with all their quirks, and what they must get back.
// Sources: Anthropic "LLM gateway protocol" (Claude Code), and what Cursor, Codex, OpenCode, Continue and Aider are known to
// send.

import { type Scene, startScene } from '../support/sim';

type Fields = Record<string, unknown>;

let scene: Scene;
let key: string;

beforeAll(async () => {
  scene = await startScene();
  key = await scene.gateway.mint();
}, 60_000);
afterAll(() => scene.close());
beforeEach(() => scene.simulators.reset());

const sentTo = (name: 'openai' | 'anthropic' | 'google', n = 0): Fields =>
  JSON.parse(scene.simulators[name].calls[n]?.body.toString() ?? '{}') as Fields;
const json = async (answer: Response): Promise<Fields> => {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
  return JSON.parse(text) as Fields;
};
const eventsIn = (text: string): Fields[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as Fields);

describe('Claude Code', () => {
  const headers = {
    'anthropic-version': '2023-06-01',
    'anthropic-beta':
      'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,' +
      'mid-conversation-tool-changes-2026-07-01,advanced-tool-use-2025-11-20,effort-2025-11-24,' +
      'some-beta-of-tomorrow-2027-01-01',
    'anthropic-dangerous-direct-browser-access': 'true',
    'x-app': 'cli',
    'x-claude-code-session-id': '0b5f0d3e-0000-4000-8000-000000000000',
    'user-agent': 'claude-cli/2.1.330 (external, sdk-cli)',
    'x-stainless-lang': 'js',
  };
  const attribution = 'x-anthropic-billing-header: cc_version=2.1.330.f89; cc_entrypoint=sdk-cli;';
  const body = (model: string, more: Fields = {}): Fields => ({
    model,
    max_tokens: 32_000,
    stream: true,
    thinking: { type: 'adaptive', display: 'omitted' },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    output_config: { effort: 'high' },
    metadata: { user_id: '{"device_id":"d","account_uuid":"","session_id":"s"}' },
    system: [
      { type: 'text', text: attribution },
      { type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral', ttl: '1h' } },
    ],
    tools: [
      {
        name: 'mcp__files__read',
        description: 'Reads',
        input_schema: {
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          type: 'object',
          properties: { path: { type: 'string' } },
          required: ['path'],
          additionalProperties: false,
        },
      },
      {
        name: 'DeferredToolPlaceholder',
        description: 'Never call this tool.',
        input_schema: { type: 'object', properties: {} },
        defer_loading: true,
      },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: '<system-reminder>Be kind</system-reminder>' },
          { type: 'text', text: 'Say hello', cache_control: { type: 'ephemeral', ttl: '1h' } },
        ],
      },
    ],
    ...more,
  });
  const ask = (model: string, more: Fields = {}) =>
    scene.post('/anthropic/v1/messages?beta=true', key, body(model, more), headers);

  test('to Anthropic: headers and body as they are, unknown fields and tomorrow’s betas too', async () => {
    const sent = body('claude-opus-4-7');
    const answer = await scene.post('/anthropic/v1/messages?beta=true', key, sent, headers);
    await answer.text();
    const [call] = await scene.simulators.anthropic.waitForCalls(1);
    expect(call?.body.toString()).toBe(JSON.stringify(sent));
    expect(call?.headers).toMatchObject({
      'anthropic-beta': headers['anthropic-beta'],
      'anthropic-version': '2023-06-01',
      'x-claude-code-session-id': headers['x-claude-code-session-id'],
    });
    expect(call?.headers['authorization'] ?? '').not.toContain(key);
  });

  test.each([
    ['gpt-5.5', 'openai'],
    ['gemini-3.5-flash', 'google'],
    ['auto', undefined],
  ] as const)('to %s: an Anthropic stream with adaptive thinking', async (model, provider) => {
    // To a model it does not know it tells its surroundings as the system's words, after the user's.
    const said = [
      { role: 'user', content: [{ type: 'text', text: 'Say hello' }] },
      { role: 'system', content: [{ type: 'text', text: '# Environment', cache_control: { type: 'ephemeral' } }] },
    ];
    const answer = await ask(model, { messages: said });
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/event-stream'),
    ]);
    const types = eventsIn(text).map(({ type }) => type);
    expect(types.filter((type) => type === 'message_start')).toHaveLength(1);
    expect(types.at(-1)).toBe('message_stop');
    expect(eventsIn(text).find(({ type }) => type === 'message_delta')).toMatchObject({
      usage: {
        input_tokens: expect.any(Number),
        output_tokens: expect.any(Number),
        cache_read_input_tokens: expect.any(Number),
      },
    });
    if (provider === undefined) return;
    const sent = scene.simulators[provider].calls[0]?.body.toString() ?? '';
    expect(sent).toContain('You are Claude Code.');
    expect(sent).toContain('# Environment');
    expect(sent).not.toContain('x-anthropic-billing-header'); // it changes every time, and would keep the cache cold
    expect(sent).not.toContain('device_id');
  });

  test.each([
    ['smart', 'claude-opus-4-7', 'user'],
    ['claude-opus-5-5', 'claude-opus-5-5', 'system'],
  ])('to %s: the system in mid-conversation is refused by no model', async (model, target, role) => {
    const text = '# Environment';
    const said = [
      { role: 'user', content: 'Say hello' },
      { role: 'system', content: [{ type: 'text', text, cache_control: { type: 'ephemeral' } }] },
    ];
    const answer = await ask(model, { messages: said });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('message_stop')]);
    const [call] = scene.simulators.anthropic.calls;
    expect(call?.headers['anthropic-beta']).toBe(headers['anthropic-beta']);
    const told = role === 'system' ? text : `<system>\n${text}\n</system>`;
    expect(JSON.parse(call!.body.toString())).toEqual({
      ...body(target),
      messages: [said[0], { role, content: [{ type: 'text', text: told, cache_control: { type: 'ephemeral' } }] }],
    });
  });

  test('Gemini: its last words are the last block, and the seal it puts on them is none', async () => {
    const answer = await ask('gemini-3.5-flash');
    const blocks = eventsIn(await answer.text()).flatMap(({ type, content_block }) =>
      type === 'content_block_start' ? [(content_block as Fields)['type']] : [],
    );
    expect(blocks.at(-1)).toBe('text'); // `claude -p` prints the last block
    const whole = await json(
      await scene.post('/anthropic/v1/messages', key, body('gemini-3.5-flash', { stream: false }), headers),
    );
    expect((whole['content'] as Fields[]).at(-1)).toMatchObject({ type: 'text' });
  });

  test.each(['gpt-5.5', 'gemini-3.5-flash'] as const)(
    'the tools that it searched for are told to %s',
    async (model) => {
      const loaded = { name: 'CronList', description: 'Lists', input_schema: { type: 'object' }, defer_loading: true };
      const searched = { type: 'tool_use', id: 'toolu_1', name: 'ToolSearch', input: { query: 'select:CronList' } };
      const answer = await ask(model, {
        tools: [{ name: 'ToolSearch', input_schema: { type: 'object' } }, loaded],
        messages: [
          { role: 'user', content: 'List the jobs' },
          { role: 'assistant', content: [{ ...searched, caller: { type: 'direct' } }] },
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 'toolu_1',
                content: [{ type: 'tool_reference', tool_name: 'CronList' }],
              },
            ],
          },
        ],
      });
      await answer.text();
      expect([answer.status, answer.headers.get('x-ovth-dropped') ?? '']).toEqual([
        200,
        expect.not.stringContaining('messages'),
      ]);
      const sent = scene.simulators[model === 'gpt-5.5' ? 'openai' : 'google'].calls[0]?.body.toString();
      expect(sent).toContain('Tool loaded: CronList');
    },
  );

  test('counts with system, tools and images, on any model', async () => {
    const { max_tokens: _max, stream: _stream, metadata: _metadata, ...counted } = body('m');
    for (const model of ['claude-opus-4.7', 'gemini-3.5-flash', 'gpt-5.5']) {
      const count = async (more: Fields) =>
        (
          await json(
            await scene.post(
              '/anthropic/v1/messages/count_tokens?beta=true',
              key,
              { ...counted, model, ...more },
              headers,
            ),
          )
        )['input_tokens'] as number;
      expect(await count({})).toBeGreaterThan(await count({ tools: [] }));
    }
  });

  test('looks for the server, and for models with claude in their names, without redirects', async () => {
    for (const path of ['/anthropic', '/anthropic/api/hello'])
      expect((await fetch(scene.gateway.url + path, { method: 'HEAD', redirect: 'error' })).status).toBeLessThan(500);
    const listed = await json(
      await fetch(`${scene.gateway.url}/anthropic/v1/models?limit=1000`, {
        headers: { 'x-api-key': key },
        redirect: 'error',
      }),
    );
    const data = listed['data'] as Fields[];
    expect(data.find(({ id }) => id === 'claude-opus-4-7')).toMatchObject({
      type: 'model',
      display_name: expect.any(String),
    });
    expect(listed).toMatchObject({ object: 'list', has_more: false });
  });
});

describe('Cursor', () => {
  const patch = {
    type: 'custom',
    name: 'ApplyPatch',
    description: 'Edits files',
    format: { type: 'grammar', syntax: 'lark', definition: 'start: /.+/' },
  };
  const shaped = (model: string, more: Fields = {}): Fields => ({
    model,
    user: 'cursor-user',
    stream: true,
    store: false,
    include: ['reasoning.encrypted_content'],
    reasoning: { effort: 'medium', summary: 'auto' },
    input: [
      { role: 'system', content: 'You edit code.' },
      { role: 'user', content: [{ type: 'input_text', text: 'Use ApplyPatch' }] },
    ],
    tools: [
      patch,
      { type: 'function', name: 'read_file', parameters: { type: 'object', properties: {} }, strict: false },
    ],
    tool_choice: 'auto',
    ...more,
  });

  test.each(['gpt-5.5', 'claude-opus-4.7', 'gemini-3.5-flash'])(
    'the body of Responses at the path of chat, to %s: answered as chat',
    async (model) => {
      const answer = await scene.post('/v1/chat/completions', key, shaped(model));
      const text = await answer.text();
      expect([model, answer.status, text.slice(0, 200)]).toEqual([model, 200, expect.anything()]);
      expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
      const chunks = eventsIn(text);
      expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true);
      const calls = chunks.flatMap(
        ({ choices }) => ((choices as { delta: Fields }[])[0]?.delta['tool_calls'] as Fields[] | undefined) ?? [],
      );
      expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'ApplyPatch' } });
      expect(calls.every((call) => call['custom'] === undefined)).toBe(true);
    },
  );

  test('and whole', async () => {
    const answer = await json(
      await scene.post('/v1/chat/completions', key, shaped('claude-opus-4.7', { stream: false })),
    );
    expect(answer).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'tool_calls' }] });
  });

  test('tools as Anthropic declares them, in a chat body, for whoever answers to the name', async () => {
    const tools = [{ name: 'read_file', description: 'Reads', input_schema: { type: 'object', properties: {} } }];
    for (const model of ['claude-opus-4.7', 'gpt-5.5']) {
      const answer = await json(
        await scene.post('/v1/chat/completions', key, {
          model,
          tools,
          messages: [{ role: 'user', content: 'Use read_file' }],
        }),
      );
      expect(answer['choices']).toMatchObject([
        { message: { tool_calls: [{ type: 'function', function: { name: 'read_file' } }] } },
      ]);
    }
  });
});

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
    const answer = await scene.post('/v1/responses', key, body(model, asked), headers);
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
    const next = eventsIn(await (await scene.post('/v1/responses', key, body(model, second), headers)).text());
    expect(next.at(-1)).toMatchObject({ type: 'response.completed' });
    // The same conversation on OpenAI, which would refuse what was thought elsewhere: told in words, sealed, or both.
    const moved = await scene.post('/v1/responses', key, body('gpt-5.5', second), headers);
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
        const answer = await scene.post('/v1/responses', key, body(model, input, { tools, ...more }));
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
    await (await scene.post('/v1/responses', key, sent, headers)).text();
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
      scene.post(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, key, body(more), headers);
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

describe('OpenCode, Continue and Aider', () => {
  test('OpenCode: cache marks on parts of a Claude model arrive as Anthropic’s', async () => {
    await json(
      await scene.post('/v1/chat/completions', key, {
        model: 'anthropic/claude-opus-4.7',
        messages: [
          { role: 'system', content: [{ type: 'text', text: 'Be brief', cache_control: { type: 'ephemeral' } }] },
          { role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }] },
        ],
      }),
    );
    expect(sentTo('anthropic')).toMatchObject({
      system: [{ text: 'Be brief', cache_control: { type: 'ephemeral' } }],
      messages: [{ content: [{ text: 'hi', cache_control: { type: 'ephemeral' } }] }],
    });
  });

  test('OpenCode: the older name of the maximum, to a model that refuses it', async () => {
    const asked = { messages: [{ role: 'user', content: 'hi' }], max_tokens: 900, reasoning_effort: 'medium' };
    const answer = await scene.post('/v1/chat/completions', key, { ...asked, model: 'gpt-5.5' });
    expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, null]);
    const { max_tokens: maximum, ...rest } = asked;
    expect(sentTo('openai')).toEqual({ ...rest, model: 'gpt-5.5', max_completion_tokens: maximum });
    const taken = { model: 'gpt-4o', messages: asked.messages, max_tokens: maximum }; // it has no objection
    await json(await scene.post('/v1/chat/completions', key, taken));
    expect(scene.simulators.openai.calls[1]?.body.toString()).toBe(JSON.stringify(taken));
  });

  test('Continue: its key in a header of its own, and usage in every stream', async () => {
    const answer = await fetch(`${scene.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'claude-opus-4.7',
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'hi' }],
      }),
    });
    const last = eventsIn(await answer.text()).at(-1);
    expect(last).toMatchObject({
      choices: [],
      usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) },
    });
  });

  test.each([
    { reasoning_effort: 'high' },
    { thinking: { type: 'enabled', budget_tokens: 2_048 } },
    { reasoning: { effort: 'high' } },
  ])('Aider: %j makes Claude think', async (more) => {
    const answer = await json(
      await scene.post('/api/v1/chat/completions', key, {
        model: 'anthropic/claude-opus-4.7',
        messages: [{ role: 'user', content: 'hi' }],
        ...more,
      }),
    );
    expect(sentTo('anthropic')).toMatchObject({ thinking: { type: 'adaptive', display: 'summarized' } });
    expect(answer['choices']).toMatchObject([
      { message: { reasoning_content: expect.any(String), reasoning: expect.any(String) } },
    ]);
  });
});
