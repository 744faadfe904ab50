// What has no place in another format is carried otherwise or named; a default's own value and a hint are no loss.

import type { GatewayError } from '../../gateway/src/core/errors';
import { codecs } from '../../gateway/src/wire';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { formats } from './recorded';
import { translated } from './translated';

const asked = { messages: [{ role: 'user', content: 'Hi' }] };
const turns = (body: Json) => body['messages'] as Json[];
const mark = { type: 'ephemeral' };

describe('the mark of a whole message', () => {
  test('stands on its last block', () => {
    const { body, dropped } = translated('chat', 'messages', {
      messages: [
        { role: 'system', content: 'Be brief', cache_control: mark },
        { role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }], cache_control: { type: 'ephemeral', ttl: '1h' } }, // prettier-ignore
        { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'c1', content: 'done', cache_control: mark },
      ],
    });
    expect(dropped).toEqual([]);
    expect(body['system']).toEqual([{ type: 'text', text: 'Be brief', cache_control: mark }]);
    expect(turns(body)[0]?.['content']).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } },
    ]);
    expect(turns(body).at(-1)?.['content']).toMatchObject([{ type: 'tool_result', cache_control: mark }]);
  });

  test('yields to a block’s own', () => {
    const content = [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }];
    const { body } = translated('chat', 'messages', { messages: [{ role: 'user', content, cache_control: mark }] });
    expect(turns(body)[0]?.['content']).toEqual(content);
  });

  test('is named where there are none', () => {
    const body = { messages: [{ role: 'user', content: 'Hi', cache_control: mark }] };
    expect(translated('chat', 'generate', body).dropped).toEqual(['cache_control']);
  });
});

describe('no loss', () => {
  const defaults = {
    chat: {
      messages: [{ role: 'user', content: 'Hi', name: null }],
      frequency_penalty: 0,
      presence_penalty: 0,
      metadata: {},
      prompt_cache_key: 'k',
      prompt_cache_retention: '24h',
      temperature: 1,
      top_p: 1,
      n: 1,
      store: false,
      logit_bias: {},
      verbosity: 'medium',
      service_tier: 'auto',
      seed: null,
      stop: [],
      tools: [],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      response_format: { type: 'text' },
      logprobs: false,
      top_logprobs: null,
      modalities: ['text'],
      audio: null,
      prediction: null,
      reasoning_effort: null,
      max_tokens: null,
      stream_options: null,
      web_search_options: null,
      user: null,
    },
    responses: {
      input: 'Hi',
      prompt_cache_key: 'k',
      client_metadata: { installation: 'i' },
      metadata: {},
      store: false,
      truncation: 'disabled',
      include: ['reasoning.encrypted_content'],
      text: { verbosity: 'medium', format: { type: 'text' } },
      temperature: 1,
      top_p: 1,
      parallel_tool_calls: true,
      instructions: null,
      background: false,
      conversation: null,
      previous_response_id: null,
      prompt: null,
      max_tool_calls: null,
      top_logprobs: 0,
      service_tier: 'auto',
      tools: [],
      tool_choice: 'auto',
      reasoning: { effort: null, summary: null },
      stream_options: null,
      safety_identifier: null,
    },
    messages: {
      max_tokens: 2000,
      messages: [
        { role: 'user', content: 'Hi' },
        // Qwen Code writes such thoughts itself.
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: '', signature: '' },
            { type: 'text', text: 'Hi' },
          ],
        },
        { role: 'user', content: 'So?' },
      ],
      temperature: 1,
      tools: [
        {
          name: 'f',
          input_schema: { type: 'object' },
          allowed_callers: ['direct'],
          strict: false,
          defer_loading: false,
          input_examples: [],
        },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: false },
      stop_sequences: [],
      system: [],
      metadata: {},
      service_tier: 'auto',
      top_k: null,
      container: null,
      mcp_servers: [],
      context_management: { edits: [] },
      output_config: {},
      inference_geo: null,
    },
    generate: {
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      generationConfig: {
        candidateCount: 1,
        frequencyPenalty: 0,
        presencePenalty: 0,
        stopSequences: [],
        responseLogprobs: false,
        responseMimeType: 'text/plain',
        responseModalities: ['TEXT'],
        mediaResolution: 'MEDIA_RESOLUTION_UNSPECIFIED',
        enableEnhancedCivicAnswers: false,
        thinkingConfig: {},
        seed: null,
      },
      toolConfig: {},
      labels: {},
      cachedContent: null,
      systemInstruction: { parts: [] },
      tools: [{ functionDeclarations: [{ name: 'f', behavior: 'BLOCKING' }] }],
      safetySettings: [],
    },
  };
  const pairs = formats.flatMap((from) => formats.filter((to) => to !== from).map((to) => ({ from, to })));

  test.each(pairs)('in defaults and hints: $from to $to', ({ from, to }) => {
    const { dropped, repaired } = translated(from, to, defaults[from]);
    expect(dropped).toEqual([]);
    expect(repaired).toEqual([]);
  });
});

