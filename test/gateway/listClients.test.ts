// Clients of Gemini's that ask for one JSON list, and hosts that send them something else: its bytes are passed on whole, and
// are booked as what they are.

import { streamAnswer, streamOf, useRouteScene, wholeAnswer } from '../support/routeScene';

const scene = useRouteScene('limits: {end_ms: 100}\n');

const askList = (model: string) =>
  fetch(`${scene.gateway.url}/v1beta/models/${encodeURIComponent(model)}:streamGenerateContent`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
  });

const slices = [1, 7, 1_000_000];

test.each(slices)('one object is an answer (%d bytes a write)', async (slice) => {
  const body = ` ${JSON.stringify(wholeAnswer('generate', 'a "brace" } in it'))}`;
  scene.a.answer = { body, slice };
  expect(await (await askList('a-generate/m')).text()).toBe(body);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', input: 5, output: 2, estimated: false });
});

test.each(slices)('one object may be a failure (%d bytes a write)', async (slice) => {
  const body = JSON.stringify({ error: { code: 503, message: 'm', status: 'UNAVAILABLE' } });
  scene.a.answer = { body, slice };
  expect(await (await askList('a-generate/m')).text()).toBe(body);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_overloaded' });
  scene.b.answer = { body: JSON.stringify([wholeAnswer('generate', 'from B')]) };
  expect(await (await askList('to-generate')).text()).toContain('from B');
});

test.each(slices)('one object that breaks off is no answer (%d bytes a write)', async (slice) => {
  const whole = JSON.stringify(wholeAnswer('generate', 'Hello'));
  scene.a.answer = { body: whole.slice(0, -10), slice };
  expect(await (await askList('a-generate/m')).json()).toEqual([{ error: expect.objectContaining({ code: 502 }) }]);
  expect(await scene.lastRow()).toMatchObject({ error: 'upstream_died' });
});

test.each(slices)('events are events (%d bytes a write)', async (slice) => {
  const body = streamOf('generate', 'Hello');
  scene.a.answer = streamAnswer(body, slice);
  const answer = await askList('a-generate/m');
  expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/event-stream', body]);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', input: 5, output: 2, estimated: false });
});

test.each(slices)('a list that is called events is one (%d bytes a write)', async (slice) => {
  const body = JSON.stringify([wholeAnswer('generate', 'Hello')]);
  scene.a.answer = streamAnswer(body, slice);
  expect(await (await askList('a-generate/m')).text()).toBe(body);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
});

test.each(['chat', 'messages'] as const)('events of %s are its list', async (kind) => {
  scene.a.answer = streamAnswer(streamOf(kind, 'Hello'));
  const items = (await (await askList(`a-${kind}/m`)).json()) as unknown[];
  expect(JSON.stringify(items)).toContain('Hello');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
});
