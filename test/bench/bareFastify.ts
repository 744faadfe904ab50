// The measure of things: Fastify and undici with nothing between them. A body goes on as it came, unread, and so does
// the answer. What a gateway costs is what it costs above this. `node bareFastify.js ORIGIN PATH`

import { fastify } from 'fastify';
import { Pool } from 'undici';

const [origin = '', path = ''] = process.argv.slice(2);
const pool = new Pool(origin, { connections: 256, pipelining: 1, allowH2: false });

const server = fastify({ logger: false, bodyLimit: 32 * 1024 * 1024 });
server.removeAllContentTypeParsers();
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

server.post('/v1/chat/completions', async (request, reply) => {
  const answer = await pool.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' },
    body: request.body as Buffer,
  });
  const type = String(answer.headers['content-type']);
  reply.code(answer.statusCode).header('content-type', type);
  return reply.send(type.includes('event-stream') ? answer.body : Buffer.from(await answer.body.arrayBuffer()));
});

server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, (error, address) => {
  if (error !== null) throw error;
  console.log(`listening on ${address}`);
});
