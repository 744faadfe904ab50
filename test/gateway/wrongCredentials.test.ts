// Whoever guesses credentials: refused without work after thirty a minute and address, and one line in the log.

import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { mintKey } from '../../config/appKey';
import { Secret } from '../../config/secret';
import { openAuthenticator } from '../../gateway/src/http/authenticate';
import { networkOf, openClientAddresses, openRanges } from '../../gateway/src/http/clientAddress';
import { openMinuteCounter } from '../../gateway/src/http/minuteCounter';
import { openSqliteStorage } from '../../gateway/src/storage/sqlite';
import { keyRow } from '../storage/samples';
import { masterKey } from '../support/gateway';
import { say, type Scene, startScene } from '../support/sim';

const chat = '/v1/chat/completions';
const body = { model: 'gpt-5.5', messages: say('hi') };

let scene: Scene;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-11-26T12:00:00Z');
  scene = await startScene('', { now: () => now });
});
afterEach(() => scene.close());

const ask = async (key: string, from?: string) => {
  const answer = await scene.post(chat, key, body, from === undefined ? {} : { 'x-forwarded-for': from });
  return {
    status: answer.status,
    wait: answer.headers.get('retry-after'),
    id: answer.headers.get('x-request-id') ?? '',
    text: await answer.text(),
  };
};
const times = async (count: number, work: () => Promise<{ status: number }>) => {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await work()).status);
  return statuses;
};
const refused = () => scene.gateway.lines.filter(({ kind }) => kind === 'refused').map(({ fields }) => fields);

test('thirty wrong ones a minute are told so, more are 429 with the time to wait, and a valid one is never refused [A3]', async () => {
  const key = await scene.gateway.mint();
  expect(await times(30, () => ask('ovth_live_typo'))).toEqual(Array(30).fill(401));
  now += 10_000;
  const { status, wait, text } = await ask('ovth_live_typo');
  expect([status, wait]).toEqual([429, '50']);
  expect(JSON.parse(text)).toMatchObject({ error: { type: 'rate_limit_exceeded', code: 'rate_limit_exceeded' } });
  expect((await ask('some-master-key-guess-of-sufficient-length')).status).toBe(429);
  expect((await ask(key)).status).toBe(200);
  expect((await scene.gateway.admin('GET', '/admin/keys')).status).toBe(200);
  expect(refused()).toHaveLength(1);
  expect(refused()[0]).toMatchObject({ code: 'invalid_key', address: '127.0.0.1' });
  now += 50_000;
  expect((await ask('ovth_live_typo')).status).toBe(401);
  expect(refused()).toHaveLength(2);
});

test('well-formed guesses from an address that has failed often are not looked up by themselves [A3]', async () => {
  const look = jest.fn((): undefined => undefined);
  const refresh = jest.fn(() => Promise.resolve(undefined));
  const authenticator = openAuthenticator({
    keys: { find: look, knows: () => false, findRefreshed: refresh },
    credentials: { find: () => undefined },
    masterKey: () => new Secret(masterKey),
    addresses: { of: () => '203.0.113.7' },
    now: () => now,
  });
  const guess = () => authenticator.identify({ headers: { 'x-api-key': mintKey() } } as unknown as IncomingMessage);
  for (let i = 0; i < 30; i++) expect(guess).toThrow(expect.objectContaining({ code: 'invalid_key' }) as Error);
  for (let i = 0; i < 30; i++) await expect(guess()).rejects.toMatchObject({ code: 'too_many_wrong_keys' });
  expect([look.mock.calls.length, refresh.mock.calls.length]).toEqual([30, 30]);
});

test('a key that another process has just minted is accepted from an address that has failed often', async () => {
  await times(31, () => ask('ovth_live_typo'));
  const other = await openSqliteStorage({
    folder: scene.gateway.dataPath,
    durability: 'process',
    instance: 'ins_other',
    now,
  });
  try {
    for (let i = 0; i < 3; i++) {
      const key = mintKey();
      await other.putKeys([keyRow(`k${i}`, { sha256: hash('sha256', key) })]);
      expect((await ask(key)).status).toBe(200);
    }
    expect((await ask(mintKey())).status).toBe(429);
  } finally {
    await other.close();
  }
});

test('revoked keys, and credentials that are wrong for the administration, count too [A9]', async () => {
  const { body: key } = await scene.gateway.admin('POST', '/admin/keys', { label: 'gone' });
  await scene.gateway.admin('DELETE', `/admin/keys/${key.id}`);
  expect(await times(29, () => ask(key.key))).toEqual(Array(29).fill(401));
  const admin = async () => fetch(`${scene.gateway.url}/admin/keys`, { headers: { authorization: 'Bearer guess' } });
  expect(await times(2, admin)).toEqual([401, 429]);
});

