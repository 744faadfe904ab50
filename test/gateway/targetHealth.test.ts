// What is remembered of targets: whose probe it is that finds out whether one is well, and whose records make room for others.

import { openOutputSpeed } from '../../gateway/src/upstream/outputSpeed';
import { openTargetHealth, type TargetKey } from '../../gateway/src/upstream/targetHealth';
import { defaultLimits } from '../../config/limits';
import { loadConfig } from '../../config/load';
import { inspect } from '../../gateway/src/pipeline/inspect';
import { healthKey, plan } from '../../gateway/src/pipeline/plan';
import { goodAnswer, providerKeys, useRouteScene, wholeAnswer } from '../support/routeScene';
import { bodies } from '../support/translation';

const scene = useRouteScene();

const key = (name: string, madeUp = false): TargetKey => ({ target: name, account: `account of ${name}`, madeUp });
const failure = { code: 'upstream_error', restMs: 10_000 } as const;
const [one, other] = [{ name: 'one' }, { name: 'other' }];

describe('a probe', () => {
  const rested = () => {
    const health = openTargetHealth();
    health.failed(key('a'), 0, failure, one);
    expect(health.isResting(key('a'), 9_999)).toBe(true);
    health.claimProbe(key('a'), 10_000, one);
    return health;
  };

  test('keeps all others away, and not the request that makes it', () => {
    const health = rested();
    expect(health.isResting(key('a'), 10_000)).toBe(true);
    expect(health.isResting(key('a'), 10_000, other)).toBe(true);
    expect(health.isResting(key('a'), 10_000, one)).toBe(false);
  });

  test('ends with its own request, whatever becomes of another', () => {
    const health = rested();
    health.dropProbe(key('a'), other);
    expect(health.isResting(key('a'), 10_001)).toBe(true);
    health.dropProbe(key('a'), one);
    expect(health.isResting(key('a'), 10_001)).toBe(false);
  });

  test('that a second one has followed is not ended by the first', () => {
    const health = rested();
    health.claimProbe(key('a'), 20_000, other);
    health.dropProbe(key('a'), one);
    expect(health.isResting(key('a'), 20_001)).toBe(true);
  });

  test('goes on while an older request fails, whose target then rests again', () => {
    const health = rested();
    health.failed(key('a'), 10_001, { code: 'upstream_rate_limited', restMs: 1_000 }, other);
    expect(health.isResting(key('a'), 11_002)).toBe(true);
    health.dropProbe(key('a'), one);
    expect(health.isResting(key('a'), 11_002)).toBe(false);
  });

  test('leaves nothing behind when it has succeeded', () => {
    const health = rested();
    health.succeeded(key('a'), 5);
    health.failed(key('a'), 10_002, { code: 'upstream_rate_limited', restMs: 1_000 }, other);
    expect(health.isResting(key('a'), 11_003)).toBe(false);
  });
});

