// Whether a box is as it should be, and what of that enters the desired state.

import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type BoxLook, readLook } from '../../infra/preflight/boxLook';
import { type BoxFacts, describeFaults, faultsOf, fullDisks, judge } from '../../infra/preflight/boxState';
import { openPhaseReader, phases } from '../../infra/preflight/phases';
import { askReadiness, type Readiness } from '../../infra/preflight/readiness';
import { selfSigned } from '../support/selfSigned';

const expected = { release: '0123456789ab', config: 'cafe' };
const ready: Readiness = { ...expected, repairs: 3 };
const running = ['ovth-gateway-0123456789ab', 'ovth-front-2'];
const look: BoxLook = {
  applied: true,
  repairs: 3,
  copied: false,
  changed: [],
  led: true,
  used: { server: 80, data: 3 },
  running,
};
const well: BoxFacts = { server: 'on', readiness: ready, look };
const now = 1_800_000_000;

describe('the number of repairs', () => {
  const repairs = (change: Partial<BoxFacts>) => judge({ ...well, ...change }, expected, now);

  test.each<[string, Partial<BoxFacts>]>([
    ['is well', {}],
    ['is well, with a backup', { look: { ...look, copied: true, running: [...running, 'ovth-backup'] } }],
    ['is well behind a closed port 22', { look: undefined }],
  ])('stays where the box %s', (_name, change) => {
    expect(repairs(change)).toBe(3);
    expect(faultsOf({ ...well, ...change })).toEqual([]);
  });

  test.each<[string, Partial<BoxFacts>, RegExp]>([
    ['does not answer', { readiness: 'it refuses connections' }, /no answer over HTTPS \(it refuses connections\)/],
    ['cannot book', { readiness: { ...ready, unready: 'storage_failed' } }, /not ready \(storage_failed\)/],
    ['has an old certificate', { readiness: { ...ready, certificate: 'its certificate ended on X' } }, /ended on X/],
    ['was edited', { look: { ...look, changed: ['front/caddy/Caddyfile'] } }, /front\/caddy\/Caddyfile is not as/],
    ['lacks the front', { look: { ...look, running: look.running.slice(0, 1) } }, /^Caddy does not run/],
    [
      'lacks the gateway',
      { look: { ...look, running: look.running.slice(1) } },
      /^the gateway’s container does not run/,
    ],
    ['lacks its backup', { look: { ...look, copied: true } }, /^what copies the ledger to its backup does not run/],
    ['leads nobody to the front', { look: { ...look, led: false } }, /^ports 80 and 443 do not lead to Caddy/],
    ['was never finished', { look: { ...look, applied: false } }, /no update has ended/],
  ])('rises by one where the box %s, and the fault is named', (_name, change, fault) => {
    expect(repairs(change)).toBe(4);
    expect(faultsOf({ ...well, ...change })).toEqual([expect.stringMatching(fault)]);
  });

  test.each<[string, Partial<Readiness>]>([
    ['configuration', { config: 'beef' }],
    ['release', { release: 'ba9876543210' }],
    ['release that says nothing of itself', { release: undefined }],
  ])('rises by one where another %s serves, which is no fault', (_name, change) => {
    const readiness = { ...ready, ...change };
    expect(repairs({ readiness })).toBe(4);
    expect(faultsOf({ ...well, readiness })).toEqual([]);
  });

  test('is greater than both of two that differ', () => {
    expect(repairs({ readiness: { ...ready, repairs: 5 }, look: { ...look, changed: ['x'] } })).toBe(6);
  });

  test.each<[string, Partial<BoxFacts>]>([
    ['is off', { server: 'off', readiness: 'it was not asked', look: undefined }],
    ['is gone', { server: 'none', readiness: 'it was not asked', look: undefined }],
    ['is dead', { readiness: 'no answer in 3 s', look: undefined }],
  ])('is one that no box has had where the box %s', (_name, change) => {
    expect(repairs(change)).toBe(now);
    expect(describeFaults(faultsOf({ ...well, ...change }), '203.0.113.9')).toMatch(
      /^the box at 203.0.113.9 is not as it should be: .+\.$/,
    );
  });

  test('begins at 0', () => {
    expect(repairs({ server: 'fresh', readiness: 'it was not asked', look: undefined })).toBe(0);
    expect(faultsOf({ server: 'fresh', readiness: 'it was not asked', look: undefined })).toEqual([]);
  });
});

