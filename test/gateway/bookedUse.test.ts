// What is booked where an answer was never made, was being made by the next target, or was reported as nothing.

import { useRouteScene } from '../support/routeScene';

const scene = useRouteScene();

/** A request whose client can leave. */
function askAndLeave(model: string, stream = false): { leave(): void; answer: Promise<Response | undefined> } {
  const left = new AbortController();
  const answer = fetch(`${scene.gateway.url}/v1/messages`, {
    method: 'POST',
    signal: left.signal,
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify({ model, stream, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }),
  }).catch(() => undefined);
  return { leave: () => left.abort(), answer };
}

describe('a client that leaves', () => {
  test('pays nothing while a refusal is read', async () => {
    scene.a.answer = (_call, response) => {
      response.writeHead(429, { 'content-type': 'application/json' }).write('{"error":');
    };
    const { leave, answer } = askAndLeave('a-messages/m');
    await scene.a.arrived(1);
    await new Promise((resolve) => setTimeout(resolve, 100)); // until the refusal's head is there
    leave();
    await answer;
    expect(await scene.lastRow()).toMatchObject({ outcome: 'client_gone', input: 0, output: 0, estimated: false });
  });

  test('pays for the target that works when another has refused', async () => {
    scene.a.answer = { status: 503, body: '{}' };
    scene.b.answer = () => undefined;
    const { leave, answer } = askAndLeave('to-messages');
    await scene.b.arrived(1);
    leave();
    await answer;
    const row = await scene.lastRow();
    expect(row).toMatchObject({ outcome: 'client_gone', provider: 'b-messages', estimated: true });
    expect(row.input).toBeGreaterThan(0);
  });
});

test('a key that ends while the next target works, when another has refused, pays for it', async () => {
  scene.a.answer = { status: 503, body: '{}' };
  scene.b.answer = () => undefined;
  const { answer } = askAndLeave('to-messages');
  await scene.b.arrived(1);
  const { body } = await scene.gateway.admin('GET', '/admin/keys');
  await scene.gateway.admin('DELETE', `/admin/keys/${body.data[0].id}`);
  expect((await answer)?.status).toBe(401);
  const row = await scene.lastRow();
  expect(row).toMatchObject({ outcome: 'error', error: 'revoked_key', provider: 'b-messages', estimated: true });
  expect(row.input).toBeGreaterThan(0);
});
