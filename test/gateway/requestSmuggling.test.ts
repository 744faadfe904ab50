// Requests whose end two readers could see in different places: each is refused or its connection closed, and nothing
// that hides behind it reaches a provider.

import { connect } from 'node:net';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';

let upstream: FakeUpstream;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  upstream.answer = { body: '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}' }; // prettier-ignore
  gateway = await startTestGateway({ config: `providers: {openai: {base_url: "${upstream.url}/v1"}}\n` });
  key = await gateway.mint();
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const body = '{"model":"gpt-5.5","messages":[{"role":"user","content":"hi"}]}';
const hiddenBody = body.replace('hi', 'no');
const size = body.length; // of both
const hex = size.toString(16);
const chunked = `${hex}\r\n${body}\r\n0\r\n\r\n`;

/** The request that hides behind another one. */
const hidden = () =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${key}\r\ncontent-length: ${size}\r\n\r\n${hiddenBody}`;
const head = (fields: string, line = 'POST /v1/chat/completions HTTP/1.1') =>
  `${line}\r\nhost: x\r\nauthorization: Bearer ${key}\r\n${fields}\r\n\r\n`;

/** Name → bytes. Behind each stands the hidden request. */
const payloads: Readonly<Record<string, () => string>> = {
  'both length and chunks': () => head(`content-length: ${size}\r\ntransfer-encoding: chunked`) + chunked,
  'chunks, then length': () => head(`transfer-encoding: chunked\r\ncontent-length: 4`) + chunked,
  'two lengths that differ': () => head(`content-length: ${size}\r\ncontent-length: 0`) + body,
  'two lengths that agree': () => head(`content-length: ${size}\r\ncontent-length: ${size}`) + body,
  'a list of lengths': () => head(`content-length: ${size}, ${size}`) + body,
  'a length with a sign': () => head(`content-length: +${size}`) + body,
  'a length below zero': () => head('content-length: -1') + body,
  'a length in hex': () => head(`content-length: 0x${hex}`) + body,
  'a length with a fraction': () => head(`content-length: ${size}.0`) + body,
  'a length beyond any number': () => head('content-length: 99999999999999999999') + body,
  'a length with a blank within': () => head(`content-length: ${String(size)[0]} ${String(size)[1]}`) + body,
  'a blank before the colon': () => head(`content-length : ${size}`) + body,
  'chunks with a blank before the colon': () => head('transfer-encoding : chunked') + chunked,
  'a folded line': () => head(`content-length: ${size}\r\n x: 1`) + body,
  'chunks on a folded line': () => head('transfer-encoding:\r\n chunked') + chunked,
  'another coding': () => head('transfer-encoding: xchunked') + chunked,
  'chunks twice': () => head('transfer-encoding: chunked\r\ntransfer-encoding: chunked') + chunked,
  'chunks and identity': () => head('transfer-encoding: chunked, identity') + chunked,
  'chunks that are not last': () => head('transfer-encoding: chunked, gzip') + chunked,
  'identity and a length': () => head(`transfer-encoding: identity\r\ncontent-length: ${size}`) + body,
  'a tab before the coding': () => head('transfer-encoding:\tchunked\r\ncontent-length: 3') + chunked,
  'line feeds alone': () => head(`content-length: ${size}`).replaceAll('\r\n', '\n') + body,
  'a carriage return alone': () => head(`content-length: ${size}\rx: 1`) + body,
  'a zero byte in a header': () => head(`x: a\0b\r\ncontent-length: ${size}`) + body,
  'a zero byte in a name': () => head(`x\0y: 1\r\ncontent-length: ${size}`) + body,
  'a chunk size with a sign': () => head('transfer-encoding: chunked') + chunked.replace(hex, `+${hex}`),
  'a chunk size with a prefix': () => head('transfer-encoding: chunked') + chunked.replace(hex, `0x${hex}`),
  'a chunk size beyond any number': () => head('transfer-encoding: chunked') + `fffffffffffffffff\r\n${body}`,
  'a chunk that ends too late': () => head('transfer-encoding: chunked') + chunked.replace(`${body}\r\n`, `${body}xx\r\n`),
  'a chunk that line feeds end': () => head('transfer-encoding: chunked') + chunked.replaceAll('\r\n', '\n'),
  'an absolute address with another host': () => head(`content-length: ${size}`, 'POST http://other.example/v1/chat/completions HTTP/1.1') + body,
  'two spaces in the first line': () => head(`content-length: ${size}`, 'POST  /v1/chat/completions  HTTP/1.1') + body,
  'no version': () => head(`content-length: ${size}`, 'POST /v1/chat/completions') + body,
  'a version that is none': () => head(`content-length: ${size}`, 'POST /v1/chat/completions HTTP/1.9') + body,
  'a method that is none': () => head(`content-length: ${size}`, 'PO ST /v1/chat/completions HTTP/1.1') + body,
  'no colon': () => head(`content-length ${size}`) + body,
}; // prettier-ignore

/** The statuses of all that comes back until the connection is closed. */
const exchange = (bytes: string) =>
  new Promise<number[]>((resolve) => {
    let text = '';
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))));
  });

test('the request that hides is one that is answered, when nothing stands before it', async () => {
  upstream.calls.length = 0;
  expect(await exchange(head(`content-length: ${size}`) + body + hidden())).toEqual([200, 200]);
  expect(upstream.calls).toHaveLength(2);
});

test.each(Object.keys(payloads))('%s [B1]', async (name) => {
  upstream.calls.length = 0;
  const bytes = payloads[name]!();
  const statuses = await exchange(bytes + hidden());
  const [first = 400] = statuses;
  // Where the first is understood, it is as one request of the length that it says, and the second is the second.
  if (first === 200) expect(statuses).toEqual([200, 200]);
  else expect(first).toBeGreaterThanOrEqual(400);
  if (first !== 200 && first !== 404) expect(statuses.slice(1)).toEqual([]);
  const sent = upstream.calls.map((call) => call.body.toString());
  expect(sent.filter((text) => text === hiddenBody)).toHaveLength(
    statuses.filter((status) => status === 200).length > 1 ? 1 : 0,
  );
  // Bytes behind a request that closes its connection make Node refuse them, while the request itself may be on its way.
  expect(sent.filter((text) => text !== hiddenBody)).toEqual(first === 200 || sent.length > 0 ? [body] : []);
});
