// Recorded real traffic through a running gateway on the same wire: the same bytes out as in, both ways, however cut.

import { describeIf, recordings, type Recording } from '../support/shared';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';

const wires = [
  {
    file: 'openai-chat',
    path: '/v1/chat/completions',
    provider: 'fakeopenai',
    wire: 'openai',
    base: '/v1',
    target: '/v1/chat/completions',
  },
  {
    file: 'anthropic-messages',
    path: '/anthropic/v1/messages',
    provider: 'fakeanthropic',
    wire: 'anthropic',
    base: '',
    target: '/v1/messages',
  },
  {
    file: 'openai-responses',
    path: '/v1/responses',
    provider: 'fakeopenai',
    wire: 'openai',
    base: '/v1',
    target: '/v1/responses',
  },
  {
    file: 'gemini-generateContent',
    path: 'generateContent',
    provider: 'fakegoogle',
    wire: 'gemini',
    base: '',
    target: 'generateContent',
  },
  {
    file: 'gemini-streamGenerateContent',
    path: 'streamGenerateContent',
    provider: 'fakegoogle',
    wire: 'gemini',
    base: '',
    target: 'streamGenerateContent',
  },
] as const;

/** Gemini names model, action and form in the path; the others name the model in the body. */
function pathsOf(path: string, target: string, provider: string, row: Recording): { sent: string; seen: string } {
  if (path.startsWith('/')) return { sent: path, seen: target };
  const [, model = '', query = ''] = /models\/([^:]+):\w+(\?alt=sse)?/.exec(row.path) ?? [];
  return {
    sent: `/v1beta/models/${provider}/${model}:${path}${query}`,
    seen: `/v1beta/models/${model}:${target}${query}`,
  };
}

/** A recorded answer's bytes. Some recordings hold a stream as the list of its pieces. */
function bytesOf(row: Recording): Buffer {
  if (typeof row.response === 'string') return Buffer.from(row.response);
  if (row.contentType.includes('event-stream') && Array.isArray(row.response))
    return Buffer.from(row.response.map((piece) => `data: ${JSON.stringify(piece)}\r\n\r\n`).join(''));
  return Buffer.from(JSON.stringify(row.response));
}

const slices = [undefined, 1, 7, 65_536];

describe.each(wires)('$file, same wire', ({ file, path, provider, wire, base, target }) => {
  // gemini-streamGenerateContent:30 recorded no byte of an answer: that is a provider that died, and is told so.
  const rows = recordings(file)?.filter((row) => !(Array.isArray(row.response) && row.response.length === 0));
  describeIf(rows !== undefined)('recorded', () => {
    let upstream: FakeUpstream;
    let gateway: TestGateway;
    let key: string;

    beforeAll(async () => {
      upstream = await startFakeUpstream();
      // A model name that needs no change lets the request's bytes be compared as they are.
      gateway = await startTestGateway({
        config: `providers: {${provider}: {base_url: "${upstream.url}${base}", wire: ${wire}, stream_usage: false${wire === 'openai' ? ', responses: true' : ''}}}`,
      });
      key = await gateway.mint();
    });
    afterAll(async () => {
      await gateway.close();
      await upstream.close();
    });

    // The recording's request under the name of our fake provider, and as the provider must see it.
    const bodies = (row: Recording) => {
      const request = row.request as Record<string, unknown>;
      const model = String(request['model']);
      const seen = Buffer.from(JSON.stringify(request));
      if (wire === 'gemini') return { sent: seen, seen };
      return {
        sent: Buffer.from(seen.toString().replace(JSON.stringify(model), JSON.stringify(`${provider}/${model}`))),
        seen,
      };
    };

    test('there are recordings', () => expect(rows?.length).toBeGreaterThanOrEqual(45));

    test.each(slices)(
      'every request and response is byte-equal when the answer comes in slices of %s [E7]',
      async (slice) => {
        for (const row of rows ?? []) {
          const { sent, seen } = bodies(row);
          const response = bytesOf(row);
          const paths = pathsOf(path, target, provider, row);
          // One byte a packet is only worth its time on streams, where cuts could matter, and on the first part of them.
          const answer =
            slice === 1 && !row.contentType.includes('event-stream')
              ? { body: response }
              : { body: response, ...(slice === undefined ? {} : { slice }) };
          upstream.answer = { ...answer, status: row.status, headers: { 'content-type': row.contentType } };
          upstream.calls.length = 0;
          const got = await fetch(gateway.url + paths.sent, {
            method: 'POST',
            headers: {
              authorization: `Bearer ${key}`,
              'content-type': 'application/json',
              'anthropic-version': '2023-06-01',
            },
            body: sent,
          });
          const bytes = Buffer.from(await got.arrayBuffer());
          if (upstream.calls.length !== 1)
            throw new Error(`not sent once: ${bytes.toString()} for ${sent.toString().slice(0, 300)}`);
          expect(upstream.calls[0]?.path).toBe(paths.seen);
          expect(upstream.calls[0]?.body.equals(seen)).toBe(true);
          expect(got.status).toBe(row.status);
          expect(got.headers.get('content-type')).toBe(row.contentType);
          if (!bytes.equals(response)) expect(bytes.toString()).toBe(response.toString());
          if (row.status === 200) {
            const line = await gateway.row(got.headers.get('x-request-id') ?? '');
            expect({ id: row.path, estimated: line.estimated, ...usageOf(line) }).toEqual({
              id: row.path,
              ...expectedUsage(row),
            });
          }
        }
      },
      120_000,
    );
  });
});

