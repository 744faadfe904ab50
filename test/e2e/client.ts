// A client of the deployed gateway, over real TLS with a verified certificate.

import { type Connections, type ConnectionKind, connectionKinds, openConnections, type Sent } from './connections';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Client {
  send(method: string, path: string, headers?: Record<string, string>, body?: object): Promise<Answer>;
  /** The guide's first curl. */
  chat(key: string, model?: string): Promise<Answer>;
  /** Sends the guide's first curl at an even pace until it is stopped, over each kind of connection in turn. */
  load(key: string, perSecond: number): Load;
  /** A streamed answer that the simulator gives as `fault` says. */
  stream(key: string, fault: string, kind?: ConnectionKind): Stream;
}

export interface LoadAnswer {
  /** Milliseconds since 1970 at its end. */
  readonly at: number;
  readonly kind: ConnectionKind;
  /** 0 when the request failed; `route` is then the error. */
  readonly status: number;
  readonly route: string;
}

export interface Load {
  readonly answers: readonly LoadAnswer[];
  /** What did not get a 200. */
  failed(): LoadAnswer[];
  stop(): Promise<void>;
}

export interface Stream {
  /** What has arrived. */
  readonly text: string;
  /** Resolves when a first part of the answer is there. @throws Error when it ends before */
  readonly begun: Promise<void>;
  /** Resolves at its end with how it ended: `whole`, or its last words. */
  readonly ended: Promise<string>;
}

/**
 * @param ca PEM of the root that must have signed the certificate
 * @param address where the URL's name is found; only the lab's own DNS knows it
 */
export function openClient(url: string, ca: string, address?: string): Client {
  const open = () => openConnections(url, ca, address);
  const connections = open();
  const send: Client['send'] = async (method, path, headers = {}, body) => {
    let text = '';
    const sent = { method, path, headers, body: body === undefined ? '' : JSON.stringify(body) };
    // A connection for each request: what is measured includes being let in.
    const received = await connections.fresh(sent, (piece) => (text += piece));
    return { ...received, text };
  };
  return {
    send,
    chat: (key, model = 'auto') => send('POST', chatPath, bearer(key), { model, messages: say('hi') }),
    load: (key, perSecond) => startLoad(open(), chatOf(key, { messages: say('hi') }), perSecond),
    stream: (key, fault, kind = 'fresh') =>
      startStream(open(), kind, chatOf(key, { stream: true, messages: say(`[[sim: ${fault}]] hi`) })),
  };
}

// ---

const chatPath = '/v1/chat/completions';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const chatOf = (key: string, body: object): Sent => ({
  ...{ method: 'POST', path: chatPath, headers: bearer(key) },
  body: JSON.stringify({ model: 'auto', ...body }),
});
const say = (content: string) => [{ role: 'user', content }];

function startLoad(connections: Connections, chat: Sent, perSecond: number): Load {
  const answers: LoadAnswer[] = [];
  const open = new Set<Promise<void>>();
  let turn = 0;
  const timer = setInterval(() => {
    const kind = connectionKinds[turn++ % connectionKinds.length]!;
    const note = (status: number, route: string) => void answers.push({ at: Date.now(), kind, status, route });
    let text = '';
    const one = connections[kind](chat, (piece) => (text += piece)).then(
      ({ status, headers }) => note(status, status === 200 ? String(headers['x-ovth-route']) : text),
      (error: unknown) => note(0, String(error)),
    );
    open.add(one);
    void one.finally(() => open.delete(one));
  }, 1_000 / perSecond);
  // A test that fails before it stops the load must not keep the suite from ending.
  timer.unref();
  return {
    answers,
    failed: () => answers.filter(({ status }) => status !== 200),
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      connections.close();
    },
  };
}

function startStream(connections: Connections, kind: ConnectionKind, chat: Sent): Stream {
  let text = '';
  let begin = () => {};
  let fail = (_why: Error) => {};
  const begun = new Promise<void>((resolve, reject) => ([begin, fail] = [resolve, reject]));
  begun.catch(() => undefined);
  const ended = connections[kind](chat, (piece) => {
    text += piece;
    if (text.includes('"content":"')) begin();
  })
    .then(
      ({ status }) => (status === 200 && /\bdata: \[DONE\]\s*$/.test(text) ? 'whole' : `${status} ${text.slice(-300)}`),
      (error: unknown) => `${String(error)} after ${text.slice(-300)}`,
    )
    .finally(() => connections.close());
  void ended.then((how) => fail(new Error(`the stream ended: ${how}`)));
  return {
    get text() {
      return text;
    },
    begun,
    ended,
  };
}
