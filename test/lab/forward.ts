// Carries connections from a socket file, which boxes get mounted, to a port of this machine.
import { connect, createServer, type AddressInfo, type Server } from 'node:net';

/** Listens on the socket file; `port` is asked at each connection, and undefined refuses it. */
export async function forward(file: string, port: () => number | undefined): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (inside) => {
    const target = port();
    if (target === undefined) return void inside.destroy();
    const outside = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    inside.on('error', () => outside.destroy()).on('close', () => outside.destroy());
    outside.on('error', () => inside.destroy()).on('close', () => inside.destroy());
    inside.pipe(outside);
    outside.pipe(inside);
    return undefined;
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(file, resolve));
  server.unref();
  return server;
}

/** A port of 127.0.0.1 that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
