// Streams count in the memory that all requests share: an event that is not whole yet, a call that is gathered, and what a
// client does not read. What does not fit ends its own stream, in its client's dialect; everybody else goes on.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  type RouteScene,
  fieldsFor,
  formats,
  otherFormat,
  streamOf,
  streamParts,
  useRouteScene,
  wholeAnswer,
} from '../support/routeScene';
import { bodies, type Kind, paths } from '../support/translation';

const MiB = 1024 * 1024;

/** An event of so many bytes that clients and decoders skip: in no format a field of this name means anything. */
const padding = (bytes: number) => ({ open: 'data: {"padding":"', rest: `${'x'.repeat(bytes)}`, close: '"}\n\n' });

const sse = { 'content-type': 'text/event-stream' };

/** Streams that stop in the middle of a large event, after a first content. */
function stopInEvent(scene: RouteScene, kind: Kind, bytes: number) {
  const { preamble, content, end } = streamParts(kind, 'hello');
  const { open, rest, close } = padding(bytes);
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  scene.a.answer = async (_call, response) => {
    response.on('error', () => undefined);
    response.writeHead(200, sse).write(preamble + content + open + rest);
    await finished;
    response.end(close + end);
  };
  return { finish };
}

/** What a provider has sent is with the gateway: all of it is read while some requests go to and fro. */
const read = async ({ gateway }: RouteScene) => {
  for (let i = 0; i < 30; i++) await (await fetch(`${gateway.url}/livez`)).text();
};

const ends: Readonly<Record<Kind, string>> = {
  chat: 'data: [DONE]',
  responses: 'response.completed',
  messages: 'message_stop',
  generate: '"finishReason":"STOP"',
};

describe.each(
  formats.flatMap((client) => {
    const other = client === 'responses' ? 'messages' : otherFormat(client);
    return [client, other].map((kind) => ({ client, kind }));
  }),
)('$client client, $kind host', ({ client, kind }) => {
  const scene = useRouteScene('limits: {bodies_in_memory_bytes: 8388608}\n');
  const ask = () => scene.ask(client, `a-${kind}/m`, true, client === kind ? {} : fieldsFor(kind));

  test('an event that waits for its end leaves room for other keys, and its memory comes back [L4 L5]', async () => {
    const size = 3 * MiB;
    for (let round = 0; round < 4; round++) {
      const upstream = stopInEvent(scene, kind, size);
      const texts = [await ask(), await ask()].map((answer) => answer.text()); // 6 MiB are more than one key may hold of 8
      const refused = await Promise.race(texts);
      expect(refused).toContain('hello');
      expect(refused).toContain('bodies_in_memory_bytes');
      expect(refused).not.toContain(ends[client]);
      upstream.finish();
      const [whole] = (await Promise.all(texts)).filter((text) => text !== refused);
      expect(whole).toContain('hello');
      expect(whole).toContain(ends[client]);
      expect(whole).not.toContain('bodies_in_memory_bytes');
    }
    while (scene.gateway.requests.length < 8) await new Promise((resolve) => setImmediate(resolve));
    const outcomes = scene.gateway.requests.map(({ outcome, failure }) => [
      outcome,
      (failure as { code?: string } | undefined)?.code,
    ]);
    expect(outcomes.filter(([outcome]) => outcome === 'ok')).toHaveLength(4);
    expect(outcomes.filter(([, code]) => code === 'overloaded')).toEqual(Array(4).fill(['error', 'overloaded']));
  });
});