describe('fields without anything in them', () => {
  const fields = { transforms: [], plugins: [], conversation: {}, container: {}, cachedContent: [], odd: {} };
  const blank = {
    chat: { ...asked, ...fields },
    responses: { input: 'Hi', reasoning: { odd: [] }, text: { odd: {} }, ...fields },
    messages: { ...asked, max_tokens: 9, output_config: { odd: {} }, ...fields },
    generate: {
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      generationConfig: { odd: [] },
      toolConfig: { retrievalConfig: {} },
      ...fields,
    },
  };
  test.each(formats)('stay where a request is printed anew as %s', (format) => {
    const { body, dropped } = translated(format, format, blank[format]);
    expect(body).toMatchObject(fields);
    for (const name of ['reasoning', 'text', 'output_config', 'generationConfig', 'toolConfig'])
      if (name in blank[format]) expect(body).toHaveProperty(name, (blank[format] as Json)[name]);
    expect(dropped).toEqual([]);
  });
  test.each(formats.flatMap((from) => formats.filter((to) => to !== from).map((to) => ({ from, to }))))(
    'are no loss from $from to $to',
    ({ from, to }) => {
      const { body, dropped } = translated(from, to, blank[from]);
      expect([dropped, Object.keys(body).filter((name) => name in fields)]).toEqual([[], []]);
    },
  );
  test('are none of Google’s search', () => {
    const { dropped } = translated('generate', 'messages', {
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      tools: [{ googleSearch: { timeRangeFilter: {}, searchTypes: null } }],
    });
    expect(dropped).toEqual([]);
  });
});

describe('a file by its kind', () => {
  const file = (file_data: string): Json => ({ messages: [{ role: 'user', content: [{ type: 'file', file: { file_data } }] }] }); // prettier-ignore
  const part = (file_data: string) => codecs.chat.decodeRequest(file(file_data)).messages[0]?.parts[0];

  test.each([
    ['gs://b/a.mp4', { kind: 'video', mime: 'video/mp4', url: 'gs://b/a.mp4' }],
    ['https://host/a.mp3?x=1', { kind: 'audio', mime: 'audio/mpeg', url: 'https://host/a.mp3?x=1' }],
    ['https://host/a.png', { kind: 'image', mime: 'image/png' }],
    ['https://host/a', { kind: 'document', mime: 'application/pdf' }],
    ['JVBERi0=', { kind: 'document', mime: 'application/pdf', data: 'JVBERi0=' }],
  ])('%s', (data, expected) => {
    expect(part(data)).toMatchObject(expected);
    const input = [{ role: 'user', content: [{ type: 'input_file', file_data: data }] }];
    expect(codecs.responses.decodeRequest({ input }).messages[0]?.parts[0]).toMatchObject(expected);
  });

  test('another scheme is refused by name', () => {
    expect(() => part('s3://b/a.pdf')).toThrow(expect.objectContaining({ code: 'bad_request', field: 'messages[0].content[0].file.file_data' }) as GatewayError); // prettier-ignore
  });

  test.each(['messages', 'responses'] as const)('a document of Google’s own store is refused by name: %s', (to) => {
    expect(() => translated('chat', to, file('gs://b/a.pdf'))).toThrow(
      expect.objectContaining({
        code: 'cannot_translate',
        message: expect.stringContaining('Google') as string,
      }) as GatewayError,
    );
  });

  test('what a format does not hear is named', () => {
    const song = { type: 'file', file: { file_data: 'https://host/a.mp3' } };
    const body = { messages: [{ role: 'user', content: [{ type: 'text', text: 'Which song?' }, song] }] };
    expect(translated('chat', 'messages', body).dropped).toEqual(['audio']);
    expect(translated('chat', 'generate', file('https://host/a.mp3'))).toMatchObject({
      dropped: [],
      body: { contents: [{ parts: [{ fileData: { mimeType: 'audio/mpeg', fileUri: 'https://host/a.mp3' } }] }] },
    });
  });
});

