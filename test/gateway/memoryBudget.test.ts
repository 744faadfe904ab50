// Memory is shared between keys: what one holds leaves room for the others.

import { connect } from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { openMemoryBudget } from '../../gateway/src/core/memoryBudget';
import { startFakeUpstream, type FakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';

const MiB = 1024 * 1024;

describe('the rule', () => {
  test('one key alone takes a body of the largest size, and half of all with several', () => {
    const budget = openMemoryBudget(() => 64 * MiB);
    const first = budget.open('a');
    first.take(40 * MiB);
    expect(() => budget.open('a').take(1)).toThrow(/of this key/);
    first.close();
    expect(budget.held).toBe(0);
    budget.open('a').take(16 * MiB);
    budget.open('a').take(16 * MiB);
    expect(() => budget.open('a').take(1)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  });

  test('beside greedy ones a key that holds nothing takes one body that fits, and leaves room for the small ones of others', () => {
    const budget = openMemoryBudget(() => 64 * MiB);
    for (const [key, size] of [['a', 30], ['b', 14], ['c', 8]] as const) budget.open(key).take(size * MiB); // prettier-ignore
    const free = 12 * MiB;
    const own = budget.open('d');
    expect(() => own.take(free - 4 * MiB + 1)).toThrow(/The requests in flight hold/);
    own.take(free - 4 * MiB);
    expect(() => budget.open('d').take(1)).toThrow(/in flight hold/);
    budget.open('e').take(2 * MiB);
    expect(() => budget.open('f').take(2 * MiB + 1)).toThrow(/The requests in flight hold/);
    budget.open('f').take(2 * MiB);
  });

  test('what can be done without is taken by a key that holds little, while half of all is free', () => {
    const budget = openMemoryBudget(() => 64 * MiB);
    const own = budget.open('a');
    expect([own.takeSpare(8 * MiB), own.takeSpare(1)]).toEqual([true, false]);
    budget.open('b').take(24 * MiB);
    expect(budget.open('c').takeSpare(1)).toBe(false);
    own.close();
    expect([budget.held, budget.open('c').takeSpare(8 * MiB)]).toEqual([24 * MiB, true]);
  });

  test('whatever many keys take, one that holds nothing gets an ordinary request through [L4]', () => {
    const actions = fc.record({ key: fc.nat(4), bytes: fc.integer({ min: 1, max: 40 * MiB }), close: fc.boolean() });
    fc.assert(
      fc.property(fc.array(actions, { maxLength: 60 }), (history) => {
        const budget = openMemoryBudget(() => 64 * MiB);
        const open: { key: number; bytes: number; close: () => void }[] = [];
        for (const { key, bytes, close } of history) {
          if (close) open.splice(key % Math.max(1, open.length), 1)[0]?.close();
          const share = budget.open(`key ${key}`);
          try {
            share.take(bytes);
            open.push({ key, bytes, close: () => share.close() });
          } catch {
            share.close();
          }
          expect(budget.held).toBe(open.reduce((sum, each) => sum + each.bytes, 0));
          const other = budget.open('new');
          other.take(2 * MiB);
          other.close();
          expect(budget.held).toBeLessThanOrEqual(64 * MiB);
        }
      }),
    );
  });
});

describe('the gateway', () => {
  let fake: FakeUpstream;
  let gateway: TestGateway;
  beforeAll(async () => {
    fake = await startFakeUpstream();
    fake.answer = { body: '{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}' }; // prettier-ignore
    gateway = await startTestGateway({ config: `providers: {openai: {base_url: "${fake.url}/v1"}}\n` });
  });
  afterAll(async () => {
    await gateway.close();
    await fake.close();
  });

  test('answers a fourth key while three hold all they can in uploads that go nowhere [B4 L4]', async () => {
    const port = Number(new URL(gateway.url).port);
    const keys = await Promise.all(['a', 'b', 'c'].map((label) => gateway.mint({ label })));
    const refused: Promise<unknown>[] = [];
    const uploads = keys.flatMap((key) =>
      Array.from({ length: 20 }, () => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        refused.push(once(socket, 'data'));
        socket.write(
          `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${20 * MiB}\r\n\r\n{"model":`,
        );
        return socket;
      }),
    );
    await Promise.race(refused); // what fits is held, and the rest is told
    const fourth = await gateway.mint({ label: 'fourth' });
    const ask = (size: number) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${fourth}` },
        body: JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'word '.repeat(size / 5) }] }),
      });
    for (const size of [100, 2 * MiB, 100, 2 * MiB]) {
      const answer = await ask(size);
      expect([answer.status, size, await answer.text()]).toEqual([200, size, expect.any(String)]);
    }
    for (const socket of uploads) socket.destroy();
  });
});