describe('a stream of a key among others', () => {
  const scene = useRouteScene('limits: {bodies_in_memory_bytes: 8388608}\n');

  test('is served while two keys hold what they can', async () => {
    const upstream = stopInEvent(scene, 'chat', 3 * MiB);
    const keys = await Promise.all(['b', 'c'].map((label) => scene.gateway.mint({ label })));
    const streams = keys.map((key) =>
      fetch(scene.gateway.url + paths('a-chat/m', true).chat, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify(bodies('a-chat/m', true).chat),
      }),
    );
    await Promise.all(streams);
    await read(scene);
    scene.a.answer = { headers: sse, body: streamOf('chat', 'modest') };
    for (let i = 0; i < 20; i++) expect(await (await scene.ask('chat', 'a-chat/m', true)).text()).toContain('[DONE]');
    upstream.finish();
    await Promise.all(streams.map(async (stream) => (await stream).text()));
  });

  test('is refused before its head where its first event does not fit', async () => {
    const upstream = stopInEvent(scene, 'chat', 3 * MiB);
    const first = await scene.ask('chat', 'a-chat/m', true);
    await read(scene);
    const { open, rest } = padding(3 * MiB);
    scene.a.answer = scene.b.answer = (_call, response) => {
      response.on('error', () => undefined);
      response.writeHead(200, sse).write(open + rest);
    };
    const refused = await scene.ask('chat', 'to-chat', true); // its head waits for content
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ error: { code: 'overloaded' } });
    // It was cut while its provider wrote, which is paid for.
    const { outcome, error, estimated, input, output } = await scene.lastRow();
    expect([outcome, error, estimated]).toEqual(['error', 'overloaded', true]);
    expect([input > 0, output > 0]).toEqual([true, true]);
    upstream.finish();
    await first.text();
  });
});

describe('a call that is gathered for a client whose format has calls in one piece', () => {
  const scene = useRouteScene('limits: {bodies_in_memory_bytes: 2097152}\n');

  test('ends the stream where it takes more than there is', async () => {
    const chunk = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    const call = (args: string) =>
      chunk({ tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: args } }] });
    const end = `${call('"}')}${chunk({}, 'tool_calls')}data: [DONE]\n\n`;
    const stream = (pieces: number) => call('{"a":"') + call('x'.repeat(10_000)).repeat(pieces) + end;
    scene.a.answer = { headers: sse, body: stream(10) };
    expect(await (await scene.ask('generate', 'a-chat/m', true)).text()).toContain('"finishReason":"STOP"');
    scene.a.answer = { headers: sse, body: stream(300) };
    expect(await (await scene.ask('generate', 'a-chat/m', true)).text()).toContain('bodies_in_memory_bytes');
    scene.a.answer = { headers: sse, body: stream(10) };
    expect(await (await scene.ask('generate', 'a-chat/m', true)).text()).toContain('"finishReason":"STOP"');
  });
});

describe('reasoning in pieces that take more to keep than they have bytes', () => {
  const scene = useRouteScene('limits: {bodies_in_memory_bytes: 2097152}\n');

  test('counts as what it takes, though little has come', async () => {
    const chunk = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    const pieces = Array.from({ length: 5_000 }, () => ({})); // 15 KB, that are reckoned as 1 MB
    const text = chunk({ content: 'hello' });
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    scene.a.answer = async (_call, response) => {
      response.on('error', () => undefined);
      response.writeHead(200, sse).write(text + chunk({ reasoning_details: pieces }));
      await finished;
      response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    };
    const many = Array.from({ length: 4 }, () => scene.ask('messages', 'a-chat/m', true));
    // Those for which there is no room end at once; the others wait for their end.
    const texts = many.map(async (each) => (await each).text());
    expect(await Promise.race(texts)).toContain('bodies_in_memory_bytes');
    finish();
    const all = await Promise.all(texts);
    expect(all.filter((each) => each.includes(ends.messages)).length).toBeGreaterThan(0);
    scene.a.answer = { headers: sse, body: `${text}${chunk({}, 'stop')}data: [DONE]\n\n` };
    expect(await (await scene.ask('messages', 'a-chat/m', true)).text()).toContain(ends.messages);
  });
});