describe('carried', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  };
  const format = { type: 'json_schema', json_schema: { name: 'x', description: 'The place', schema } };

  test('what is said of a JSON schema', () => {
    const body = { ...asked, response_format: format };
    expect(JSON.stringify(translated('chat', 'messages', body).body['output_config'])).toContain('The place');
    expect(JSON.stringify(translated('chat', 'generate', body).body['generationConfig'])).toContain('The place');
    expect(JSON.stringify(translated('chat', 'responses', body).body['text'])).toContain('The place');
  });

  test('the order of properties', () => {
    const parameters = {
      type: 'OBJECT',
      properties: { b: { type: 'STRING' }, a: { type: 'STRING' } },
      propertyOrdering: ['a', 'b'],
    };
    const { text } = translated('generate', 'chat', {
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      tools: [{ functionDeclarations: [{ name: 'f', parameters }] }],
    });
    expect(text).toContain('"properties":{"a":{"type":"string"},"b":{"type":"string"}}');
  });
});

describe('named', () => {
  test.each<[string, 'chat' | 'responses' | 'messages' | 'generate', Json, string[]]>([
    [
      'what is said of a document',
      'messages',
      { max_tokens: 2000, messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'text', data: 'x' }, context: 'A letter' }] }] }, // prettier-ignore
      ['messages[0].content[0].context'],
    ],
    [
      'a mode of reasoning',
      'responses',
      { input: 'Hi', reasoning: { effort: 'low', mode: 'deep' } },
      ['reasoning.mode'],
    ],
    ['a setting of the text', 'responses', { input: 'Hi', text: { later: 1 } }, ['text.later']],
    [
      'who may call a tool',
      'messages',
      { max_tokens: 2000, ...asked, tools: [{ name: 'f', input_schema: { type: 'object' }, allowed_callers: ['code_execution_20250825'] }] }, // prettier-ignore
      ['tools[0].allowed_callers'],
    ],
    [
      'what a tool answers with',
      'responses',
      {
        input: 'Hi',
        tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, output_schema: { type: 'string' } }],
      },
      ['tools[0].output_schema'],
    ],
    [
      'the phase of a message',
      'responses',
      { input: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hm', phase: 'commentary' }, { role: 'user', content: 'So?' }] }, // prettier-ignore
      ['input[1].phase'],
    ],
    [
      'how a declaration behaves, and its answer',
      'generate',
      {
        contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
        tools: [{ functionDeclarations: [{ name: 'f', behavior: 'NON_BLOCKING', response: { type: 'STRING' } }] }],
      },
      ['tools[0].functionDeclarations[0].behavior', 'tools[0].functionDeclarations[0].response'],
    ],
    [
      'how much of a video is meant',
      'generate',
      { contents: [{ role: 'user', parts: [{ fileData: { mimeType: 'image/png', fileUri: 'https://host/a.png' }, videoMetadata: { fps: 1 } }] }] }, // prettier-ignore
      ['contents[0].parts[0].videoMetadata'],
    ],
    [
      'sounds of an earlier answer',
      'chat',
      { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hm', audio: { id: 'a' } }, { role: 'user', content: 'So?' }] }, // prettier-ignore
      ['messages[1].audio'],
    ],
  ])('%s', (_name, from, body, names) => {
    for (const to of formats.filter((format) => format !== from))
      expect([to, translated(from, to, body).dropped]).toEqual([to, names]);
  });
});

test('Gemini’s one content, tool and part without a list around it are read as Google reads them', () => {
  const { body, dropped } = translated('generate', 'messages', {
    system_instruction: { parts: { text: 'You are a cat.' } },
    contents: { parts: { text: 'Hello there' } },
    tools: { function_declarations: [{ name: 'f' }] },
  });
  expect([body['system'], body['messages'], dropped]).toEqual([
    'You are a cat.',
    [{ role: 'user', content: 'Hello there' }],
    [],
  ]);
  expect(body['tools']).toHaveLength(1);
});
