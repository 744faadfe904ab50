// Large bodies on their way to another wire: translated in a worker of the bundle, told and refused as small ones are.

import { startFakeUpstream, type FakeUpstream } from '../support/fakeUpstream';
import { type ChildGateway, makeFolder, startChild } from '../support/child';
import { masterKey } from '../support/gateway';

let fake: FakeUpstream;
let folder: ReturnType<typeof makeFolder>;
let child: ChildGateway;
let key: string;

beforeAll(async () => {
  fake = await startFakeUpstream();
  fake.answer = {
    body: JSON.stringify({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-4-7',
      content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }],
      stop_reason: 'tool_use',
      usage: { input_tokens: 5, output_tokens: 2 },
    }),
  };
  folder = makeFolder(`
routes: {strict: {models: [claude-opus-4.7], strict: true}}
providers: {anthropic: {base_url: "${fake.url}"}}
`);
  child = await startChild({ folder: folder.path, env: { ANTHROPIC_API_KEY: 'sk-ant-x' } });
  const minted = await fetch(`${child.url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}` },
    body: '{"label":"test"}',
  });
  ({ key } = (await minted.json()) as { key: string });
}, 30_000);
afterAll(async () => {
  child.process.kill('SIGTERM');
  expect(await child.ended).toEqual({ code: 0, signal: null });
  folder.remove();
  await fake.close();
}, 30_000);
beforeEach(() => {
  fake.calls.length = 0;
});

const long = 'Grüße, "world"\n'.repeat(100_000);
const ask = (body: object) =>
  fetch(`${child.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'claude-opus-4.7', messages: [{ role: 'user', content: long }], ...body }),
  });

test('a large conversation arrives whole, and its answer is the client’s own', async () => {
  const name = 'a tool with blanks';
  const answers = await Promise.all(
    [1, 2, 3].map((n) =>
      ask({ logit_bias: { 1: 1 }, user: `u${n}`, tools: [{ type: 'function', function: { name } }] }),
    ),
  );
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-ovth-dropped')).toBe('logit_bias');
  }
  const users = fake.calls.map(({ body }) => {
    const sent = JSON.parse(body.toString()) as { messages: { content: string }[]; metadata: { user_id: string } };
    expect(sent.messages[0]?.content).toBe(long);
    return sent.metadata.user_id;
  });
  expect(users.sort()).toEqual(['u1', 'u2', 'u3']);
});

test('a large malformed one is refused by name, and nothing is sent', async () => {
  const answer = await ask({ tool_choice: 'sometimes' });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { param: 'tool_choice', type: 'invalid_request_error' } });
  const strict = await ask({ model: 'strict', logit_bias: { 1: 1 } });
  expect([strict.status, await strict.text()]).toEqual([400, expect.stringContaining('logit_bias')]);
  expect(fake.calls).toHaveLength(0);
});

test('a large answer on its own wire passes as it is, and a failure in it is booked as one', async () => {
  const good = fake.answer;
  const content = [{ type: 'text', text: long }];
  const usage = { input_tokens: 50, output_tokens: 20 };
  const bodies = [
    JSON.stringify({ id: 'msg_1', type: 'message', content, stop_reason: 'end_turn', usage }),
    JSON.stringify({ id: 'msg_1', type: 'message', content, stop_reason: 'exploded', usage }),
  ];
  const rows: unknown[] = [];
  for (const body of bodies) {
    fake.answer = { body };
    const answer = await fetch(`${child.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'claude-opus-4-7', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
    });
    const id = answer.headers.get('x-request-id');
    expect(await answer.text()).toBe(body);
    for (let row: Response | undefined; row?.status !== 200;) {
      row = await fetch(`${child.url}/admin/requests/${id}`, { headers: { authorization: `Bearer ${masterKey}` } });
      if (row.status === 200) rows.push(await row.json());
    }
  }
  expect(rows).toMatchObject([
    { outcome: 'ok', error: null, input: 50, output: 20, estimated: false },
    { outcome: 'error', error: 'upstream_error', input: 50, output: 20, estimated: false },
  ]);
  fake.answer = good;
});
