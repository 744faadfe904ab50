// Whole answers whose provider closes the connection without the end that HTTP asks for: those that had come whole are answers,
// since whoever asked once more would pay once more; of the others another target answers.

import type { ServerResponse } from 'node:http';
import type { FakeCall } from '../support/fakeUpstream';
import { goodAnswer, useRouteScene, wholeAnswer, ownAndOther } from '../support/routeScene';

const scene = useRouteScene();
const { ask } = scene;

const broken =
  (text: string, headers = {}) =>
  (_call: FakeCall, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.write(text, () => response.destroy());
  };

describe.each(ownAndOther)('of $kind to a $client client', ({ kind, client, fields }) => {
  beforeEach(() => {
    scene.b.answer = goodAnswer(kind, 'from B');
  });

  test.each([5, 3_000_000])('behind the last brace, with a text of %d characters', async (length) => {
    const text = 'A'.repeat(length);
    scene.a.answer = broken(JSON.stringify(wholeAnswer(kind, text)));
    const answer = await ask(client, `to-${kind}`, false, fields);
    expect([answer.status, (await answer.text()).includes(text)]).toEqual([200, true]);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', estimated: false });
    expect(scene.b.calls).toHaveLength(0);
  });

  test.each([
    { where: 'before the last brace', cut: 1, headers: {} },
    { where: 'in the middle', cut: 40, headers: {} },
    { where: 'before all that was announced', cut: 0, headers: { 'content-length': 100_000 } },
  ])('$where', async ({ cut, headers }) => {
    scene.a.answer = broken(JSON.stringify(wholeAnswer(kind, 'from A')).slice(0, -cut || undefined), headers);
    expect(await (await ask(client, `to-${kind}`, false, fields)).text()).toContain('from B');
  });

  test('before the last brace of a large one', async () => {
    scene.a.answer = broken(JSON.stringify({ ...wholeAnswer(kind, 'A'.repeat(3_000_000)), more: {} }).slice(0, -1));
    const answer = await ask(client, `a-${kind}/m`, false, fields);
    const text = await answer.text().catch(() => 'cut');
    expect(client === kind ? text : answer.status).toBe(client === kind ? 'cut' : 502);
    expect(await scene.lastRow()).toMatchObject({ error: 'upstream_died' });
  });
});
