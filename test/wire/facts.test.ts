// The facts about formats, the endpoints of each wire, and what they are for: code outside wire/ that names no format.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Provider } from '../../config/load';
import type { WireId } from '../../config/knownProviders';
import { scanJson, splice } from '../../gateway/src/core/jsonScan';
import { maxOutputOf } from '../../gateway/src/pipeline/admit';
import { inspect } from '../../gateway/src/pipeline/inspect';
import { openUsageTap } from '../../gateway/src/pipeline/usageTap';
import { countEndpoint, embeddingsEndpoint } from '../../gateway/src/upstream/providers';
import { codecs } from '../../gateway/src/wire';
import { decodeCountResponse, encodeCountResponse } from '../../gateway/src/wire/countRequest';
import { formatFacts } from '../../gateway/src/wire/formats';
import type { Format } from '../../gateway/src/wire/neutral';
import { needsPlainTurns } from '../../gateway/src/wire/sanitizePassthrough';
import { formats, knownTarget, targets } from './recorded';

const limits = { json_depth: 64, json_nodes: 1_000 } as Parameters<typeof inspect>[2];
const inspected = (format: Format, body: object) => {
  const facts = inspect(format, Buffer.from(JSON.stringify(body)), limits);
  if (facts instanceof Promise) throw new Error('a small body is scanned at once');
  return facts;
};
const provider = (wire: WireId, responses = true) => ({ wire, baseUrl: 'https://host.example', responses }) as Provider;

test('a codec has the facts of its format', () => {
  for (const format of formats) {
    expect(codecs[format]).toMatchObject({ ...formatFacts[format] });
    expect(formatFacts[format].format).toBe(format);
  }
});

describe('a request is inspected by the facts of its format', () => {
  test.each([
    ['chat', { messages: [], max_tokens: 9, max_completion_tokens: 5, n: 3 }, 15], // of all answers together
    ['chat', { messages: [], max_tokens: 9, max_completion_tokens: 'many' }, 9],
    ['responses', { input: 'hi', max_output_tokens: 7, n: 3 }, 7],
    ['messages', { messages: [], max_tokens: 8 }, 8],
    ['generate', { model: 'm', contents: [], generation_config: { max_output_tokens: 6 } }, 6],
    ['generate', { model: 'm', contents: [], generationConfig: { maxOutputTokens: 0 } }, undefined],
  ] as const)('the maximum output of %s %j is %s', (format, body, most) => {
    expect(maxOutputOf(inspected(format, { model: 'm', ...body }).needs)).toBe(most);
  });

  test.each([
    ['chat', { messages: [], user: 'u' }],
    ['responses', { user: 'u' }],
    ['messages', { messages: [], metadata: { user_id: 'u' }, user: 'other' }],
  ] as const)('the end user of %s', (format, body) => {
    expect(inspected(format, { model: 'm', ...body }).endUser).toBe('u');
  });

  test.each([
    ['chat', { messages: [], response_format: { type: 'json_schema' }, reasoning_effort: 'low' }],
    ['responses', { text: { format: { type: 'json_schema' } }, reasoning: { effort: 'low' } }],
    ['messages', { messages: [], output_config: { format: {} }, thinking: { type: 'enabled' } }],
  ] as const)('a JSON schema and reasoning in %s', (format, body) => {
    const { capabilities } = inspected(format, { model: 'm', ...body }).needs;
    expect([...capabilities].sort()).toEqual(['json_schema', 'reasoning']);
  });

  test('a Responses body on the path of chat completions, and tools of another format, are not passed on', () => {
    expect(inspected('chat', { model: 'm', input: 'hi' })).toMatchObject({ format: 'responses', passable: false });
    const tools = [{ name: 'f', input_schema: {} }];
    expect(inspected('chat', { model: 'm', messages: [], tools })).toMatchObject({ format: 'chat', passable: false });
    expect(inspected('messages', { model: 'm', messages: [], tools }).passable).toBe(true);
    expect(inspected('chat', { model: 'm', messages: [], plugins: [] }).hasRouterFields).toBe(true);
    expect(inspected('messages', { model: 'm', messages: [], plugins: [] }).hasRouterFields).toBe(false);
  });

  test('usage in a stream is asked for only in chat completions', () => {
    const more = { stream: true, stream_options: { include_usage: true } };
    expect(inspected('chat', { model: 'm', messages: [], ...more }).includeUsage).toBe(true);
    expect(inspected('chat', { model: 'm', messages: [], ...more, stream: false }).includeUsage).toBe(false);
    expect(inspected('responses', { model: 'm', ...more }).includeUsage).toBe(false);
  });

  test('the older name of the maximum stands where it can be replaced', () => {
    const body = Buffer.from('{"model":"m","messages":[],"max_tokens":5}');
    const { older, newer } = formatFacts.chat.request.renamedMaxOutput!;
    const start = body.lastIndexOf(`"${older}"`, scanJson(body, { depth: 9, nodes: 99 }).fields.get(older)!.start);
    const renamed = splice(body, [{ start, end: start + older.length + 2, text: `"${newer}"` }]);
    expect(JSON.parse(renamed.toString())).toEqual({ model: 'm', messages: [], max_completion_tokens: 5 });
  });
});

