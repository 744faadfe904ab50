// Answers with numbers that are none, as Python prints them: they are what they say beside those.

import { goodAnswer, streamAnswer, streamOf, useRouteScene, wholeAnswer, ownAndOther } from '../support/routeScene';
import { parseLoose } from '../../gateway/src/core/looseJson';

const scene = useRouteScene();
const { ask } = scene;

const loose = (json: string) => json.replace(/\{/, '{"score":NaN,"bounds":[-Infinity,Infinity],');

describe.each(ownAndOther)('of $kind to a $client client', ({ kind, client, fields }) => {
  beforeEach(() => {
    scene.b.answer = goodAnswer(kind, 'from B');
  });

  test.each(['Hello', 'A'.repeat(3_000_000)])('whole', async (text) => {
    scene.a.answer = { body: loose(JSON.stringify(wholeAnswer(kind, text))) };
    const answer = await ask(client, `to-${kind}`, false, fields);
    const got = await answer.text();
    expect([answer.status, got.includes(text)]).toEqual([200, true]);
    expect(got.includes('NaN')).toBe(client === kind); // on the same wire the bytes are the provider's
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', estimated: false });
    expect(scene.b.calls).toHaveLength(0);
  });

  test('whole, a failure in a 200', async () => {
    scene.a.answer = { body: '{"error":{"message":"m","code":503,"status":"UNAVAILABLE","load":NaN}}' };
    expect(await (await ask(client, `to-${kind}`, false, fields)).text()).toContain('from B');
  });

  test('a stream', async () => {
    scene.a.answer = streamAnswer(streamOf(kind, 'Hello').replace(/data: \{/g, 'data: {"score":NaN,'));
    expect(await (await ask(client, `to-${kind}`, true, fields)).text()).toContain('Hello');
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
    expect(scene.b.calls).toHaveLength(0);
  });
});

test.each([
  { text: '{"a":NaN,"b":[Infinity,-Infinity]}', value: { a: null, b: [null, null] } },
  { text: '{"a":"NaN","b":"x \\" NaN","NaN":NaN}', value: { a: 'NaN', b: 'x " NaN', NaN: null } },
])('$text', ({ text, value }) => {
  expect(parseLoose(text)).toEqual(value);
});

test('one that is cut within a long text takes time by its length', () => {
  const cut = `{"arguments":"NaN ${'\\"a\\":1,'.repeat(200_000)}`; // 8 characters each
  expect(() => parseLoose(cut)).toThrow(SyntaxError);
  expect(() => parseLoose(`NaN "${'\\'.repeat(1_000_000)}`)).toThrow(SyntaxError);
}, 20_000);

test.each(['{"a":NaNa}', '{"a":"NaN', 'NaN NaN', '{"a":nan}'])('%s is none', (text) => {
  expect(() => parseLoose(text)).toThrow(SyntaxError);
});
