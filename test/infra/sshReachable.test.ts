// What an operator is told when the server does not answer.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { reachServer } from '../../infra/preflight/sshReachable';

const ranges = ['203.0.113.7/32', '198.51.100.0/24'];
let server: Server | undefined;
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

async function listen(greet: (socket: Socket) => void): Promise<number> {
  server = createServer(greet);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const reach = (port: number, patienceMs = 0) => reachServer('127.0.0.1', { ranges, port, patienceMs });

test('nothing, when the server greets', async () => {
  const port = await listen((socket) => socket.end('SSH-2.0-OpenSSH_10.0\r\n'));
  expect(await reach(port)).toBeUndefined();
});

test('nothing, when it greets in the end', async () => {
  let dialled = 0;
  const port = await listen((socket) => (++dialled < 3 ? socket.destroy() : socket.end('SSH-2.0-OpenSSH_10.0\r\n')));
  expect(await reach(port, 5_000)).toBeUndefined();
  expect(dialled).toBe(3);
});

test('a server that refuses is to be looked at or rebuilt', async () => {
  const port = await listen((socket) => socket.destroy());
  const sentence = new RegExp(
    `^ovth:server: the server at 127.0.0.1 refuses SSH on port ${port} \\(.*\\): look at its console .*ovth:server.generation.* "pulumi up" again, which goes on from here\\.$`,
  );
  expect(await reach(port)).toMatch(sentence);
  await new Promise<void>((resolve) => server!.close(() => resolve()));
  server = undefined;
  expect(await reach(port)).toMatch(sentence);
});

test('silence is the firewall’s: who is let in, and how to be', async () => {
  const sockets: Socket[] = [];
  const port = await listen((socket) => sockets.push(socket));
  const said = await reachServer('127.0.0.1', { ranges, port, patienceMs: 0, dialMs: 50 });
  for (const socket of sockets) socket.destroy();
  expect(said).toMatch(
    /^ovth:ssh.admin_cidrs: the server at 127.0.0.1 does not answer on port \d+ \(no answer\), which is open to 203.0.113.7\/32, 198.51.100.0\/24 only: put this machine's address there/,
  );
});
