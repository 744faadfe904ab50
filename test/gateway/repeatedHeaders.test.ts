// A provider's header that comes more than once, as a proxy in between adds its own: the first counts, and nothing breaks.

import { goodAnswer, streamOf, useRouteScene, wholeAnswer } from '../support/routeScene';

const scene = useRouteScene();

const good = JSON.stringify(wholeAnswer('chat', 'from A'));
const answer = (status: number, headers: Readonly<Record<string, string[]>>, body: string) => {
  scene.a.answer = (_call, response) => {
    for (const [name, values] of Object.entries(headers)) response.setHeader(name, values);
    response.writeHead(status).end(body);
  };
};
const json = ['application/json', 'text/plain'];

describe.each(['chat', 'messages'] as const)('%s client', (client) => {
  test.each([
    ['content-type', { 'content-type': json }],
    ['content-encoding', { 'content-type': json, 'content-encoding': ['identity', 'identity'] }],
    ['content-length', { 'content-type': json, 'content-length': [String(good.length)] }],
    ['limits and ids', { 'content-type': json, 'x-request-id': ['a', 'b'], 'x-ratelimit-limit-requests': ['1', '2'], connection: ['keep-alive', 'x-a'] }],
  ])('a whole answer with two of %s', async (_name, headers) => {
    answer(200, headers, good);
    const got = await scene.ask(client, 'a-chat/m', false);
    expect([got.status, await got.text()]).toEqual([200, expect.stringContaining('from A')]);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', input: 5, output: 2 });
  }); // prettier-ignore

  test('a stream with two of content-type', async () => {
    answer(200, { 'content-type': ['text/event-stream', 'text/event-stream'] }, streamOf('chat', 'from A'));
    const got = await scene.ask(client, 'a-chat/m', true);
    expect([got.status, await got.text()]).toEqual([200, expect.stringContaining('from A')]);
  });

  test.each(['retry-after', 'retry-after-ms'])('a refusal with two of %s moves on, and is told', async (name) => {
    const wait = name === 'retry-after' ? ['3', '5'] : ['3000', '5000'];
    answer(429, { 'content-type': json, [name]: wait }, '{"error":{"message":"m"}}');
    const told = await scene.ask('messages', 'a-chat/m', false);
    expect([told.status, told.headers.get('retry-after')]).toEqual([429, '3']);
    await told.text();
    scene.now += 60_000;
    scene.b.answer = goodAnswer('chat', 'from B');
    const got = await scene.ask(client, 'to-chat', false);
    expect([got.status, await got.text()]).toEqual([200, expect.stringContaining('from B')]);
  });
});
