// The same events whatever way the provider's bytes are cut, to their end or to a failure after text: tested through a running
// gateway, before an upstream that slices.

import fc from 'fast-check';
import type { Kind } from '../support/translation';
import {
  fieldsFor,
  formats,
  otherFormat,
  streamAnswer,
  streamOf,
  streamParts,
  useRouteScene,
} from '../support/routeScene';

const scene = useRouteScene();
const { ask } = scene;

const errors: Record<Kind, string> = {
  chat: 'data: {"error":{"message":"m","code":503}}\n\n',
  responses:
    'event: error\ndata: {"type":"error","code":"server_error","message":"m","param":null,"sequence_number":4}\n\n',
  messages: 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n',
  generate: 'data: {"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}\n\n',
};

/** Every byte of a letter may be where the bytes are cut. */
const text = 'Grüße, 世界 🎈';

const streams = formats.flatMap((kind) => {
  const { preamble, content, end } = streamParts(kind, text);
  return [
    { kind, what: 'to its end', body: preamble + content + end },
    { kind, what: 'to an error', body: preamble + content + errors[kind] },
    { kind, what: 'to an error at once', body: preamble + errors[kind] },
    { kind, what: 'to a death', body: preamble + content + end.slice(0, 40) },
  ];
});

/** What differs from request to request. */
const withoutIds = (body: string): string =>
  body.replace(/req_\w+/g, 'req').replace(/"(created(_at)?|completed_at)":\d+/g, '"$1":0');

/** Data of the events that carry one. */
const dataIn = (body: string): Record<string, unknown>[] =>
  [...body.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json!) as Record<string, unknown>);

describe.each(streams)('$kind, $what', ({ kind, what, body }) => {
  const clients = [kind, ...formats.filter((client) => client !== kind && kind !== 'responses')];
  if (kind === 'responses') clients.push(otherFormat(kind));

  test.each(clients)('%s client', async (client) => {
    const stream = async (slice: number): Promise<string> => {
      scene.a.answer = streamAnswer(body, slice);
      const fields = client === kind ? {} : fieldsFor(kind);
      return withoutIds(await (await ask(client, `a-${kind}/m`, true, fields)).text());
    };
    const whole = await stream(body.length);
    if (!body.includes('"error"') || body.includes(text)) expect(whole).toContain(text);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: body.length }), async (slice) => {
        expect(await stream(slice)).toBe(whole);
      }),
      { numRuns: 8, examples: [[1], [2], [3]] },
    );
    const numbered = client === 'responses' && !(client === kind && what.includes('error')); // or they are the provider's own
    const numbers = numbered ? dataIn(whole).map((event) => event['sequence_number']) : [];
    expect(numbers).toEqual(numbers.map((_, i) => i));
    expect(numbers.length > 0).toBe(numbered);
  });
});

test.each(formats)('%s: a text and its failure in one write are both told', async (kind) => {
  const { preamble, content } = streamParts(kind, text);
  scene.a.answer = streamAnswer(preamble + content + errors[kind]);
  const got = await (await ask(otherFormat(kind), `a-${kind}/m`, true, fieldsFor(kind))).text();
  expect(got.indexOf(text)).toBeGreaterThan(0);
  expect(got.indexOf('"error":{')).toBeGreaterThan(got.indexOf(text));
});

test.each(['chat', 'generate'] as const)(
  '%s: nothing but an event without its blank line is no answer where another target has one',
  async (kind) => {
    scene.a.answer = streamAnswer(streamParts(kind, text).content.trimEnd());
    scene.b.answer = streamAnswer(streamOf(kind, 'from B'));
    expect(await (await ask(kind, `to-${kind}`, true)).text()).toBe(streamOf(kind, 'from B'));
  },
);

describe.each(formats)('%s: an answer that ends behind a whole event without its blank line', (kind) => {
  test.each([kind, otherFormat(kind)])('tells that event before the failure (%s client)', async (client) => {
    const { preamble, content } = streamParts(kind, text);
    const last = (preamble + content).trimEnd();
    for (const body of [last, `${last}\n`, last.replaceAll('\n', '\r\n')]) {
      scene.a.answer = streamAnswer(body);
      const fields = client === kind ? {} : fieldsFor(kind);
      const got = await (await ask(client, `a-${kind}/m`, true, fields)).text();
      expect(got.indexOf(text)).toBeGreaterThan(0);
      expect(got.slice(got.indexOf(text))).toMatch(/\n\r?\n(event: error\n)?data: \{"(type|error)":/);
      const numbers = client === 'responses' ? dataIn(got).map((event) => event['sequence_number']) : [];
      expect(numbers).toEqual(numbers.map((_, i) => i));
      expect(await scene.lastRow()).toMatchObject({ error: 'upstream_died' });
    }
  });
});

test('a death in the middle of an event leaves no half event before the error [E9]', async () => {
  const { preamble, content } = streamParts('responses', text);
  scene.a.answer = streamAnswer(`${preamble}${content}event: response.output_text.delta\ndata: {"type":"respo`);
  const got = await (await ask('responses', 'a-responses/m', true)).text();
  expect(dataIn(got).map((event) => event['sequence_number'])).toEqual([0, 1, 2, 3, 4]);
  expect(dataIn(got).at(-1)).toMatchObject({ type: 'error', code: 'upstream_died' });
});

test.each(formats)(
  '%s: lines that end as on Windows, or with a carriage return alone, are the same events',
  async (kind) => {
    const { preamble, content, end } = streamParts(kind, text);
    const stream = async (body: string, slice: number): Promise<string> => {
      scene.a.answer = streamAnswer(body, slice);
      return withoutIds(await (await ask(otherFormat(kind), `a-${kind}/m`, true, fieldsFor(kind))).text());
    };
    const plain = preamble + content + end;
    const carriage = plain.replaceAll('\n', '\r\n');
    const whole = await stream(plain, plain.length);
    const bare = plain.replaceAll('\n', '\r');
    for (const slice of [1, 2, 3, 7, carriage.length]) {
      expect(await stream(carriage, slice)).toBe(whole);
      expect(await stream(bare, slice)).toBe(whole);
      for (const body of [carriage, bare]) {
        scene.a.answer = streamAnswer(body, slice);
        expect(await (await ask(kind, `a-${kind}/m`, true)).text()).toBe(body);
        expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
      }
    }
  },
);

test('a JSON list: whole items before a death, however it is cut', async () => {
  const item = JSON.stringify({ candidates: [{ content: { role: 'model', parts: [{ text }] } }] });
  const body = `[${item},\r\n${item},\r\n${item.slice(0, 30)}`;
  for (const slice of [1, 2, 50, body.length]) {
    scene.a.answer = { body, slice };
    const got = await fetch(
      `${scene.gateway.url}/v1beta/models/${encodeURIComponent('a-generate/m')}:streamGenerateContent`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${scene.key}` },
        body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
      },
    );
    const items = JSON.parse(await got.text()) as object[];
    expect(items).toEqual([JSON.parse(item), JSON.parse(item), { error: expect.objectContaining({ code: 502 }) }]);
  }
});