test('system messages in mid-conversation are changed only for models that refuse them', () => {
  const body = Buffer.from('{"messages":[{"role":"system","content":"x"}]}');
  expect(needsPlainTurns('messages', knownTarget('claude-haiku-4-5'), body)).toBe(true);
  expect(needsPlainTurns('messages', knownTarget('claude-opus-4-8'), body)).toBe(false);
  expect(needsPlainTurns('messages', knownTarget('claude-haiku-4-5'), Buffer.from('{"messages":[]}'))).toBe(false);
  expect(needsPlainTurns('chat', targets.chat, body)).toBe(false);
});

test('a tap takes out the event with the usage alone, and only that', () => {
  const open = (codec: Format) =>
    openUsageTap({ codec: codecs[codec], answers: 1, hideUsage: true, eventLimit: 10_000 });
  const chunk = (more: object) =>
    `data: ${JSON.stringify({ usage: { prompt_tokens: 3, completion_tokens: 2 }, ...more })}\n\n`;
  const tap = open('chat');
  const last = chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  expect(tap.feed(Buffer.from(last + chunk({ choices: [] })))?.toString()).toBe(last);
  expect(tap).toMatchObject({ usage: { input: 3, output: 2 }, complete: true, failure: undefined });
  const failed = open('generate');
  failed.feed(Buffer.from('data: {"error":{"status":"UNAVAILABLE","message":"m"}}\n\n'));
  expect(failed).toMatchObject({ failure: { kind: 'overloaded', message: 'm' }, complete: false });
});

describe('counting tokens', () => {
  test.each([
    ['openai', 'responses', 'https://host.example/responses/input_tokens'],
    ['anthropic', 'messages', 'https://host.example/v1/messages/count_tokens'],
    ['gemini', 'generate', 'https://host.example/v1beta/models/gemini-3.5-flash:countTokens'],
  ] as const)('%s counts in %s', (wire, format, url) => {
    const endpoint = countEndpoint(provider(wire), targets.generate);
    expect([endpoint?.format, endpoint?.url.href]).toEqual([format, url]);
  });

  test('a host without Responses has no counter', () => {
    expect(countEndpoint(provider('openai', false), targets.chat)).toBeUndefined();
  });

  test.each(['responses', 'messages', 'generate'] as const)('a count in %s is encoded and decoded', (format) => {
    expect(decodeCountResponse(format, encodeCountResponse(format, 42))).toBe(42);
    const { tokensField } = codecs[format].count.counter!;
    for (const none of ['{}', ...['0', '-1', '1.5', '"42"', 'null', '1e30', '[]'].map((value) => `{"${tokensField}":${value}}`)])
      expect(() => decodeCountResponse(format, Buffer.from(none))).toThrow(expect.objectContaining({ code: 'upstream_garbage' })); // prettier-ignore
    expect(() => decodeCountResponse(format, Buffer.from('no JSON'))).toThrow(
      expect.objectContaining({ code: 'upstream_garbage' }),
    );
  });
});

test('embeddings are made by OpenAI-compatible hosts, and by Gemini after a translation', () => {
  const endpoint = (wire: WireId) => embeddingsEndpoint(provider(wire), targets.generate);
  expect(endpoint('openai')).toEqual({ url: new URL('https://host.example/embeddings'), sameWire: true });
  expect(endpoint('gemini')?.url.pathname).toBe('/v1beta/models/gemini-3.5-flash:batchEmbedContents');
  expect(endpoint('gemini')?.sameWire).toBe(false);
  expect(endpoint('anthropic')).toBeUndefined();
});

test('a codec folder imports no other codec folder, and shared folders import none', () => {
  const root = join(__dirname, '..', '..', 'gateway', 'src', 'wire');
  const codecFolders = ['anthropicMessages', 'geminiGenerate', 'openaiChat', 'openaiResponses'];
  const folders = readdirSync(root).filter((name) => statSync(join(root, name)).isDirectory());
  const foreign = folders.flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((file) =>
      [...readFileSync(join(root, folder, file), 'utf8').matchAll(/from '\.\.\/(\w+)\//g)]
        .filter(([, name = '']) => codecFolders.includes(name))
        .map(([, name]) => `${folder}/${file} imports ${name}`),
    ),
  );
  expect(codecFolders.every((name) => folders.includes(name))).toBe(true);
  expect(foreign).toEqual([]);
});