function usageOf(line: Record<string, unknown>) {
  return {
    input: line['input'],
    cache_read: line['cache_read'],
    cache_write: Number(line['cache_write_5m']) + Number(line['cache_write_1h']),
    output: line['output'],
  };
}

// What the provider reported, read independently of the gateway's own code: the last value of each field.
function expectedUsage(row: Recording) {
  const raw = bytesOf(row).toString();
  const text = row.contentType.includes('event-stream') ? raw : `data: ${JSON.stringify(JSON.parse(raw))}`;
  let usage: Record<string, any> | undefined; // eslint-disable-line @typescript-eslint/no-explicit-any
  for (const line of text.split('\n')) {
    if (!line.startsWith('data:') || line.includes('[DONE]')) continue;
    const event = JSON.parse(line.slice(5));
    for (const one of Array.isArray(event) ? event : [event]) {
      const found = one.usage ?? one.message?.usage ?? one.response?.usage ?? one.usageMetadata;
      if (found) usage = { ...usage, ...found };
    }
  }
  if (usage === undefined)
    return { estimated: true, input: expect.any(Number), cache_read: 0, cache_write: 0, output: expect.any(Number) };
  if ('prompt_tokens' in usage) {
    const cached = usage['prompt_tokens_details']?.cached_tokens ?? 0;
    return {
      estimated: false,
      input: usage['prompt_tokens'] - cached,
      cache_read: cached,
      cache_write: 0,
      output: usage['completion_tokens'] ?? 0,
    };
  }
  if ('totalTokenCount' in usage || 'promptTokenCount' in usage) {
    const cached = usage['cachedContentTokenCount'] ?? 0;
    return {
      estimated: false,
      input: (usage['promptTokenCount'] ?? 0) + (usage['toolUsePromptTokenCount'] ?? 0) - cached,
      cache_read: cached,
      cache_write: 0,
      output: (usage['candidatesTokenCount'] ?? 0) + (usage['thoughtsTokenCount'] ?? 0),
    };
  }
  if ('input_tokens_details' in usage) {
    const cached = usage['input_tokens_details']?.cached_tokens ?? 0;
    return {
      estimated: false,
      input: usage['input_tokens'] - cached,
      cache_read: cached,
      cache_write: 0,
      output: usage['output_tokens'],
    };
  }
  return {
    estimated: false,
    input: usage['input_tokens'],
    cache_read: usage['cache_read_input_tokens'] ?? 0,
    cache_write: usage['cache_creation_input_tokens'] ?? 0,
    output: usage['output_tokens'],
  };
}
