// Five minutes of all that happens at once: requests on every wire, clients that leave, providers that fail, a configuration
// that changes, and a key that attacks. The memory is flat after the first minute, and the good keys see no failure.
// `SOAK_MS` sets another time.

import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulators } from '../simulators';
import { bundle, makeFolder, mint, node, startChild } from '../support/child';
import { providersAt } from '../support/guide';
import { bodies, type Kind, paths } from '../support/translation';

const lasts = Number(process.env['SOAK_MS'] ?? 300_000);
const kinds: readonly Kind[] = ['chat', 'responses', 'messages', 'generate'];
const models = ['gpt-5.5', 'claude-haiku-4-5', 'gemini-3.5-flash'] as const;
/** What shows that a stream has ended as it should. */
const ends: Readonly<Record<Kind, RegExp>> = {
  chat: /data: \[DONE\]/,
  responses: /response\.completed/,
  messages: /message_stop/,
  generate: /"finishReason": ?"STOP"/,
};
const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('five minutes of everything at once [E6 L5]', async () => {
  const simulators = await startSimulators();
  const config = (reload: number) =>
    `${providersAt(simulators)}quota: {daily_tokens: ${1_000_000_000 + reload}}\nlimits: {reader_stall_ms: 5000}\n`;
  const folder = makeFolder(config(0));
  const gateway = await startChild({
    folder: folder.path,
    command: [node, '--max-old-space-size=192', '--max-semi-space-size=8', bundle()], // as `npm start`
    env: {
      OPENAI_API_KEY: simulators.openai.key,
      ANTHROPIC_API_KEY: simulators.anthropic.key,
      GOOGLE_API_KEY: simulators.google.key,
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '1048576',
    },
  });
  const { url } = gateway;
  const until = Date.now() + lasts;
  const goes = () => Date.now() < until;
  const post = (key: string, kind: Kind, text: string, stream: boolean, init: RequestInit = {}, more: object = {}) => {
    const model = pick(models);
    const body = JSON.stringify({ ...bodies(model, stream)[kind], ...more }).replace('"hi"', JSON.stringify(text));
    return fetch(url + paths(model, stream)[kind], {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body,
      ...init,
    });
  };

  const failures: string[] = [];
  const done = { good: 0, left: 0, failed: 0, hostile: 0, reloads: 0 };
  const good = async (key: string) => {
    while (goes()) {
      const kind = pick(kinds);
      const stream = Math.random() < 0.5;
      const large = Math.random() < 0.02 ? 'x '.repeat(300_000) : '';
      try {
        const answer = await post(key, kind, `hello ${large}`, stream);
        const text = await answer.text();
        if (answer.status !== 200 || (stream && !ends[kind].test(text)))
          failures.push(`${kind}${stream ? ', streamed' : ''}: ${answer.status} ${text.slice(-300)}`);
      } catch (error) {
        failures.push(`${kind}: ${String(error)}`);
      }
      done.good++;
    }
  };
  const leaver = async (key: string) => {
    while (goes()) {
      const leave = new AbortController();
      const asked = post(key, pick(kinds), 'In 300 words [[sim: silence_ms=200]]', Math.random() < 0.7, {
        signal: leave.signal,
      }).then((answer) => answer.text());
      await Promise.race([asked.catch(() => ''), pause(Math.random() * 300)]);
      leave.abort();
      await asked.catch(() => '');
      done.left++;
    }
  };
  const unlucky = async (key: string) => {
    const faults = [
      'status=503',
      'status=429',
      'status=401',
      'error_after=2',
      'cut_after=2',
      'silence_after=2 silence_ms=500',
    ];
    while (goes()) {
      const answer = await post(key, pick(kinds), `In 20 words [[sim: ${pick(faults)}]]`, Math.random() < 0.5);
      await answer.text().catch(() => '');
      done.failed++;
      await pause(20);
    }
  };
  const attacks: readonly ((key: string) => Promise<unknown>)[] = [
    (key) => post(key, 'chat', 'hi', false, { body: '{"model": "gpt-5.5", "messages": [' }),
    (key) => post(key, 'chat', 'hi', false, { body: `{"model":"gpt-5.5","messages":${'['.repeat(5_000)}` }),
    (key) => post(key, 'chat', 'hi', false, {}, { max_completion_tokens: 2 ** 53, n: 1.5 }),
    (key) => post(key, 'chat', 'hi', false, {}, { model: `openai/${Math.random()}${'x'.repeat(100_000)}` }),
    (key) => post(key, 'messages', 'hi', false, {}, { model: `anthropic/made-up-${Math.random()}` }),
    (key) => post(key, 'messages', '\\"'.repeat(2_000_000), false),
    (key) => post(key, 'responses', `data:image/png;base64,${'A'.repeat(6_000_000)}`, true),
    (key) =>
      post(
        key,
        'generate',
        'hi',
        true,
        {},
        { tools: [{ functionDeclarations: [{ name: 'f', parameters: nested(60) }] }] },
      ),
    // Half a body, and then nothing more.
    (key) =>
      new Promise((resolve) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
          socket.write(
            `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-length: 30000000\r\n\r\n${'{'.repeat(1_000_000)}`,
          );
          setTimeout(() => socket.destroy(), 1_000);
        });
        socket.on('error', () => undefined).on('close', resolve);
      }),
    // An answer that nobody reads.
    async (key) => {
      const leave = new AbortController();
      await post(key, 'chat', 'In 5000 words', true, { signal: leave.signal });
      await pause(2_000);
      leave.abort();
    },
  ];
  const hostile = async (key: string) => {
    while (goes()) {
      const answer = await pick(attacks)(key).catch(() => undefined);
      if (answer instanceof Response) await answer.text().catch(() => '');
      done.hostile++;
    }
  };
  const reloader = async () => {
    while (goes()) {
      await pause(5_000);
      writeFileSync(join(folder.path, 'config.yaml'), config(++done.reloads));
      gateway.process.kill('SIGHUP');
      simulators.reset(); // they keep what they were sent
    }
  };
  const resident: { at: number; mb: number }[] = [];
  const observer = async () => {
    const began = Date.now();
    while (goes()) {
      const status = readFileSync(`/proc/${gateway.process.pid}/status`, 'latin1');
      resident.push({ at: Date.now() - began, mb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024 });
      await pause(1_000);
    }
  };

  try {
    const [a, b, c, d, e] = await Promise.all(
      ['a', 'b', 'leaver', 'unlucky', 'hostile'].map((label) => mint(url, { label })),
    );
    await Promise.all([
      ...[a, a, a, b, b, b].map((key) => good(key!)),
      ...[c, c].map((key) => leaver(key!)),
      unlucky(d!),
      ...[e, e, e].map((key) => hostile(key!)),
      reloader(),
      observer(),
    ]);
    expect(failures.slice(0, 5)).toEqual([]);
    const between = (from: number, to: number) =>
      median(resident.filter(({ at }) => at >= from * lasts && at < to * lasts).map(({ mb }) => mb));
    const [early, late] = [between(0.2, 0.4), between(0.8, 1)];
    console.info(
      `${JSON.stringify(done)}; resident ${early.toFixed(0)} MB after the first fifth, ${late.toFixed(0)} MB in the last, ${Math.max(...resident.map(({ mb }) => mb)).toFixed(0)} MB at most`,
    );
    expect(late).toBeLessThan(1.15 * early + 10);
    expect(Math.min(...Object.values(done))).toBeGreaterThan(0);
    gateway.process.kill('SIGTERM');
    expect(await gateway.ended).toMatchObject({ code: 0 });
    const db = new DatabaseSync(join(folder.path, 'data/ledger.db'));
    const one = (sql: string) => Number((db.prepare(sql).get() as { n: number }).n);
    expect(one('select count(*) n from open_requests')).toBe(0);
    expect(one('select sum(reserved_tokens) n from budgets')).toBe(0);
    expect(one('select sum(counted) n from usage_hours')).toBe(one('select sum(counted) n from requests'));
    db.close();
  } finally {
    gateway.process.kill('SIGKILL');
    await gateway.ended;
    folder.remove();
    await simulators.close();
  }
});

// ---

function nested(depth: number): object {
  return depth === 0
    ? { type: 'string' }
    : { anyOf: [nested(depth - 1), { type: 'object', properties: { a: { not: {} } } }] };
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? NaN;
}
