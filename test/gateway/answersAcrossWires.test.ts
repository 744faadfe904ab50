// `n` and `candidateCount` through the gateway, whole and streamed, and what is booked for them.

import { events, type Fields, sse, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const { ask, sent } = scene;

const candidate = (index: number, text: string, finishReason?: string) => ({
  candidates: [{ index, content: { role: 'model', parts: [{ text }] }, ...(finishReason && { finishReason }) }],
  modelVersion: 'gemini-3.5-flash',
  responseId: 'r1',
});
const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 9, totalTokenCount: 14 };

test('a whole answer of Gemini’s to a client of chat completions', async () => {
  const { candidates } = candidate(0, 'One', 'STOP');
  const second = candidate(1, 'Two', 'MAX_TOKENS').candidates;
  scene.fake.answer = {
    body: JSON.stringify({ candidates: [...candidates, ...second], usageMetadata, responseId: 'r1' }),
  };
  const answer = await ask('chat', 'gemini-3.5-flash', false, { n: 2 });
  expect(answer.headers.get('x-ovth-dropped')).toBeNull();
  expect(sent()['generationConfig']).toEqual({ candidateCount: 2 });
  expect(await answer.json()).toMatchObject({
    choices: [
      { index: 0, message: { content: 'One' }, finish_reason: 'stop' },
      { index: 1, message: { content: 'Two' }, finish_reason: 'length' },
    ],
    usage: { prompt_tokens: 5, completion_tokens: 9 },
  });
});

test('a stream of Gemini’s, whose first answer finishes long before the second', async () => {
  scene.fake.answer = {
    headers: sse,
    body: events(candidate(0, 'One', 'STOP'), candidate(1, 'T'), candidate(1, 'wo'), {
      ...candidate(1, '!', 'STOP'),
      usageMetadata,
    }),
    slice: 40,
  };
  const answer = await ask('chat', 'gemini-3.5-flash', true, { n: 2, stream_options: { include_usage: true } });
  const text = await answer.text();
  const chunks = text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as { choices: Fields[]; usage?: Fields });
  const said = (index: number) =>
    chunks
      .flatMap(({ choices }) => choices)
      .filter((choice) => choice['index'] === index)
      .map(({ delta }) => (delta as { content?: string }).content ?? '')
      .join('');
  expect([said(0), said(1)]).toEqual(['One', 'Two!']);
  expect(chunks.flatMap(({ choices }) => choices.map((choice) => choice['finish_reason'])).filter(Boolean)).toEqual(['stop', 'stop']); // prettier-ignore
  expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 9 });
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
});

test('a stream that breaks off in its second answer is no clean end', async () => {
  scene.fake.answer = { headers: sse, body: events(candidate(0, 'One', 'STOP'), candidate(1, 'T')) };
  const text = await (await ask('chat', 'gemini-3.5-flash', true, { n: 2 })).text();
  expect(text).toContain('"error"');
  expect(text).not.toContain('[DONE]');
});

test('an answer of OpenAI’s to a client of Gemini', async () => {
  const choice = (index: number, content: string) => ({ index, message: { content }, finish_reason: 'stop' });
  scene.fake.answer = {
    body: JSON.stringify({
      id: 'x',
      model: 'gpt-4.1',
      choices: [choice(0, 'One'), choice(1, 'Two')],
      usage: { prompt_tokens: 5, completion_tokens: 9 },
    }),
  };
  const answer = await ask('generate', 'gpt-4.1', false, { generationConfig: { candidateCount: 2 } });
  expect(sent()).toMatchObject({ n: 2 });
  expect(await answer.json()).toMatchObject({
    candidates: [
      { index: 0, content: { parts: [{ text: 'One' }] } },
      { index: 1, content: { parts: [{ text: 'Two' }] } },
    ],
  });
});
