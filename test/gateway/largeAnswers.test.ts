// Whole answers of some megabytes on the same wire: passed on as they come, no faster than they are read.

import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { bodies, type Kind, paths, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const MiB = 1024 * 1024;
const long = 'word "quoted" \\ ü '.repeat(200_000);

const answers: Readonly<Record<Kind, { model: string; body: object; output: number }>> = {
  chat: {
    model: 'gpt-5.5',
    body: { id: 'c', object: 'chat.completion', created: 1, model: 'gpt-5.5', choices: [{ index: 0, message: { role: 'assistant', content: `{"usage":{"completion_tokens":9}} ${long}` }, finish_reason: 'stop' }], usage: { prompt_tokens: 11, completion_tokens: 700_000, completion_tokens_details: { reasoning_tokens: 3 } } },
    output: 700_000,
  },
  responses: {
    model: 'gpt-5.5',
    body: { id: 'r', object: 'response', created_at: 1, status: 'completed', model: 'gpt-5.5', output: [{ type: 'message', id: 'x', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: long, annotations: [] }] }], usage: { input_tokens: 11, output_tokens: 600_000, total_tokens: 1 }, user: null, metadata: {} },
    output: 600_000,
  },
  messages: {
    model: 'claude-opus-4-7',
    body: { id: 'm', type: 'message', role: 'assistant', model: 'claude-opus-4-7', content: [{ type: 'text', text: long }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 11, output_tokens: 500_000 } },
    output: 500_000,
  },
  generate: {
    model: 'gemini-3.5-flash',
    body: { candidates: [{ content: { role: 'model', parts: [{ text: long }] }, finishReason: 'STOP', index: 0 }], usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 400_000, totalTokenCount: 1 }, modelVersion: 'gemini-3.5-flash' },
    output: 400_000,
  },
}; // prettier-ignore

test.each(Object.keys(answers) as Kind[])('byte for byte and booked as reported: %s', async (kind) => {
  const { model, body, output } = answers[kind];
  const text = JSON.stringify(body);
  scene.fake.answer = { body: text, slice: 300_000 };
  const answer = await scene.ask(kind, model, false);
  expect(await answer.text()).toBe(text);
  expect(answer.headers.get('x-ovth-route')).toContain(model);
  const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
  expect(row).toMatchObject({ outcome: 'ok', estimated: false, input: 11, output });
});

