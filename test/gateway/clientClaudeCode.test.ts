// What Claude Code sends, replayed, and what it must get back.

import { eventsIn, type Fields, json, useClientScene } from '../support/clientTraffic';

const scene = useClientScene();

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
    scene.post('/anthropic/v1/messages?beta=true', scene.key, body(model, more), headers);

  test('to Anthropic: headers and body as they are, unknown fields and tomorrow’s betas too', async () => {
    const sent = body('claude-opus-4-7');
    const answer = await scene.post('/anthropic/v1/messages?beta=true', scene.key, sent, headers);
    await answer.text();
    const [call] = await scene.simulators.anthropic.waitForCalls(1);
    expect(call?.body.toString()).toBe(JSON.stringify(sent));
    expect(call?.headers).toMatchObject({
      'anthropic-beta': headers['anthropic-beta'],
      'anthropic-version': '2023-06-01',
      'x-claude-code-session-id': headers['x-claude-code-session-id'],
    });
    expect(call?.headers['authorization'] ?? '').not.toContain(scene.key);
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
    if (provider !== undefined) {
      const sent = scene.simulators[provider].calls[0]?.body.toString() ?? '';
      expect(sent).toContain('You are Claude Code.');
      expect(sent).toContain('# Environment');
      expect(sent).not.toContain('x-anthropic-billing-header'); // it changes every time, and would keep the cache cold
      expect(sent).not.toContain('device_id');
    }
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
      await scene.post('/anthropic/v1/messages', scene.key, body('gemini-3.5-flash', { stream: false }), headers),
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
              scene.key,
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
        headers: { 'x-api-key': scene.key },
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
