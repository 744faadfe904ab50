// A provider that answers with something that is no HTTP, or breaks off within its head, has read the request: it is not sent to
// it again, and what was no answer at all moves on to another target.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { goodAnswer, wholeAnswer } from '../support/routeScene';
import { bodies, paths } from '../support/translation';

let server: Server;
let b: FakeUpstream;
let gateway: TestGateway;
let key: string;
let requests: number;
let reply: (socket: Socket) => void;
const sockets = new Set<Socket>();

/** A provider of raw bytes: replies to each whole request. */
function listen(socket: Socket): void {
  sockets.add(socket);
  let got = '';
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    got += bytes.toString('latin1');
    const head = got.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(got)?.[1] ?? 0);
    if (head < 0 || got.length < head + 4 + length) return;
    got = '';
    requests++;
    reply(socket);
  });
}

const good = JSON.stringify(wholeAnswer('chat', 'from A'));
const head = (more: string, length = String(good.length)) =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`;

beforeEach(async () => {
  requests = 0;
  server = createServer(listen);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  b = await startFakeUpstream();
  b.answer = goodAnswer('chat', 'from B');
  const host = (url: string) => `{base_url: "${url}/v1", wire: openai, models: {m: {}}}`;
  gateway = await startTestGateway({
    keys: {},
    config: `routes: {both: {models: [a/m, b/m]}}\nlimits: {upstream_connections: 1}\nproviders: {a: ${host(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)}, b: ${host(b.url)}}\n`,
  });
  key = await gateway.mint();
});
afterEach(async () => {
  await gateway.close();
  await b.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
});

const ask = async (client: 'chat' | 'messages', model: string) => {
  const answer = await fetch(gateway.url + paths(model, false)[client], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(bodies(model, false)[client]),
  });
  return { status: answer.status, text: await answer.text() };
};
const warm = async () => {
  reply = (socket) => socket.write(head('') + good);
  expect((await ask('chat', 'a/m')).status).toBe(200);
  requests = 0;
};

const none: Readonly<Record<string, string>> = {
  'no HTTP at all': 'SSH-2.0-OpenSSH_9.7\r\n',
  'a control character in a header': head('x-note: a\x01b\r\n') + good,
  'a length that is no number': head('', 'abc') + good,
  'a length and chunks': head('transfer-encoding: chunked\r\n') + good,
  'headers without end': head(`x-note: ${'y'.repeat(100_000)}\r\n`) + good,
  'a status that is none': head('').replace('200 OK', '099 Odd') + good,
};

describe.each([false, true])('on a connection that was used before: %s', (used) => {
  test.each(Object.keys(none))('%s: sent once, and then to another target [F4 F11]', async (name) => {
    for (const client of ['chat', 'messages'] as const) {
      if (used) await warm();
      requests = 0;
      reply = (socket) => socket.end(none[name] ?? '', 'latin1');
      expect(await ask(client, 'a/m')).toMatchObject({ status: 502, text: expect.stringContaining('not its API') });
      expect(requests).toBe(1);
      if (used) await warm();
      requests = 0;
      reply = (socket) => socket.end(none[name] ?? '', 'latin1');
      expect(await ask(client, 'both')).toMatchObject({ status: 200, text: expect.stringContaining('from B') });
      expect(requests).toBe(1);
    }
  });

  test.each(['is closed', 'is reset'])('a connection that %s within its head: sent once, and to nobody else [F4]', async (how) => {
    if (used) await warm();
    reply = (socket) => {
      socket.write(head('').slice(0, 30), () => (how === 'is closed' ? socket.end() : setImmediate(() => socket.resetAndDestroy())));
    };
    expect((await ask('chat', 'both')).status).toBe(502);
    expect([requests, b.calls.length]).toEqual([1, 0]);
  }); // prettier-ignore
});
