// Every broken history that a translation repairs, through the gateway to simulators that refuse what their providers refuse.

import { repairCases } from '../wire/repairCases';
import { useClientScene } from '../support/clientTraffic';

const scene = useClientScene();
const models = { openai: 'gpt-5.5', anthropic: 'claude-opus-4.7', google: 'gemini-3.5-flash' } as const;
const own = { chat: 'openai', responses: 'openai', messages: 'anthropic', generate: 'google' } as const;
const path = {
  chat: () => '/v1/chat/completions',
  responses: () => '/v1/responses',
  messages: () => '/v1/messages',
  generate: (model: string) => `/v1beta/models/${model}:generateContent`,
} as const;

const rows = repairCases.flatMap(({ name, repair, in: bodies }) =>
  (['chat', 'responses', 'messages', 'generate'] as const).flatMap((from) =>
    (['openai', 'anthropic', 'google'] as const)
      .filter((provider) => bodies[from] !== undefined && own[from] !== provider)
      .map((provider) => ({ name, repair, from, provider, body: bodies[from] })),
  ),
);

test.each(rows)('$name: $from to $provider', async ({ from, provider, body }) => {
  const model = models[provider];
  const answer = await scene.post(path[from](model), scene.key, { ...body, model });
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
});

// The same bodies are refused on their own wire, where those for a model that is named by its own id pass as they are: the
// simulators are no pushovers.
test('Anthropic refuses the broken ones among its own', async () => {
  const statuses = await Promise.all(
    repairCases.flatMap(({ name, in: { messages } }) =>
      messages === undefined
        ? []
        : scene
            .post('/v1/messages', scene.key, { ...messages, model: 'claude-opus-4-7' })
            .then(async (answer) => (await answer.text(), answer.status === 200 ? [name] : [])),
    ),
  );
  expect(statuses.flat()).toEqual([]);
});
