// A provider that refuses a request in one format and takes it in another, where the other cannot carry it: the next target.

import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { streamOf, wholeAnswer } from '../support/routeScene';
import { bodies, type Fields, paths } from '../support/translation';

let a: FakeUpstream;
let b: FakeUpstream;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  a = await startFakeUpstream();
  b = await startFakeUpstream();
});
beforeEach(async () => {
  a.calls.length = 0;
  b.calls.length = 0;
  gateway = await startTestGateway({
    keys: {},
    config: `
routes:
  strict-first: {models: [a/m, b/m], strict: true}
  strict-alone: {models: [a/m], strict: true}
providers:
  a: {base_url: "${a.url}/v1", wire: openai, responses: true}
  b: {base_url: "${b.url}/v1", wire: openai}
`,
  });
  key = await gateway.mint();
});
afterEach(() => gateway.close());
afterAll(async () => {
  await a.close();
  await b.close();
});

const ask = (model: string, stream: boolean, fields: Fields) =>
  fetch(gateway.url + paths(model, stream).chat, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(bodies(model, stream, fields).chat),
  });
const message = 'This model is only supported in v1/responses and not in v1/chat/completions.';
const refusal = (status: number) => ({
  status,
  body: JSON.stringify({ error: { message, type: 'invalid_request_error', param: 'model', code: 'model_not_found' } }),
});
/** Responses has no place for it. */
const lostOnTheWay = { seed: 7 };

test.each([true, false])('of a strict route answers, stream: %s', async (stream) => {
  a.answer = refusal(404);
  b.answer = stream
    ? { headers: { 'content-type': 'text/event-stream' }, body: streamOf('chat', 'Hello from B') }
    : { body: JSON.stringify(wholeAnswer('chat', 'Hello from B')) };
  const answer = await ask('strict-first', stream, lostOnTheWay);
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Hello from B')]);
  expect(a.calls.map(({ path }) => path)).toEqual(['/v1/chat/completions']);
  expect(JSON.parse(b.calls[0]!.body.toString())).toMatchObject({ seed: 7 });
});

test('where there is none, the client gets the refusal of the provider, not ours', async () => {
  a.answer = refusal(404);
  const answer = await ask('strict-alone', false, lostOnTheWay);
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('only supported in v1/responses');
});
