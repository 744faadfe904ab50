// The base URLs that people give to SDKs, in every spelling: all of them reach the gateway.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { generateText, type LanguageModel } from 'ai';
import OpenAI from 'openai';
import { type Scene, startScene } from './scene';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.close());

const messages = [{ role: 'user' as const, content: 'hi' }];

describe.each(['', '/v1', '/v1/', '/v1/v1', '/v1/chat/completions', '/api', '/api/v1'])('OpenAI’s at %s', (base) => {
  const options = () => ({ baseURL: scene.gateway.url + base, apiKey: scene.key });
  test('the official SDK', async () => {
    const client = new OpenAI({ ...options(), maxRetries: 0 });
    const { choices } = await client.chat.completions.create({ model: 'gpt-5.5', messages });
    expect(choices[0]?.message.content).toMatch(/\w/);
    expect((await client.models.list()).data.length).toBeGreaterThan(5);
    expect((await client.responses.create({ model: 'gpt-5.5', input: 'hi' })).output_text).toMatch(/\w/);
  });
  test('the ai package', () => answers(createOpenAI(options()).chat('gpt-5.5')));
});

// The official SDK appends /v1/messages, the ai package /messages.
describe.each(['', '/anthropic', '/anthropic/', '/anthropic/v1', '/anthropic/v1/messages', '/v1', '/api', '/api/v1'])(
  'Anthropic’s at %s',
  (base) => {
    const options = () => ({ baseURL: scene.gateway.url + base, apiKey: scene.key });
    test('the official SDK', async () => {
      const client = new Anthropic({ ...options(), maxRetries: 0 });
      const { content } = await client.messages.create({ model: 'claude-opus-4.7', max_tokens: 50, messages });
      expect(content[0]).toMatchObject({ type: 'text', text: expect.stringMatching(/\w/) });
      const { input_tokens } = await client.messages.countTokens({ model: 'claude-opus-4.7', messages });
      expect(input_tokens).toBeGreaterThan(0);
    });
    test('the ai package', () => answers(createAnthropic(options())('claude-opus-4.7')));
  },
);

describe.each(['', '/', '/v1beta', '/v1'])('Gemini’s at %s', (base) => {
  const baseUrl = () => scene.gateway.url + base;
  test('the official SDK', async () => {
    const client = new GoogleGenAI({ apiKey: scene.key, httpOptions: { baseUrl: baseUrl() } });
    expect((await client.models.generateContent({ model: 'gemini-3.5-flash', contents: 'hi' })).text).toMatch(/\w/);
  });
  test('the ai package', () =>
    answers(createGoogle({ baseURL: baseUrl().replace(/\/$/, ''), apiKey: scene.key })('gemini-3.5-flash')));
});

// ---

async function answers(model: LanguageModel): Promise<void> {
  const { text } = await generateText({ model, prompt: 'hi', maxRetries: 0 });
  expect(text).toMatch(/\w/);
}
