// Names that every object has, as fields of a body: they are fields like any other, and paths are tidied in one pass.

import { tidyUrl } from '../../gateway/src/http/paths';
import { type ErrorScene, requestOf, startErrorScene } from '../support/errorScene';

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
const dialects = ['openai', 'responses', 'anthropic', 'gemini', 'openrouter'] as const;
const chatAnswer = '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}';
const messagesAnswer =
  '{"type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}';

let scene: ErrorScene;
beforeAll(async () => {
  scene = await startErrorScene();
});
afterAll(() => scene.close());

test.each(dialects.flatMap((dialect) => names.map((name) => [dialect, name] as const)))(
  '%s with a field %s is answered, on its own wire and on another [B7]',
  async (dialect, name) => {
    for (const model of ['own/m', 'claudish/m']) {
      scene.fake.answer = { body: model === 'own/m' ? chatAnswer : messagesAnswer };
      const { body } = requestOf(dialect, model);
      for (const value of ['{"x":1}', '1', 'null', '[]']) {
        const text = `{${JSON.stringify(name)}:${value},${JSON.stringify(body).slice(1)}`;
        const { status, text: said } = await scene.ask(dialect, model, {}, { body: text });
        expect([model, value, status, said]).toEqual([model, value, 200, expect.any(String)]);
      }
    }
  },
);

test.each([
  ['/v1/chat/completions', '/v1/chat/completions'],
  ['/v1/v1/chat/completions', '/v1/chat/completions'],
  ['/v1/v1/v1x', '/v1/v1x'],
  ['/api/v1/v1/models/', '/api/v1/models'],
  [`${'/v1'.repeat(1_000_000)}/models?x=/v1/v1/`, '/v1/models?x=/v1/v1/'],
  [`${'/v1'.repeat(1_000_000)}`, '/v1/v1'],
  [`/v1${'/chat/completions'.repeat(200_000)}`, `/v1${'/chat/completions'.repeat(200_000)}`],
  [`${'/'.repeat(3_000_000)}v1/models`, '/v1/models'],
])('%.30s is tidied', (url, tidy) => expect(tidyUrl(url)).toBe(tidy));