test('a count of tokens, which is no probe, does not end one', async () => {
  scene.a.answer = { status: 402, body: '{}' };
  scene.b.answer = goodAnswer('messages', 'from B');
  const ask = () => scene.ask('messages', 'to-messages', false);
  await (await ask()).text();
  scene.now += 60_000;
  scene.a.calls.length = 0;
  const held: (() => void)[] = [];
  scene.a.answer = (_call, response) =>
    void held.push(() => response.end(JSON.stringify(wholeAnswer('messages', 'from A'))));
  const probe = ask();
  await scene.a.arrived(1);
  const leave = new AbortController();
  const count = fetch(`${scene.gateway.url}/v1/messages/count_tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify(bodies('a-messages/m', false).messages),
    signal: leave.signal,
  }).catch(() => undefined);
  await scene.a.arrived(2);
  leave.abort();
  await count;
  await scene.a.calls[1]!.closed;
  expect(await (await ask()).text()).toContain('from B');
  expect(scene.a.calls).toHaveLength(2);
  held[0]!();
  expect(await (await probe).text()).toContain('from A');
});

test('a probe that is put in other words goes to its own target again', async () => {
  scene.a.answer = { status: 402, body: '{}' };
  scene.b.answer = goodAnswer('chat', 'from B');
  const ask = () => scene.ask('chat', 'to-chat', false);
  await (await ask()).text();
  scene.now += 60_000;
  scene.a.calls.length = 0;
  scene.a.answer = (call, response) => {
    if (scene.a.calls.length > 1) return goodAnswer('chat', 'from A')(call, response);
    response
      .writeHead(400, { 'content-type': 'application/json' })
      .end('{"error":{"message":"Thought signature is not valid"}}');
  };
  expect(await (await ask()).text()).toContain('from A');
  expect(scene.a.calls).toHaveLength(2);
});

describe('what clients make up', () => {
  test('never takes the place of what is known of a target of the operator’s', () => {
    const health = openTargetHealth();
    health.failed(key('route’s'), 0, failure, one);
    health.failed(key('account’s'), 0, { ...failure, ofAccount: true }, one);
    health.succeeded(key('fast'), 7);
    for (let i = 0; i < 20_000; i++) health.failed(key(`own/${i}`, true), 0, failure, one);
    expect(health.isResting(key('route’s'), 1)).toBe(true);
    expect(health.isResting(key('account’s'), 1)).toBe(true);
    expect(health.firstByte(key('fast'), 1)).toBe(7);
  });

  test('is itself forgotten, those that are well first', () => {
    const health = openTargetHealth();
    for (let i = 0; i < 1_000; i++) health.failed(key(`own/${i}`, true), 0, failure, one);
    health.succeeded(key('own/500', true), undefined);
    health.failed(key('own/new', true), 1, failure, one);
    expect([0, 499, 501, 999].map((i) => health.isResting(key(`own/${i}`, true), 1))).toEqual(Array(4).fill(true));
    health.failed(key('own/newer', true), 1, failure, one);
    expect(health.isResting(key('own/0', true), 1)).toBe(false); // the oldest, where all rest
  });

  test('is known as the route’s where a route has it too', () => {
    const health = openTargetHealth();
    health.failed(key('own/x', true), 0, failure, one);
    health.failed(key('own/x'), 0, failure, one);
    for (let i = 0; i < 2_000; i++) health.failed(key(`own/${i}`, true), 0, failure, one);
    expect(health.isResting(key('own/x'), 1)).toBe(true);
  });

  test.each([
    ['b-messages/made-up', true],
    ['b-messages/constructor', true],
    ['anthropic/made-up', true],
    ['b-messages/m', false],
    ['claude-opus-4.7', false],
    ['anthropic/claude-opus-4-7', false],
    ['gpt-5.5-2026-04-23', false],
  ])('is told from what is known: %s', async (model, madeUp) => {
    const keys = { ...providerKeys, ANTHROPIC_API_KEY: 'k', OPENAI_API_KEY: 'k' };
    const { config } = scene.gateway.running;
    const all = loadConfig(JSON.stringify({ providers: config.settings.providers }), keys);
    const body = Buffer.from(JSON.stringify({ model, messages: [] }));
    const facts = await inspect('chat', body, defaultLimits);
    const moment = { now: 0, day: '2026-11-26', random: () => 0 };
    const [target] = plan(
      all,
      facts,
      body,
      { label: 'k', models: null, routes: null },
      openTargetHealth(),
      moment,
    ).targets;
    expect(healthKey(target!, { name: 'default' }).madeUp).toBe(madeUp);
  });

  test('is no more than any other name where a route names it', () => {
    const config = loadConfig('routes: {r: {models: [anthropic/made-up]}}\nquota: {daily_tokens: 1}\n', {
      ANTHROPIC_API_KEY: 'k',
    });
    expect(healthKey(config.routes.get('r')!.targets[0]!, { name: 'default' }).madeUp).toBe(false);
  });
});

test('of speeds the longest unmeasured is forgotten', () => {
  const speed = openOutputSpeed();
  speed.learn('old', 1_000, 1_000);
  speed.learn('used', 1_000, 1_000);
  for (let i = 0; i < 9_998; i++) speed.learn(`own/${i}`, 1_000, 1_000);
  speed.learn('used', 1_000, 1_000);
  speed.learn('own/new', 1_000, 1_000);
  expect([speed.tokensIn('old', 1_000), speed.tokensIn('used', 1_000)]).toEqual([50, 1_000]);
});
