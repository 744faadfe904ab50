// What a refusal has shown of a host, of a model, or of an organisation holds for the account that was refused, for an hour, and
// is learnt from its own cause alone.

import type { ServerResponse } from 'node:http';
import { type FakeCall, type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { fieldsFor, wholeAnswer } from '../support/routeScene';
import { bodies, type Fields, type Kind, paths } from '../support/translation';

const hour = 3_600_000;
let fake: FakeUpstream;
let gateway: TestGateway;
let key: string;
let now: number;

const config = (account: string) => `
providers:
  openai: {base_url: "${fake.url}/v1", accounts: {${account}: {api_key_env: ${account.toUpperCase()}_KEY}}}
  host: {base_url: "${fake.url}/host/v1", wire: openai, responses: true, accounts: {${account}: {api_key_env: ${account.toUpperCase()}_KEY}}}
`;

beforeEach(async () => {
  now = Date.UTC(2026, 10, 26, 12);
  fake = await startFakeUpstream();
  gateway = await startTestGateway({ config: config('one'), keys: { ONE_KEY: 'sk-1', TWO_KEY: 'sk-2' }, now: () => now });
  key = await gateway.mint();
}); // prettier-ignore
afterEach(async () => {
  await gateway.close();
  await fake.close();
});

/** A refusal of a request, where it is of that kind. */
type Refuse = (call: FakeCall, asked: Fields) => { status: number; error: object } | undefined;

const refusing = (refuse: Refuse) => {
  fake.answer = (call: FakeCall, response: ServerResponse) => {
    const refused = refuse(call, JSON.parse(call.body.toString()) as Fields);
    const format = call.path.endsWith('/responses') ? 'responses' : 'chat';
    response.writeHead(refused?.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(refused === undefined ? wholeAnswer(format, 'Hello') : { error: refused.error }));
  };
};
const calls = async (kind: Kind, model: string, more: Fields) => {
  const before = fake.calls.length;
  const answer = await fetch(gateway.url + paths(model, false)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(bodies(model, false, more)[kind]),
  });
  await answer.text();
  return fake.calls.length - before;
};

const unverified = { message: 'Your organization must be verified to generate reasoning summaries.', param: 'reasoning.summary' }; // prettier-ignore
const summary = ({ path }: FakeCall, asked: Fields) =>
  path.endsWith('/responses') && (asked['reasoning'] as Fields | undefined)?.['summary'] !== undefined;
const thinks = { thinking: { type: 'enabled', budget_tokens: 2_000 } };
const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];

interface Lesson {
  readonly ask: () => Promise<number>;
  readonly refuse: Refuse;
  /** The same status with other words: none of its cause. */
  readonly other: Refuse;
}
const lessons: Readonly<Record<string, Lesson>> = {
  'a host that has no Responses': {
    ask: () => calls('messages', 'host/m', fieldsFor('responses')),
    refuse: ({ path }) => path.endsWith('/responses') ? { status: 404, error: { message: 'Not Found' } } : undefined,
    other: ({ path }) => path.endsWith('/responses') ? { status: 404, error: { message: "Item with id 'Not Found' not found." } } : undefined,
  },
  'an organisation that is not verified': {
    ask: () => calls('messages', 'gpt-5.5', thinks),
    refuse: (call, asked) => (summary(call, asked) ? { status: 400, error: unverified } : undefined),
    other: (call, asked) => (summary(call, asked) ? { status: 400, error: { message: 'max_output_tokens is too small' } } : undefined),
  },
  'a model that is for Responses alone': {
    ask: () => calls('chat', 'openai/o9-new', {}),
    refuse: ({ path }) => path.endsWith('/chat/completions') ? { status: 404, error: { message: 'This model is only supported in v1/responses and not in v1/chat/completions.' } } : undefined,
    other: ({ path }) => path.endsWith('/chat/completions') ? { status: 404, error: { message: 'The item "v1/responses" does not exist.' } } : undefined,
  },
  'a model that takes the newer name of the maximum': {
    ask: () => calls('chat', 'gpt-5', { max_tokens: 100, tools }),
    refuse: (_call, asked) => asked['max_tokens'] !== undefined ? { status: 400, error: { message: "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead." } } : undefined,
    other: (_call, asked) => asked['max_tokens'] !== undefined ? { status: 400, error: { message: 'max_tokens is too large.' } } : undefined,
  },
}; // prettier-ignore

test.each(Object.keys(lessons))('%s: of one account, for an hour', async (name) => {
  const { ask, refuse } = lessons[name]!;
  refusing(refuse);
  expect([await ask(), await ask()]).toEqual([2, 1]);
  await gateway.reload(config('two'));
  expect([await ask(), await ask()]).toEqual([2, 1]);
  await gateway.reload(config('one'));
  expect(await ask()).toBe(1);
  now += hour - 1;
  expect(await ask()).toBe(1);
  now += 1;
  expect([await ask(), await ask()]).toEqual([2, 1]);
});

test.each(Object.keys(lessons))('%s: not of a refusal for something else', async (name) => {
  const { ask, other } = lessons[name]!;
  refusing(other);
  expect([await ask(), await ask(), await ask()]).toEqual([1, 1, 1]);
});
