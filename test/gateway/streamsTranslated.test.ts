// Translated streams: life signs, honest ends, Gemini's list, and clients that leave.

import type { ServerResponse } from 'node:http';
import type { FakeCall } from '../support/fakeUpstream';
import { bodies, events, geminiText, type Kind, sse, until, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const { ask } = scene;

describe('a silent upstream [E10]', () => {
  const frames: Record<Kind, string> = {
    chat: ': keep-alive\n\n',
    responses: ': keep-alive\n\n',
    messages: 'event: ping\ndata: {"type":"ping"}\n\n',
    generate: 'data: {}\n\n',
  };
  const models: Record<Kind, string> = {
    chat: 'gemini-3.5-flash',
    responses: 'gemini-3.5-flash',
    messages: 'gemini-3.5-flash',
    generate: 'gpt-4.1',
  };

  test.each(['chat', 'responses', 'messages', 'generate'] as const)(
    '%s: a life sign, and then the answer',
    async (kind) => {
      let release: (() => void) | undefined;
      scene.fake.answer = (_call: FakeCall, response: ServerResponse) => {
        response.writeHead(200, sse);
        response.flushHeaders();
        release = () => {
          response.end(
            kind === 'generate'
              ? events({
                  id: 'c',
                  model: 'gpt-4.1',
                  choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }],
                }) + 'data: [DONE]\n\n'
              : events(geminiText('Hello', { finishReason: 'STOP' })),
          );
        };
      };
      const answer = await ask(kind, models[kind], true);
      expect(answer.status).toBe(200);
      const reader = answer.body?.getReader();
      let got = '';
      while (!got.includes(frames[kind])) got += Buffer.from((await reader?.read())?.value ?? []).toString();
      release?.();
      for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
        got += Buffer.from(piece.value).toString();
      expect(got).toContain('Hello');
    },
  );
});

describe('an upstream that dies in mid-stream [F4]', () => {
  test.each([
    ['chat', /data: \{"error":\{[^\n]*"code":"upstream_died"/, '[DONE]'],
    ['responses', /event: response\.failed\n[^]*event: error\n/, 'response.completed'],
    ['messages', /event: error\ndata: \{"type":"error"/, 'message_stop'],
    ['generate', /data: \{"error":\{"code":502/, '"finishReason"'],
  ] as const)('%s: an error, and no clean end', async (kind, error, end) => {
    scene.fake.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, sse);
      const first =
        kind === 'generate'
          ? events({ id: 'c', model: 'gpt-4.1', choices: [{ index: 0, delta: { content: 'Hello' } }] })
          : events(geminiText('Hello'));
      response.write(first, () => response.destroy());
    };
    const text = await (await ask(kind, kind === 'generate' ? 'gpt-4.1' : 'gemini-3.5-flash', true)).text();
    expect(text).toContain('Hello');
    expect(text).toMatch(error);
    expect(text).not.toContain(end);
  });
});

describe("Gemini's stream as one JSON list", () => {
  const list = (model: string) =>
    fetch(`${scene.gateway.url}/v1beta/models/${model}:streamGenerateContent`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
    });
  const ways: Record<
    string,
    { model: string; headers: Record<string, string>; pieces: readonly string[]; end: string }
  > = {
    'on its own wire': {
      model: 'gemini-3.5-flash',
      headers: { 'content-type': 'application/json; charset=UTF-8' },
      pieces: [
        `[${JSON.stringify(geminiText('Hel"}]lo'))}\n`,
        `,\r\n${JSON.stringify(geminiText('you', { finishReason: 'STOP' }))}`,
      ],
      end: '\n]\n',
    },
    translated: {
      model: 'gpt-4.1',
      headers: sse,
      pieces: [
        events({ id: 'c', model: 'gpt-4.1', choices: [{ index: 0, delta: { content: 'Hel"}]lo' } }] }),
        events({
          id: 'c',
          model: 'gpt-4.1',
          choices: [{ index: 0, delta: { content: 'you' }, finish_reason: 'stop' }],
        }),
      ],
      end: 'data: [DONE]\n\n',
    },
  };
  const words = (json: string) =>
    (JSON.parse(json) as { candidates?: { content: { parts: { text?: string }[] } }[] }[]).map(
      ({ candidates }) => candidates?.[0]?.content.parts[0]?.text,
    );

  test.each(Object.entries(ways))('%s: piece by piece', async (_name, { model, headers, pieces, end }) => {
    let release: (() => void) | undefined;
    scene.fake.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, headers).write(pieces[0]);
      release = () => response.end(`${pieces[1]}${end}`);
    };
    const answer = await list(model);
    expect(answer.headers.get('content-type')).toContain('application/json');
    const reader = answer.body?.getReader();
    let got = '';
    while (!got.includes('lo')) got += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(words(`${got}]`)).toEqual(['Hel"}]lo']); // it came before the rest was sent
    release?.();
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
      got += Buffer.from(piece.value).toString();
    expect(words(got).filter((text) => text !== undefined && text !== '')).toEqual(['Hel"}]lo', 'you']);
    if (model.startsWith('gemini')) expect(got).toBe(pieces.join('') + end);
  });

  test.each(Object.entries(ways))(
    '%s: a death in the middle is its last piece',
    async (_name, { model, headers, pieces }) => {
      scene.fake.answer = (_call: FakeCall, response: ServerResponse) => {
        response.writeHead(200, headers);
        response.write(`${pieces[0]}${pieces[1]?.slice(0, 30)}`, () => response.destroy());
      };
      const told = JSON.parse(await (await list(model)).text()) as { error?: { code: number } }[];
      expect(JSON.stringify(told[0])).toContain('lo');
      expect(told.at(-1)?.error).toMatchObject({ code: 502 });
      expect(JSON.stringify(told)).not.toContain('finishReason');
    },
  );
});

test('a client that leaves a translated stream ends the upstream call', async () => {
  scene.fake.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, sse);
    response.write(events(geminiText('Hello')));
  };
  const leave = new AbortController();
  const answer = await fetch(`${scene.gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify(bodies('gemini-3.5-flash', true).messages),
    signal: leave.signal,
  });
  await until(answer, 'Hello').catch(() => undefined);
  leave.abort();
  await expect(scene.fake.calls[0]?.closed).resolves.toBe('gone');
});
