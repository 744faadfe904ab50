// The same without a framework: node:http and undici. `node bareHttp.js ORIGIN PATH`

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { Pool } from 'undici';

const [origin = '', path = ''] = process.argv.slice(2);
const pool = new Pool(origin, { connections: 256, pipelining: 1, allowH2: false });

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    forward(request, response, Buffer.concat(parts)).catch(() => response.destroy());
  });
});

async function forward(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
  const answer = await pool.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' },
    body,
  });
  const type = String(answer.headers['content-type']);
  if (type.includes('event-stream')) {
    response.writeHead(answer.statusCode, { 'content-type': type });
    pipeline(answer.body, response, () => undefined);
    return;
  }
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  response.writeHead(answer.statusCode, { 'content-type': type, 'content-length': bytes.length });
  response.end(bytes);
}

server.listen(0, '127.0.0.1', 4_096, () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
