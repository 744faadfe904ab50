// What is held of a limit in dollars before a request is sent: prompts that are written to a cache, and sound, cost more than
// plain input.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { loadConfig } from '../../config/load';
import { findTarget } from '../../config/resolve';
import { ratesHeld } from '../../gateway/src/pipeline/admit';
import { inspect, type Needs } from '../../gateway/src/pipeline/inspect';
import { say, startScene } from '../support/sim';

const config = loadConfig('routes: {}\n', { OPENAI_API_KEY: 'sk-x' });
const day = '2026-11-27';
const target = (name: string) => findTarget(name, config.settings, day)!.target;
const needsOf = async (format: 'messages' | 'chat', body: object): Promise<Needs> =>
  (await inspect(format, Buffer.from(JSON.stringify({ model: 'm', ...body })), config.limits)).needs;
const text = (more: object = {}) => ({ type: 'text', text: 'hi', ...more });
const messages = (...content: object[]) => ({ max_tokens: 5, messages: [{ role: 'user', content }] });
const opus = target('claude-opus-4.7');
const price = (name: string) => target(name).prices.at(-1)!;

test('a prompt that is to be cached is held at the price of writing it, for as long as it asks', async () => {
  const held = async (body: object) => ratesHeld(opus, await needsOf('messages', body), day).input;
  const { input, cache_write_5m, cache_write_1h } = price('claude-opus-4.7');
  expect([input < cache_write_5m, cache_write_5m < cache_write_1h]).toEqual([true, true]);
  expect(await held(messages(text()))).toBe(input);
  expect(await held(messages(text({ cache_control: { type: 'ephemeral' } })))).toBe(cache_write_5m);
  expect(await held(messages(text({ cache_control: { type: 'ephemeral' } }), text({ cache_control: { type: 'ephemeral', ttl: '1h' } })))).toBe(cache_write_1h); // prettier-ignore
  expect(await held({ ...messages(text()), cache_control: { type: 'ephemeral', ttl: '1h' } })).toBe(cache_write_1h);
  expect(await held(messages(text({ text: 'a "cache_control" in words' })))).toBe(input); // its quotes are escaped
  const far = messages(text({ text: 'x'.repeat(300_000) }), text({ cache_control: { type: 'ephemeral' } }));
  expect(await held(far)).toBe(cache_write_5m);
});

test('where a provider caches unasked, every prompt that is long enough is held at that price', async () => {
  const sol = target('gpt-6.2-sol');
  const { input, cache_write_5m } = price('gpt-6.2-sol');
  const held = async (length: number) =>
    ratesHeld(sol, await needsOf('chat', { messages: say('word '.repeat(length)) }), day).input;
  expect(cache_write_5m).toBeGreaterThan(input);
  expect(await held(10)).toBe(input);
  expect(await held(2_000)).toBe(cache_write_5m);
  expect(ratesHeld(opus, await needsOf('chat', { messages: say('word '.repeat(2_000)) }), day).input).toBe(price('claude-opus-4.7').input); // prettier-ignore
});

test('sound is held at its own price', async () => {
  const flash = target('gemini-3.1-flash-lite');
  const { input, input_audio = 0 } = price('gemini-3.1-flash-lite');
  const sound = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } };
  const needs = await needsOf('chat', { messages: [{ role: 'user', content: [sound] }] });
  expect(needs.capabilities).toContain('audio');
  expect(input_audio).toBeGreaterThan(input);
  expect(ratesHeld(flash, needs, day).input).toBe(input_audio);
});

test('and that is what the open request holds', async () => {
  const scene = await startScene('');
  try {
    const key = await scene.gateway.mint({ label: 'a', quota: { limits: [{ usd: 5, per: 'lifetime' }] } });
    const system = [{ type: 'text', text: 'word '.repeat(1_000), cache_control: { type: 'ephemeral' } }];
    const asked = scene.post('/anthropic/v1/messages', key, { model: 'claude-opus-4.7', max_tokens: 10, system, messages: say('[[sim: hold=x]] hi') }); // prettier-ignore
    await scene.simulators.anthropic.waitForStarted(1);
    const db = new DatabaseSync(join(scene.gateway.dataPath, 'ledger.db'), { readOnly: true });
    const { nano, tokens, output } = db.prepare('select nano, tokens, output from open_requests').get() as Record<
      string,
      number
    >;
    db.close();
    const { cache_write_5m, output: written } = price('claude-opus-4.7');
    expect(nano).toBe((tokens! - output!) * cache_write_5m + output! * written);
    scene.simulators.release('x');
    await (await asked).text();
  } finally {
    await scene.close();
  }
});