test('what a look prints is read back, and what is no number is none', () => {
  expect(
    readLook([
      'deploy {"release":"0123456789ab","repairs":3}',
      'copied',
      'changed front/caddy/Caddyfile',
      'changed /root/.ssh/authorized_keys_ovth',
      'led',
      'runs ovth-front-2',
      'used server 41',
      'used data ',
    ]),
  ).toEqual({
    applied: true,
    repairs: 3,
    copied: true,
    changed: ['front/caddy/Caddyfile', '/root/.ssh/authorized_keys_ovth'],
    led: true,
    used: { server: 41, data: undefined },
    running: ['ovth-front-2'],
  });
  expect(readLook(['never'])).toEqual({
    ...{ applied: false, repairs: undefined, copied: false, changed: [], led: false, used: {} },
    running: [],
  });
  expect(readLook(['deploy ']).repairs).toBeUndefined();
  expect(readLook(['deploy {"repairs":"3"}']).repairs).toBeUndefined();
});

test('a disk that fills up is said, and is no fault', () => {
  expect(fullDisks(well)).toEqual([]);
  expect(fullDisks({ ...well, look: undefined })).toEqual([]);
  const full: BoxFacts = { ...well, look: { ...look, used: { server: 81, data: 100 } } };
  expect(fullDisks(full)).toEqual([
    'ovth:server.type: the server\'s own disk is 81 % full; look at "docker system df" there.',
    'ovth:data.size_gb: the data volume is 100 % full; raise the size.',
  ]);
  expect(judge(full, expected, now)).toBe(3);
});

describe('what HTTPS says', () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : void server.close(() => resolve())));
    server = undefined;
  });
  const listen = async (status: number, body: string | undefined) => {
    server = createServer(selfSigned, (_request, response) => {
      response.statusCode = status;
      if (body !== undefined) response.end(body);
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const ask = (port: number, host = '127.0.0.1') => askReadiness({ host, address: '127.0.0.1', port }, 5_000);
  const answer = { status: 'ok', release: '0123456789ab', config: 'cafe', repairs: 3, in_flight: 1 };

  test('is read whoever has signed the certificate', async () => {
    expect(await ask(await listen(200, JSON.stringify(answer)))).toEqual(ready);
  });

  test('names what is wrong with the gateway or the certificate', async () => {
    const port = await listen(503, JSON.stringify({ ...answer, status: 'draining' }));
    expect(await ask(port, 'gateway.example.com')).toEqual({
      ...ready,
      unready: 'draining',
      certificate: 'its certificate is not for gateway.example.com',
    });
  });

  test.each([
    [502, '', 'Caddy answers, and no gateway behind it'],
    [404, 'not here', 'it answers 404, which is no gateway’s'],
    [200, 'x'.repeat(70_000), 'it answers something else'],
  ])('an answer %i of another is no answer', async (status, body, why) => {
    expect(await ask(await listen(status, body))).toBe(why);
  });

  test('silence, a closed port and a server without a certificate are told apart', async () => {
    const silent = await listen(200, undefined);
    expect(await askReadiness({ host: '127.0.0.1', address: '127.0.0.1', port: silent }, 50)).toBe(
      'no answer in 0.05 s',
    );
    const bare = createServer({});
    await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
    const { port } = bare.address() as AddressInfo;
    expect(await ask(port)).toBe('it has no certificate');
    await new Promise((resolve) => bare.close(resolve));
    expect(await ask(port)).toBe('it refuses connections');
    const proxy = createTcpServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    expect(await ask((proxy.address() as AddressInfo).port)).toBe('it ends connections at once');
    await new Promise((resolve) => proxy.close(resolve));
  });
});

test('phases of this update are said as they begin; older ones and other words are not', () => {
  const said: string[] = [];
  const hear = openPhaseReader(
    () => 9.5,
    (phase) => said.push(phase),
  );
  const lines = ['1000', '980 build', '990 start', '991 constructor', '995 rm -rf', '', '1003 switch'];
  lines.forEach(hear);
  expect(said).toEqual([phases.start, phases.switch]);
});
