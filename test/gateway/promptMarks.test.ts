// What is found while a prompt is scanned is what a parser and a walk over all of its strings would find.

import fc from 'fast-check';
import { defaultLimits } from '../../config/limits';
import { inspect } from '../../gateway/src/pipeline/inspect';
import { isEnvelope, wrapEnvelope } from '../../gateway/src/wire/reasoning/envelope';
import { isOurSearch, ourSearchId } from '../../gateway/src/wire/shared/webSearch';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const marksOf = async (messages: unknown, indent?: number, more: object = {}) => {
  const { hasEnvelopes, needs } = await inspect(
    'messages',
    Buffer.from(JSON.stringify({ model: 'm', max_tokens: 9, messages, ...more }, null, indent)),
    defaultLimits,
  );
  return { hasEnvelopes, cacheWrite: needs.cacheWrite };
};

// All strings of a value that are no names.
function* texts(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* texts(each);
}

const envelope = wrapEnvelope({ format: 'messages', value: 'opaque' });
const strings = fc.oneof(
  { weight: 6, arbitrary: fc.string() },
  fc.constantFrom(
    envelope,
    wrapEnvelope(undefined),
    ourSearchId('srvtoolu_', 'a1'),
    ourSearchId('ws_', 'a1'),
    `${envelope}${envelope}`,
    `a text with ${envelope} in it`,
    envelope.slice(0, 7),
    'ws_',
    'srvtoolu_01',
  ),
);

test(`our envelopes and ids are found where they stand as values (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(fc.string(), fc.oneof(strings, fc.array(strings)))),
      fc.constantFrom(undefined, 1),
      async (messages, indent) => {
        const ours = [...texts(messages)].some((text) => isEnvelope(text) || isOurSearch(text));
        expect((await marksOf(messages, indent)).hasEnvelopes).toBe(ours);
      },
    ),
    { seed, numRuns: 2_000, interruptAfterTimeLimit: 8_000 },
  );
});

test('one within a large body is found in whichever slice it ends', async () => {
  const filler = (size: number) => ({ role: 'user', content: 'x'.repeat(size) });
  for (const size of [65_000, 65_400, 65_480, 65_500, 131_000]) {
    const turn = { role: 'assistant', content: [{ type: 'thinking', thinking: 'a', signature: envelope }] };
    const marked = { type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } };
    const body = [filler(size), turn, { role: 'user', content: [marked] }, filler(70_000)];
    await expect(marksOf(body)).resolves.toEqual({ hasEnvelopes: true, cacheWrite: '1h' });
  }
});

describe('how long a cache is asked to keep a prompt', () => {
  const block = (mark?: unknown) => ({
    type: 'text',
    text: 'a',
    ...(mark === undefined ? {} : { cache_control: mark }),
  });
  const short = { type: 'ephemeral' };
  const long = { type: 'ephemeral', ttl: '1h' };
  const turn = (...blocks: unknown[]) => [{ role: 'user', content: blocks }];

  test.each([
    { name: 'no mark', messages: turn(block()), expected: undefined },
    { name: 'one', messages: turn(block(short)), expected: '5m' },
    { name: 'one that says how long', messages: turn(block({ ...short, ttl: '5m' })), expected: '5m' },
    { name: 'a long one before a short one', messages: turn(block(long), block(short)), expected: '1h' },
    { name: 'a long one after a short one', messages: turn(block(short), block(long)), expected: '1h' },
    { name: 'its name in a text', messages: turn({ type: 'text', text: '"cache_control":{"ttl":"1h"}' }), expected: undefined }, // prettier-ignore
    { name: 'a long one after more than a provider takes', messages: turn(...Array.from({ length: 8 }, () => block(short)), { ...block(), text: 'a'.repeat(99), cache_control: long }), expected: '5m' }, // prettier-ignore
  ])('$name', async ({ messages, expected }) => {
    for (const indent of [undefined, 2])
      await expect(marksOf(messages, indent)).resolves.toEqual({ hasEnvelopes: false, cacheWrite: expected });
  });

  test('at the top level', async () => {
    const marks = await marksOf(turn(block()), undefined, { cache_control: long });
    expect(marks.cacheWrite).toBe('1h');
  });
});