describe('a call that waits until another is whole', () => {
  const scene = useRouteScene('limits: {bodies_in_memory_bytes: 2097152}\n');

  test.each(['messages', 'responses'] as const)('counts too: %s', async (client) => {
    const chunk = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    const call = (index: number, args: string) =>
      chunk({ tool_calls: [{ index, id: `c${index}`, function: { name: 'f', arguments: args } }] });
    const end = `${call(0, '"}')}${call(1, '"}')}${chunk({}, 'tool_calls')}data: [DONE]\n\n`;
    const stream = (pieces: number) =>
      call(0, '{"a":"') + call(1, '{"b":"') + call(1, 'x'.repeat(10_000)).repeat(pieces);
    const whole = async () => {
      scene.a.answer = { headers: sse, body: stream(20) + end };
      expect(await (await scene.ask(client, 'a-chat/m', true)).text()).toContain(ends[client]);
    };
    await whole();
    let finish: () => void = () => undefined; // before it, nothing of what waits is sent
    scene.a.answer = (_call, response) => {
      response.on('error', () => undefined);
      response.writeHead(200, sse).write(stream(300));
      finish = () => response.end(end);
    };
    const text = await (await scene.ask(client, 'a-chat/m', true)).text();
    finish();
    expect(text).toContain('bodies_in_memory_bytes');
    expect(text).not.toContain(ends[client]);
    await whole();
  });
});

describe('a whole answer that is gathered for another wire', () => {
  const scene = useRouteScene('limits: {bodies_in_memory_bytes: 8388608}\n');

  test.each(formats)('of %s counts until it is answered, and leaves room for other keys [L4]', async (kind) => {
    const text = JSON.stringify(wholeAnswer(kind, `hello ${'x'.repeat(3 * MiB)}`));
    const client = otherFormat(kind);
    const ask = (key = scene.key) =>
      fetch(scene.gateway.url + paths(`a-${kind}/m`, false)[client], {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify(bodies(`a-${kind}/m`, false, fieldsFor(kind))[client]),
      });
    for (let round = 0; round < 3; round++) {
      let finish: () => void = () => undefined;
      const finished = new Promise<void>((resolve) => (finish = resolve));
      scene.a.answer = async (_call, response) => {
        response.on('error', () => undefined);
        response.writeHead(200, { 'content-type': 'application/json' }).write(text.slice(0, -10));
        await finished;
        response.end(text.slice(-10));
      };
      const two = [ask(), ask()]; // 6 MiB are more than one key may hold of 8
      const refused = await Promise.race(two);
      expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('bodies_in_memory_bytes')]);
      scene.a.answer = { body: JSON.stringify(wholeAnswer(kind, 'modest')) };
      const other = await ask(await scene.gateway.mint({ label: `other ${round}` }));
      expect([other.status, await other.text()]).toEqual([200, expect.stringContaining('modest')]);
      finish();
      const [whole] = (await Promise.all(two)).filter((answer) => answer !== refused);
      expect([whole?.status, (await whole?.text())?.includes('hello')]).toEqual([200, true]);
    }
  });
});

describe('what a client does not read', () => {
  const scene = useRouteScene();
  const sockets: Socket[] = [];
  afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

  const stuck = async (): Promise<void> => {
    const socket = connect(Number(new URL(scene.gateway.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    socket.pause();
    const body = JSON.stringify(bodies('a-chat/m', true).chat);
    socket.write(
      `POST ${paths('a-chat/m', true).chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${scene.key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  };

  test('counts until it is read, or its client has gone [E1 L5]', async () => {
    const { preamble, content, end } = streamParts('chat', 'hello');
    const { open, rest, close } = padding(15 * MiB); // more than the system's own buffers take
    let taken = 0;
    scene.a.answer = async (_call, response) => {
      response.on('error', () => undefined);
      response.writeHead(200, sse);
      await new Promise((resolve) => response.write(preamble + content + open + rest + close, resolve));
      taken++;
      response.end(end);
    };
    await stuck();
    await stuck();
    while (taken < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    // Half of 64 MiB are taken, as soon as the gateway has read what the provider's connections have taken.
    let asked = 2;
    for (let third = ''; !third.includes('bodies_in_memory_bytes'); asked++) {
      third = await (await scene.ask('chat', 'a-chat/m', true)).text();
      expect(third).toContain('hello');
    }
    for (const socket of sockets.splice(0)) socket.destroy();
    while (scene.gateway.requests.length < asked) await new Promise((resolve) => setTimeout(resolve, 5));
    for (let round = 0; round < 3; round++) {
      const [one, two] = await Promise.all([scene.ask('chat', 'a-chat/m', true), scene.ask('chat', 'a-chat/m', true)]);
      expect(await one.text()).toContain('[DONE]');
      expect(await two.text()).toContain('[DONE]');
    }
  }, 120_000);
});
