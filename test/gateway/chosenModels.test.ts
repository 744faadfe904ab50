// A model that the gateway chose (by a route, an alias, a successor) against one that is named exactly: what each is sent.

import fc from 'fast-check';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { wholeAnswer } from '../support/routeScene';
import { bodies, type Fields, type Kind, paths } from '../support/translation';

const formatOf = (path: string): Kind =>
  path.includes('/models/') ? 'generate' : path.endsWith('/messages') ? 'messages' : path.endsWith('/responses') ? 'responses' : 'chat'; // prettier-ignore

let fake: FakeUpstream;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  fake = await startFakeUpstream();
  gateway = await startTestGateway({
    now: () => Date.UTC(2026, 10, 26, 12),
    config: `
routes:
  forced: {models: [claude-sonnet-5-5, claude-sonnet-5]}
  fable: {models: [claude-fable-5-1]}
  stops: {models: [gpt-6.2-sol, claude-haiku-5-5]}
  several: {models: [claude-sonnet-5, gpt-6.2-sol]}
  several-elsewhere: {models: [claude-sonnet-5, gemini-3.8-flash]}
  strict: {models: [claude-opus-5-5, own/anything], strict: true}
  strict-alone: {models: [claude-opus-5-5], strict: true}
  own: {models: [own/anything, claudish/anything]}
  claude-opus-5: {models: [claude-opus-5]}
providers:
  openai: {base_url: "${fake.url}/v1"}
  anthropic: {base_url: "${fake.url}"}
  google: {base_url: "${fake.url}"}
  own: {base_url: "${fake.url}/v1", wire: openai}
  claudish: {base_url: "${fake.url}", wire: anthropic}
`,
  });
  key = await gateway.mint();
});
afterAll(async () => {
  await gateway.close();
  await fake.close();
});
beforeEach(() => {
  fake.calls.length = 0;
  fake.answer = ({ path }, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(wholeAnswer(formatOf(path), 'ok')));
  };
});

const post = (kind: Kind, model: string, body: string) =>
  fetch(gateway.url + paths(encodeURIComponent(model), false)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body,
  });
const ask = (kind: Kind, model: string, more: Fields) =>
  post(kind, model, JSON.stringify(bodies(model, false, more)[kind]));
const sent = () => fake.calls[0]!.body.toString();
const target = (answer: Response) => / -> ([^;]+);/.exec(answer.headers.get('x-ovth-route') ?? '')?.[1];

