// Steps of the machine's clock: no second window of a quota, no lost row, no rest that never ends.

import { openSteadyClock } from '../../gateway/src/app/steadyClock';
import { say, startScene } from '../support/sim';

const minute = 60_000;
const day = 24 * 60 * minute;

/** A machine whose clock can be set, and which can sleep. */
function machine() {
  const time = { wall: Date.parse('2026-11-26T23:50:00Z'), monotonic: 1_000, boot: 500_000 };
  const told: number[] = [];
  const now = openSteadyClock((by) => told.push(by), {
    wall: () => Math.floor(time.wall),
    monotonic: () => time.monotonic,
    sinceBoot: () => time.boot,
  });
  const pass = (ms: number) => {
    time.wall += ms;
    time.monotonic += ms;
    time.boot += ms;
    return now();
  };
  const step = (by: number) => {
    time.wall += by;
    return now();
  };
  const sleep = (ms: number) => {
    time.wall += ms;
    time.boot += ms;
    return now();
  };
  pass(8 * minute); // its time has stood for long enough to be defended
  return { now, pass, step, sleep, told };
}

describe('the steady clock', () => {
  test('follows time, slow corrections and sleep', () => {
    const { now, pass, step, sleep, told } = machine();
    const began = now();
    expect(pass(minute)).toBe(began + minute);
    for (let i = 0; i < 100; i++) step(-500);
    expect(now()).toBe(began + minute - 50_000);
    expect(sleep(8 * 60 * minute)).toBe(began + 8 * 60 * minute + minute - 50_000);
    expect(pass(10)).toBe(began + 8 * 60 * minute + minute - 50_000 + 10);
    expect(told).toEqual([]);
  });

  test.each([400 * day, -5 * minute, -40 * day])('a step of %d ms that is taken back has never been', (by) => {
    const { now, pass, step, told } = machine();
    const began = now();
    expect(step(by)).toBe(began);
    for (let i = 1; i <= 4; i++) expect(pass(minute)).toBe(began + i * minute);
    expect(step(-by)).toBe(began + 4 * minute);
    for (let i = 5; i <= 20; i++) expect(pass(minute)).toBe(began + i * minute);
    expect(told).toEqual([by]);
  });

  test.each([3 * 60 * minute, -3 * 60 * minute])('a step of %d ms that stands is believed after five minutes', (by) => {
    const { now, pass, step, told } = machine();
    const began = now();
    step(by);
    for (let i = 1; i <= 4; i++) expect(pass(minute)).toBe(began + i * minute);
    expect(pass(minute)).toBe(began + 5 * minute + by);
    expect(pass(minute)).toBe(began + 6 * minute + by);
    expect(told).toEqual([by]);
  });

  test('a time that has not stood for five minutes is put right at once, at the start and after a step', () => {
    const { now, pass, step, told } = machine();
    const began = now();
    step(day);
    for (let i = 0; i < 5; i++) pass(minute);
    expect(now()).toBe(began + 5 * minute + day);
    expect(step(-day)).toBe(began + 5 * minute);
    expect(step(-400 * day)).toBe(began + 5 * minute - 400 * day);
    expect(step(400 * day)).toBe(began + 5 * minute);
    expect(told).toEqual([day]);
  });

  test('a second step while one is not believed begins the wait anew, and times are integers', () => {
    const { now, pass, step, told } = machine();
    const began = now();
    step(day);
    pass(4 * minute);
    step(day);
    expect(pass(4 * minute)).toBe(began + 8 * minute);
    expect(pass(minute)).toBe(began + 9 * minute + 2 * day);
    expect(told).toEqual([day, 2 * day]);
    step(day);
    expect(Number.isInteger(pass(0.7))).toBe(true);
  });
});

test('a quota that is used up stays so over steps of the clock, and every row is kept [I6]', async () => {
  const { now, pass, step } = machine();
  const scene = await startScene('', { now });
  try {
    const key = await scene.gateway.mint({ label: 'app', quota: { daily_tokens: 600 } });
    const body = { model: 'gpt-5.5', max_completion_tokens: 500, messages: say('[[sim: usage=90/500]] hi') };
    const ask = async () => {
      const answer = await scene.post('/v1/chat/completions', key, body);
      await answer.arrayBuffer();
      return { status: answer.status, id: answer.headers.get('x-request-id') ?? '' };
    };
    const first = await ask();
    expect(first.status).toBe(200);
    expect((await ask()).status).toBe(429);
    for (const by of [400 * day, -5 * minute, -2 * day]) {
      step(by);
      expect((await ask()).status).toBe(429);
      step(-by);
    }
    pass(2 * minute); // midnight
    const second = await ask();
    expect(second.status).toBe(200);
    step(-5 * minute); // NTP puts it back into yesterday
    expect((await ask()).status).toBe(429);
    for (const { id } of [first, second]) expect(await scene.gateway.row(id)).toMatchObject({ outcome: 'ok' });
  } finally {
    await scene.close();
  }
});