test('each address by itself, as a trusted proxy names it, and what a client writes there is not believed [B2]', async () => {
  const key = await scene.gateway.mint();
  await times(31, () => ask('ovth_live_typo', '203.0.113.7'));
  expect((await ask('ovth_live_typo', '203.0.113.7')).status).toBe(429);
  expect((await ask('ovth_live_typo', '198.51.100.1, 203.0.113.7')).status).toBe(429);
  expect((await ask('ovth_live_typo', '203.0.113.7, 198.51.100.1')).status).toBe(401);
  expect(refused().map(({ address }) => address)).toEqual(['203.0.113.7', '198.51.100.1']);
  const { id } = await ask(key, '192.0.2.1, 203.0.113.7, 10.0.0.2');
  expect(await scene.gateway.row(id)).toMatchObject({ address: '203.0.113.7' });
  await scene.gateway.reload(
    `http: {trusted_proxies: [192.0.2.0/24]}\nproviders: ${JSON.stringify(scene.gateway.running.config.settings.providers)}\n`,
  );
  const direct = await ask(key, '203.0.113.7');
  expect(await scene.gateway.row(direct.id)).toMatchObject({ address: '127.0.0.1' });
});

test('without a credential: 401 always, and one line a minute and address, whatever the path [L8]', async () => {
  const get = (path: string) => fetch(scene.gateway.url + path);
  expect(await times(40, () => get('/admin/keys'))).toEqual(Array(40).fill(401));
  expect(await times(5, () => get('/nothing'))).toEqual(Array(5).fill(404));
  expect(refused()).toHaveLength(1);
  expect(
    (await fetch(`${scene.gateway.url}/v1/models`, { headers: { authorization: `Bearer ${masterKey}` } })).status,
  ).toBe(200);
});

describe('the address of a client', () => {
  const addresses = openClientAddresses(() => ['127.0.0.0/8', '10.0.0.0/8', '::1/128', 'fc00::/7']);
  const of = (peer: string | undefined, forwarded?: string) =>
    addresses.of({
      socket: { remoteAddress: peer },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    } as never);
  test.each([
    ['203.0.113.7', undefined, '203.0.113.7'],
    ['::ffff:203.0.113.7', undefined, '203.0.113.7'],
    ['203.0.113.7', '1.2.3.4', '203.0.113.7'], // no proxy of ours
    ['127.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['::ffff:127.0.0.1', ' 1.2.3.4 ', '1.2.3.4'],
    ['::1', '2001:db8::1', '2001:db8::1'],
    ['127.0.0.1', '9.9.9.9, 1.2.3.4, 10.1.1.1', '1.2.3.4'],
    ['127.0.0.1', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
    ['127.0.0.1', 'unknown', '127.0.0.1'],
    ['127.0.0.1', '1.2.3.4, evil', '127.0.0.1'],
    ['127.0.0.1', `${'9.9.9.9, '.repeat(3_000)}1.2.3.4`, '1.2.3.4'],
    [undefined, '1.2.3.4', ''],
  ])('of %s with %s is %s', (peer, forwarded, address) => expect(of(peer, forwarded)).toBe(address));

  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s is of the network %s', (address, network) => expect(networkOf(address)).toBe(network));

  test('ranges are those of the moment', () => {
    let ranges = ['10.0.0.0/8'];
    const lies = openRanges(() => ranges);
    expect([lies('10.1.1.1'), lies('11.1.1.1'), lies('x'), lies('')]).toEqual([true, false, false, false]);
    ranges = ['11.0.0.0/8'];
    expect([lies('10.1.1.1'), lies('11.1.1.1')]).toEqual([false, true]);
  });
});

test('the table of addresses is bounded: the oldest is forgotten [L3]', () => {
  let at = 0;
  const counter = openMinuteCounter(() => at, 100);
  for (let i = 0; i < 1_000; i++) counter.add(`a${i}`);
  expect([counter.count('a899'), counter.count('a900'), counter.count('a999')]).toEqual([0, 1, 1]);
  at += 59_999;
  expect([counter.add('a999'), counter.secondsLeft('a999')]).toEqual([2, 1]);
  at += 1;
  expect([counter.count('a999'), counter.add('a999')]).toEqual([0, 1]);
});