describe('the bytes of a request', () => {
  const conversation = '"messages": [ {"role":"user","content":"hi é \\u00e9"} ]';

  // In the body stands `fields`, and `mended` in its place afterwards; what is added stands at its end.
  test.each<[name: string, model: string, fields: string, mended: string, added: string, dropped: string | null]>([
    ['a temperature', 'fable', '"temperature":0.70, "x":1e2', '"x":1e2', '', 'temperature'],
    ['a default temperature', 'fable', '"temperature":1', '"temperature":1', '', null],
    ['a default top_p', 'fable', '"x":1,"top_p":1', '"x":1', '', null],
    ['top_k', 'fable', '"top_k" : 5 , "x":[1,  2]', '"x":[1,  2]', '', 'top_k'],
    [
      'a budget',
      'fable',
      '"thinking":{"type":"enabled","budget_tokens":9000}',
      '"thinking":{"type":"adaptive","display":"summarized"}',
      ',"output_config":{"effort":"medium"}',
      'thinking',
    ],
    [
      'a budget beside an effort',
      'fable',
      '"output_config":{"effort":"max", "task_budget":9.0},"thinking":{"type":"enabled","budget_tokens":9000}',
      '"output_config":{"effort":"max", "task_budget":9.0},"thinking":{"type":"adaptive","display":"summarized"}',
      '',
      'thinking',
    ],
    [
      'thinking off',
      'fable',
      '"x":1,"thinking":{"type":"disabled"}',
      '"x":1',
      ',"output_config":{"effort":"low"}',
      'thinking',
    ],
    ['an alias', 'claude-opus-5.5', '"temperature":0.5,"x":1', '"x":1', '', 'temperature'],
    ['an alias with a provider', 'anthropic/claude-opus-5-5', '"temperature":0.5,"x":1', '"x":1', '', 'temperature'],
    ['a successor', 'claude-opus-4-1', '"top_p":0.5,"temperature":0.5', '"temperature":0.5', '', 'top_p'],
    ['a route called as its model', 'claude-opus-5', '"temperature":0.5,"x":1', '"x":1', '', 'temperature'],
  ])('%s', async (_, model, fields, mended, added, dropped) => {
    const body = (name: string, what: string, more = '') =>
      `{${what}, "model":"${name}", "max_tokens":20000,${conversation}${more}}`;
    const answer = await post('messages', model, body(model, fields));
    expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, dropped]);
    const { model: name } = JSON.parse(sent()) as { model: string };
    expect(sent()).toBe(body(name, mended, added));
  });

  test('digits beside a setting of Gemini’s that is mended stay', async () => {
    const config =
      '{"frequencyPenalty":0.5,"responseJsonSchema":{"maximum":9007199254740993}, "thinkingConfig":{"thinkingLevel":"MINIMAL"}}';
    const mended = await post(
      'generate',
      'gemini-flash-latest',
      `{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":${config}}`,
    );
    expect(mended.headers.get('x-ovth-dropped')).toBe(
      'generationConfig.frequencyPenalty, generationConfig.thinkingConfig',
    );
    expect(sent()).toBe(
      '{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"responseJsonSchema":{"maximum":9007199254740993}, "thinkingConfig":{"thinkingLevel":"LOW"}}}',
    );
  });

  test('a host of which nothing is known is sent what it was sent', async () => {
    const more = { temperature: 0.7, top_k: 5, stop: ['x'], n: 2, logprobs: true, reasoning_effort: 'none' };
    const answer = await ask('chat', 'own', more);
    expect([answer.headers.get('x-ovth-dropped'), target(answer)]).toEqual([null, 'own/anything']);
    expect(JSON.parse(sent())).toEqual({ ...bodies('anything', false, more).chat });
    fake.calls.length = 0;
    const fields = { temperature: 0.7, thinking: { type: 'enabled', budget_tokens: 2_000 } };
    expect((await ask('messages', 'claudish/anything', fields)).headers.get('x-ovth-dropped')).toBe(null);
    expect(JSON.parse(sent())).toEqual({ ...bodies('anything', false, fields).messages });
  });
});

describe('what changes the form of an answer', () => {
  const tools = [{ name: 'f', input_schema: { type: 'object' } }];
  const prefilled = {
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'So' },
    ],
  };

  test.each<[string, Kind, string, Fields, string]>([
    ['a forced tool', 'messages', 'forced', { tools, tool_choice: { type: 'any' } }, 'anthropic/claude-sonnet-5'],
    ['none', 'messages', 'forced', { tools, tool_choice: { type: 'auto' } }, 'anthropic/claude-sonnet-5-5'],
    ['stop sequences', 'chat', 'stops', { stop: 'x' }, 'anthropic/claude-haiku-5-5'],
    ['no stop sequence', 'chat', 'stops', { stop: [] }, 'openai/gpt-6.2-sol'],
    ['several answers', 'chat', 'several', { n: 2 }, 'openai/gpt-6.2-sol'],
    ['one answer', 'chat', 'several', { n: 1 }, 'anthropic/claude-sonnet-5'],
  ])('%s (%s) to route %s', async (_, kind, route, more, expected) => {
    const answer = await ask(kind, route, more);
    expect([answer.status, target(answer), answer.headers.get('x-ovth-dropped')]).toEqual([200, expected, null]);
  });

  test.each<[string, Kind, string, Fields, string]>([
    ['a prefill', 'messages', 'forced', prefilled, 'messages'],
    ['a forced tool', 'messages', 'fable', { tools, tool_choice: { type: 'tool', name: 'f' } }, 'tool_choice'],
    [
      'a forced tool, by an alias',
      'messages',
      'claude-opus-5.5',
      { tools, tool_choice: { type: 'any' } },
      'tool_choice',
    ],
    ['several answers', 'chat', 'several-elsewhere', { n: 2 }, 'n'],
    ['log probabilities', 'chat', 'several', { logprobs: true }, 'logprobs'],
    [
      'several candidates',
      'generate',
      'gemini-flash-latest',
      { generationConfig: { candidateCount: 2 } },
      'generationConfig.candidateCount',
    ],
  ])('%s (%s) to %s is refused by name', async (_, kind, name, more, field) => {
    const answer = await ask(kind, name, more);
    const text = await answer.text();
    expect([answer.status, text.includes(`"${field}"`) || text.includes(`\\"${field}\\"`), fake.calls.length]).toEqual([
      400,
      true,
      0,
    ]);
  });

  test('the assistant’s last turn is found behind large content, and only there', async () => {
    const large = 'x'.repeat(200_000);
    const turns = [
      { role: 'user', content: [{ type: 'text', text: large }] },
      { role: 'assistant', content: 'So' },
    ];
    expect((await ask('messages', 'fable', { messages: turns })).status).toBe(400);
    const quoted = [...turns, { role: 'user', content: [{ type: 'text', text: `{"role":"assistant"} ${large}` }] }];
    expect((await ask('messages', 'fable', { messages: quoted })).status).toBe(200);
    const nested = [
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'x' }], x: { role: 'assistant' } },
    ];
    expect((await ask('messages', 'fable', { messages: nested })).status).toBe(200);
  });
});