test('embeddings too', async () => {
  const data = Array.from({ length: 300 }, (_, index) => ({ object: 'embedding', index, embedding: Array.from({ length: 1_000 }, () => 0.0123) })); // prettier-ignore
  const text = JSON.stringify({ object: 'list', data, model: 'e', usage: { prompt_tokens: 77, total_tokens: 77 } });
  expect(text.length).toBeGreaterThan(MiB);
  scene.fake.answer = { body: text };
  const answer = await fetch(`${scene.gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify({ model: 'text-embedding-3-small', input: 'hi' }),
  });
  expect(await answer.text()).toBe(text);
  const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
  expect(row).toMatchObject({ outcome: 'ok', estimated: false, input: 77, output: 0 });
});

test('one that breaks off ends as a broken connection, and is booked as one that died', async () => {
  scene.fake.answer = (_call, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 9 * MiB });
    response.write(Buffer.alloc(6 * MiB, 0x20));
    setTimeout(() => response.destroy(), 50);
  };
  const answer = await scene.ask('chat', 'gpt-5.5', false);
  await expect(answer.text()).rejects.toThrow();
  const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
  expect(row).toMatchObject({ outcome: 'upstream_died', estimated: true });
});

test.each([
  ['blanks behind it', (text: string) => text + ' '.repeat(1_000)],
  ['a byte order mark before it', (text: string) => `\ufeff${text}`],
  ['a number that Python writes and reads', (text: string) => text.replace('"index":0', '"index":0,"logprobs":NaN')],
])('one with %s is booked as reported', async (_name, odd) => {
  const text = odd(JSON.stringify(answers.chat.body));
  scene.fake.answer = { body: text };
  const answer = await scene.ask('chat', 'gpt-5.5', false);
  expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(text))).toBe(true);
  const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
  expect(row).toMatchObject({ outcome: 'ok', estimated: false, input: 11, output: 700_000 });
});

describe('one that is none is booked as what it was, although it has been sent', () => {
  const failures: readonly (readonly [Kind, string, object])[] = [
    ['chat', 'an abnormal reason', { choices: [{ index: 0, message: { content: long }, finish_reason: 'error' }], usage: { prompt_tokens: 11, completion_tokens: 7 } }],
    ['chat', 'an error behind its text', { choices: [{ index: 0, message: { content: long }, finish_reason: 'stop' }], error: { code: 502, message: 'm' } }],
    ['responses', 'a failed status', { id: 'r', output: [{ type: 'message', content: [{ type: 'output_text', text: long }] }], status: 'failed', error: { code: 'server_error', message: 'm' } }],
    ['messages', 'an unknown reason', { type: 'message', content: [{ type: 'text', text: long }], stop_reason: 'exploded', usage: { input_tokens: 11, output_tokens: 7 } }],
    ['generate', 'an abnormal reason', { candidates: [{ content: { parts: [{ text: long }] }, finishReason: 'MALFORMED_FUNCTION_CALL' }], usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7 } }],
  ]; // prettier-ignore
  test.each(failures)('%s: %s [F10]', async (kind, _name, body) => {
    const text = JSON.stringify(body);
    scene.fake.answer = { body: text, slice: 300_000 };
    const answer = await scene.ask(kind, answers[kind].model, false);
    expect([answer.status, await answer.text()]).toEqual([200, text]);
    const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
    expect(row).toMatchObject({ outcome: 'error', error: expect.stringMatching(/^upstream_/) });
  });

  test('one that its provider ends in the middle, of which all that came may be charged', async () => {
    scene.fake.answer = { body: JSON.stringify(answers.chat.body).slice(0, -400) };
    const answer = await scene.ask('chat', 'gpt-5.5', false);
    await answer.text();
    const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
    expect(row).toMatchObject({ outcome: 'upstream_died', error: 'upstream_died', estimated: true });
    expect(row.output).toBeGreaterThan(100_000);
  });

  test.each(['ends', 'breaks off'])('of embeddings that the provider %s in the middle no output is booked', async (how) => {
    const data = Array.from({ length: 300 }, (_, index) => ({ index, embedding: Array.from({ length: 1_000 }, () => 0.0123) }));
    scene.fake.answer = (_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(JSON.stringify({ data }).slice(0, -400), () => (how === 'ends' ? response.end() : response.destroy()));
    };
    const answer = await fetch(`${scene.gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify({ model: 'text-embedding-3-small', input: 'hi' }),
    });
    await answer.text().catch(() => undefined);
    const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
    expect(row).toMatchObject({ outcome: 'upstream_died', estimated: true, output: 0 });
  }); // prettier-ignore
});

describe('a client that does not read', () => {
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(scene.gateway.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const body = JSON.stringify(bodies('gpt-5.5', false).chat);
    socket.write(
      `POST ${paths('gpt-5.5', false).chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${scene.key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  };

  test('holds its provider back, and is cut in the end [E1]', async () => {
    await scene.gateway.reload(
      `limits: {reader_stall_ms: 1000}\nproviders: {openai: {base_url: "${scene.fake.url}/v1"}}\n`,
    );
    let taken = 0;
    const all = 200 * MiB;
    const gone = new Promise<void>((resolve) => {
      scene.fake.answer = async (_call, response) => {
        response.on('close', () => resolve());
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': all });
        const piece = Buffer.alloc(MiB, 0x20);
        for (let sent = 0; sent < all && !response.destroyed; sent += piece.length) {
          if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
          taken = sent;
        }
      };
    });
    const socket = await open();
    socket.pause();
    await gone; // by reader_stall_ms
    expect(taken).toBeLessThan(all / 2); // what lies between is in the system's own buffers
    while (!scene.gateway.requests.some(({ outcome }) => outcome === 'client_gone'))
      await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
  });
});
