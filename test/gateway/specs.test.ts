// What simulators and gateway say, held against the providers' own API descriptions: whole answers and every event.

import { describeIf } from '../support/shared';
import { say, type Scene, startScene } from '../support/sim';
import { specs, type Validator } from '../support/specs';

const known = specs();

describeIf(known !== undefined)('the providers’ descriptions', () => {
  let scene: Scene;
  let key: string;
  let chat: { whole: Validator; event: Validator };
  let messages: { whole: Validator; event: Validator };
  let generate: Validator;

  beforeAll(async () => {
    scene = await startScene('');
    key = await scene.gateway.mint();
    if (known === undefined) throw new Error('this suite is skipped without the descriptions');
    chat = {
      whole: known.openai('CreateChatCompletionResponse'),
      event: known.openai('CreateChatCompletionStreamResponse'),
    };
    messages = { whole: known.anthropic('Message'), event: known.anthropic('MessageStreamEvent') };
    generate = known.gemini('GenerateContentResponse');
  }, 60_000);
  afterAll(() => scene.close());
  beforeEach(() => scene.simulators.reset());

  const tool = {
    name: 'get_weather',
    schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  };
  const bodies = {
    chat: (model: string, text: string) => ({
      model,
      messages: say(text),
      tools: [{ type: 'function', function: { name: tool.name, parameters: tool.schema } }],
    }),
    messages: (model: string, text: string) => ({
      model,
      max_tokens: 500,
      messages: say(text),
      tools: [{ name: tool.name, input_schema: tool.schema }],
    }),
  };
  const paths = { chat: '/v1/chat/completions', messages: '/v1/messages' };
  const events = (text: string): unknown[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('data:') && !line.includes('[DONE]') && !line.includes('"ping"')) // pings are documented, not described
      .map((line) => JSON.parse(line.slice(5)) as unknown);

  // Real answers say null here.
  const relaxed = (problems: string[]) =>
    problems.filter((problem) => problem !== '/system_fingerprint must be string');

  const cases = (['chat', 'messages'] as const).flatMap((format) =>
    (['gpt-5.5', 'claude-opus-4.7', 'gemini-3.5-flash'] as const).flatMap((model) =>
      ['Say 3 paragraphs', 'Use the tool get_weather for Oslo'].map((text) => ({ format, model, text })),
    ),
  );

  test.each(cases)('$format from $model: $text', async ({ format, model, text }) => {
    const validators = format === 'chat' ? chat : messages;
    const whole = await scene.post(paths[format], key, bodies[format](model, text));
    expect(whole.status).toBe(200);
    expect(relaxed(validators.whole(await whole.json()))).toEqual([]);
    const streamed = await scene.post(paths[format], key, { ...bodies[format](model, text), stream: true });
    for (const event of events(await streamed.text()))
      expect({ event, problems: relaxed(validators.event(event)) }).toEqual({ event, problems: [] });
  });

  test('the Google simulator’s own answers', async () => {
    await scene.post(paths.chat, key, bodies.chat('gemini-3.5-flash', 'hi'));
    await scene
      .post(paths.chat, key, { ...bodies.chat('gemini-3.5-flash', 'Use the tool get_weather'), stream: true })
      .then((answer) => answer.text());
    const [whole, streamed] = await scene.simulators.google.waitForCalls(2);
    expect(generate(JSON.parse(String(whole?.answer)))).toEqual([]);
    for (const event of events(String(streamed?.answer))) expect(generate(event)).toEqual([]);
  });
});
