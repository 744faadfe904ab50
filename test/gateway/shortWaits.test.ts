// A provider that asks for a moment: the last target of a route is given it once, up to two seconds, and asked again.

import type { ServerResponse } from 'node:http';
import { type FakeCall, type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { goodAnswer } from '../support/routeScene';
import { bodies, type Kind, paths } from '../support/translation';

let a: FakeUpstream;
let b: FakeUpstream;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  [a, b] = [await startFakeUpstream(), await startFakeUpstream()];
});
afterAll(async () => {
  await a.close();
  await b.close();
});
beforeEach(async () => {
  a.calls.length = b.calls.length = 0;
  gateway = await startTestGateway({
    config: `
routes: {one: {models: [a/m]}, two: {models: [a/m, b/m]}}
providers:
  a: {base_url: "${a.url}/v1", wire: openai, models: {m: {}}}
  b: {base_url: "${b.url}/v1", wire: openai, models: {m: {}}}
limits: {in_flight: 2000, in_flight_per_key: 1000}
`,
    keys: {},
  });
  key = await gateway.mint();
});
afterEach(() => gateway.close());

const ask = (
  model: string,
  { kind = 'chat', stream = false, signal }: { kind?: Kind; stream?: boolean; signal?: AbortSignal } = {},
) =>
  fetch(gateway.url + paths(model, stream)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(bodies(model, stream)[kind]),
    ...(signal === undefined ? {} : { signal }),
  });
const busy = (wait: string | undefined, status = 429) => ({
  status,
  headers: (wait === undefined ? {} : { 'retry-after': wait }) as Record<string, string>,
  body: '{"error":{"message":"Slow down."}}',
});
/** Refuses so many calls, and answers those after them. */
const busyFor = (times: number, refusal: ReturnType<typeof busy>, good = goodAnswer('chat', 'from A')) => {
  const first = a.calls.length;
  a.answer = (call: FakeCall, response: ServerResponse) => {
    if (a.calls.length > first + times) return good(call, response);
    response.writeHead(refusal.status, refusal.headers).end(refusal.body);
  };
};
const row = async (answer: Response) => gateway.row(answer.headers.get('x-request-id')!);

test.each([
  ['429 with a second', 'chat', '1', 429],
  ['429 with two', 'messages', '2', 429],
  ['429 with nothing to wait for', 'messages', '0', 429],
  ['429 with a date that is past', 'chat', 'Wed, 21 Oct 2015 07:28:00 GMT', 429],
  ['503 with a second', 'chat', '1', 503],
  ['529 with a second', 'messages', '1', 529],
] as const)('%s: a client of %s is answered after it', async (_name, kind, wait, status) => {
  busyFor(1, busy(wait, status));
  const answer = await ask('one', { kind });
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('from A')]);
  expect(a.calls).toHaveLength(2);
  const { attempts, outcome, estimated, input, output } = await row(answer);
  expect({ outcome, estimated, input, output }).toEqual({ outcome: 'ok', estimated: false, input: 5, output: 2 });
  expect(attempts.map((attempt: { status: number }) => attempt.status)).toEqual([status, 200]);
});

test.each(['chat', 'messages'] as const)('a stream of %s is too', async (kind) => {
  busyFor(1, busy('1'));
  const answer = await ask('one', { kind, stream: true });
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('from A')]);
});

test.each([
  ['three seconds', '3'],
  ['a year', '31536000'],
  ['no time at all', undefined],
])('%s are the client’s own to wait for', async (_name, wait) => {
  for (const kind of ['chat', 'messages'] as const) {
    busyFor(1, busy(wait));
    expect((await ask('one', { kind })).status).toBe(429);
  }
  expect(a.calls).toHaveLength(2);
});

test('a second refusal is told', async () => {
  busyFor(2, busy('1'));
  const answer = await ask('one', { kind: 'messages' });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  expect(a.calls).toHaveLength(2);
  expect(await row(answer)).toMatchObject({ outcome: 'error', status: 429, input: 0, output: 0 });
});

test('milliseconds, as OpenAI says them', async () => {
  busyFor(1, { ...busy(undefined), headers: { 'retry-after-ms': '400' } });
  expect((await ask('one')).status).toBe(200);
});

test('a model that is named by its own id has its provider’s refusal at once', async () => {
  busyFor(1, busy('1'));
  expect((await ask('a/m')).status).toBe(429);
  expect(a.calls).toHaveLength(1);
});

test('nothing is waited for where another target is left', async () => {
  a.answer = busy('1');
  b.answer = goodAnswer('chat', 'from B');
  expect(await (await ask('two')).text()).toContain('from B');
  expect([a.calls.length, b.calls.length]).toEqual([1, 1]);
});

test('the last of several is, and no other again', async () => {
  a.answer = busy('1');
  let refusals = 1;
  b.answer = (call, response) =>
    refusals-- > 0
      ? void response.writeHead(429, { 'retry-after': '1' }).end(busy('1').body)
      : goodAnswer('chat', 'from B')(call, response);
  expect(await (await ask('two')).text()).toContain('from B');
  expect([a.calls.length, b.calls.length]).toEqual([1, 2]);
});

test('a client that leaves meanwhile is booked nothing, and nothing is sent for it', async () => {
  busyFor(1, busy('2'));
  const leave = new AbortController();
  const asked = ask('one', { signal: leave.signal }).catch(() => undefined);
  while (!gateway.lines.some(({ fields }) => JSON.stringify(fields).includes('a/m')))
    await new Promise((resolve) => setImmediate(resolve)); // it rests: the refusal has been read
  leave.abort();
  await asked;
  while (gateway.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await gateway.row(gateway.requests[0]!.id)).toMatchObject({ input: 0, output: 0, cost_usd: 0 });
  expect(a.calls).toHaveLength(1);
});

test('many that wait do not multiply what is sent', async () => {
  a.answer = busy('1');
  const statuses = new Set<number>();
  for (const answer of await Promise.all(Array.from({ length: 300 }, () => ask('one')))) {
    statuses.add(answer.status);
    await answer.text();
  }
  expect(statuses).toEqual(new Set([429]));
  expect(a.calls.length).toBeGreaterThanOrEqual(300);
  expect(a.calls.length).toBeLessThanOrEqual(375);
}, 30_000);
