// A conversation with a search in it goes on: at the provider that made it its blocks come back as they were, at another one
// they are words that name the query and the pages. The simulators refuse what they have not made.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type Scene, startScene } from '../support/sim';
import { searchOf } from '../simulators/webSearch';

let scene: Scene;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint();
  openai = new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: `${scene.gateway.url}/anthropic`, apiKey: key, maxRetries: 0 });
});
afterAll(() => scene.close());
beforeEach(() => scene.simulators.reset());

const makers = ['gpt-5.5', 'claude-haiku-4-5', 'gemini-3.5-flash'] as const;
const providers = { 'gpt-5.5': 'openai', 'claude-haiku-4-5': 'anthropic', 'gemini-3.5-flash': 'google' } as const;
const pairs = makers.flatMap((first) => makers.map((then) => [first, then] as const));
const prompt = 'Search the web for tidal power';
const { query, pages } = searchOf('auto', prompt)!;
const marks = ['b3Z0aDE6', 'srvtoolu_', '"type":"web_search_call"', '"ws_'];

const sentTo = async (model: (typeof makers)[number], n: number) =>
  (await scene.simulators[providers[model]].waitForCalls(n)).at(-1)!.body.toString();

/** The search is there in words, and nothing of the blocks of who made it. */
function expectWords(sent: string): void {
  expect(sent).toContain(`Searched the web for \\"${query}\\".`);
  for (const { url } of pages) expect(sent).toContain(url);
  for (const mark of marks) expect(sent).not.toContain(mark);
}

test.each(pairs)("a client of Anthropic's: searched by %s, gone on with by %s", async (first, then) => {
  const tools: Anthropic.Messages.ToolUnion[] = [{ type: 'web_search_20250305', name: 'web_search' }];
  const opening = { role: 'user' as const, content: prompt };
  const answer = await anthropic.messages.create({ model: first, max_tokens: 2_000, messages: [opening], tools });
  const messages: Anthropic.MessageParam[] = [
    opening,
    { role: 'assistant', content: answer.content as Anthropic.ContentBlockParam[] },
    { role: 'user', content: 'And now?' },
  ];
  await anthropic.messages.create({ model: then, max_tokens: 2_000, messages, tools });
  const sent = await sentTo(then, first === then ? 2 : 1);
  if (first === 'claude-haiku-4-5' && then === first) {
    for (const block of answer.content) expect(sent).toContain(JSON.stringify(block));
  } else expectWords(sent);
});

test.each(pairs)("a client of OpenAI's Responses: searched by %s, gone on with by %s", async (first, then) => {
  const tools = [{ type: 'web_search' as const }];
  const opening = { role: 'user' as const, content: prompt };
  const include = ['web_search_call.action.sources' as const, 'reasoning.encrypted_content' as const];
  const answer = await openai.responses.create({ model: first, input: [opening], tools, include, store: false });
  const input = [opening, ...answer.output, { role: 'user' as const, content: 'And now?' }];
  await openai.responses.create({ model: then, input: input as OpenAI.Responses.ResponseInput, tools, store: false });
  const sent = await sentTo(then, first === then ? 2 : 1);
  if (first === 'gpt-5.5' && then === first) {
    expect(sent).toContain(JSON.stringify(answer.output.find(({ type }) => type === 'web_search_call')));
  } else expectWords(sent);
});