test('a count is asked for as its answer would be', async () => {
  fake.answer = { body: '{"input_tokens":7}' };
  const count = async (model: string) => {
    fake.calls.length = 0;
    const body = { model, messages: [{ role: 'user', content: 'hi' }], thinking: { type: 'disabled' } };
    const answer = await fetch(`${gateway.url}/v1/messages/count_tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    });
    expect(await answer.json()).toEqual({ input_tokens: 7 });
    const { thinking, output_config: output } = JSON.parse(sent()) as Fields;
    return [thinking, output];
  };
  expect(await count('fable')).toEqual([undefined, { effort: 'low' }]);
  expect(await count('claude-fable-5-1')).toEqual([{ type: 'disabled' }, undefined]);
});

test('fields that OpenAI does not know are named where a request of OpenRouter’s is translated', async () => {
  const more = { provider: { sort: 'price' }, min_p: 0.1, logit_bias: { '1': 1 }, x_new: 1 };
  const answer = await ask('chat', 'gpt-6.2-sol', more);
  expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, 'min_p, logit_bias']);
  expect(JSON.parse(sent())).toMatchObject({ x_new: 1 });
  expect(sent()).not.toMatch(/min_p|logit_bias/);
});

test('a strict route passes over a target that would be sent less, or refuses', async () => {
  const answer = await ask('messages', 'strict', { temperature: 0.5 });
  expect([answer.status, target(answer)]).toEqual([200, 'own/anything']);
  const refused = await ask('messages', 'strict-alone', { temperature: 0.5 });
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('temperature')]);
  expect((await ask('messages', 'strict-alone', { temperature: 1 })).status).toBe(200);
});

test('a model named exactly is sent the client’s bytes, whatever they ask for', async () => {
  const models = {
    chat: 'gpt-6.2-sol',
    responses: 'gpt-6.2-sol',
    messages: 'claude-opus-5-5',
    generate: 'gemini-4-argon',
  };
  const values: Record<Kind, Fields> = {
    chat: { temperature: 0.3, top_p: 0.5, top_k: 4, stop: ['a'], n: 3, logprobs: true, reasoning_effort: 'none', logit_bias: { a: 1 }, tool_choice: 'required', tools: [{ type: 'function', function: { name: 'f' } }] },
    responses: { temperature: 0.3, top_p: 0.5, reasoning: { effort: 'minimal' }, include: ['message.output_text.logprobs'], top_logprobs: 3, text: { verbosity: 'low' } },
    messages: { temperature: 0.3, top_k: 4, thinking: { type: 'disabled' }, output_config: { effort: 'none' }, tool_choice: { type: 'any' }, stop_sequences: ['a'] },
    generate: { generationConfig: { temperature: 0.3, candidateCount: 4, responseLogprobs: true, frequencyPenalty: 1, thinkingConfig: { thinkingBudget: 0 } }, toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
  }; // prettier-ignore
  const kinds = Object.keys(models) as Kind[];
  await fc.assert(
    fc.asyncProperty(
      fc
        .constantFrom(...kinds)
        .chain((kind) => fc.tuple(fc.constant(kind), fc.shuffledSubarray(Object.entries(values[kind])))),
      fc.constantFrom(undefined, 1, '\t'),
      fc.boolean(),
      async ([kind, fields], indent, first) => {
        fake.calls.length = 0;
        const base = Object.entries(bodies(models[kind], false)[kind]);
        const ordered = first ? [...fields, ...base] : [...base, ...fields];
        const body = JSON.stringify(Object.fromEntries(ordered), null, indent);
        const answer = await post(kind, models[kind], body);
        expect([answer.status, sent(), answer.headers.get('x-ovth-dropped')]).toEqual([200, body, null]);
      },
    ),
    { numRuns: 150 },
  );
}, 30_000);
