// More than there is room for: connections are refused at the door, and of streams nothing is left, however they end.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway } from '../support/gateway';
import { streamAnswer, streamParts, useRouteScene } from '../support/routeScene';
import { until } from '../support/translation';

test('connections beyond the limit are closed, and those within it are served [D3]', async () => {
  const upstream = await startFakeUpstream();
  const gateway = await startTestGateway({
    config: `limits: {connections: 16}\nproviders: {openai: {base_url: "${upstream.url}/v1"}}\n`,
  });
  const sockets: Socket[] = [];
  try {
    const open = () => {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
      return socket;
    };
    const closed = Array.from({ length: 40 }, () => new Promise<Socket>((resolve) => {
      const socket = open();
      socket.once('close', () => resolve(socket));
    })); // prettier-ignore
    for (let i = 0; i < 24; i++) await Promise.race(closed.filter((_, at) => !sockets[at]!.destroyed));
    const kept = sockets.filter(({ destroyed }) => !destroyed);
    expect(kept).toHaveLength(16);
    kept[0]!.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(String((await once(kept[0]!, 'data'))[0])).toContain('200');
  } finally {
    for (const socket of sockets) socket.destroy();
    await gateway.close();
    await upstream.close();
  }
});

describe('many streams', () => {
  const scene = useRouteScene();

  test('leave nothing in flight, reserved or connected, whether they end, fail or are left [E6]', async () => {
    const { preamble, content, end } = streamParts('chat', 'hello');
    const closed: Promise<unknown>[] = [];
    const ends = [
      { body: preamble + content + end, leave: false },
      { body: preamble + content, leave: false },
      { body: preamble + content + 'data: {"error":{"message":"m","code":503}}\n\n', leave: false },
      { body: preamble + content, leave: true },
    ];
    for (let round = 0; round < 40; round++)
      for (const { body, leave } of ends) {
        scene.a.answer = (call, response) => {
          closed.push(call.closed);
          response.writeHead(200, streamAnswer('').headers).write(body);
          if (!leave) response.end();
        };
        const client = round % 2 === 0 ? 'chat' : 'messages';
        const answer = await scene.ask(client, 'a-chat/m', true);
        if (leave) await until(answer, 'hello');
        else await answer.text();
      }
    await Promise.all(closed);
    while (scene.gateway.requests.length < 160) await new Promise((resolve) => setImmediate(resolve));
    const ready = async () => ((await (await fetch(`${scene.gateway.url}/readyz`)).json()) as { in_flight: number }).in_flight;
    while ((await ready()) > 0) await new Promise((resolve) => setImmediate(resolve));
    await scene.lastRow();
    const { body } = await scene.gateway.admin('GET', '/admin/keys');
    expect(body.data[0].today).toMatchObject({ requests: 160, reserved_tokens: 0 });
    const outcomes = scene.gateway.requests.map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'upstream_died', 'error', 'client_gone']));
  }); // prettier-ignore
});
