// A provider's answer that would grow without end in the client's format: what came before is delivered, then the failure by
// its name; and another target answers where nothing has been said.

import { fieldsFor, streamAnswer, streamOf, streamParts, useRouteScene } from '../support/routeScene';

const scene = useRouteScene();

const address = `https://a.example/${'u'.repeat(20_000)}`;
const grounding = {
  webSearchQueries: ['q'],
  groundingChunks: [{ web: { uri: address } }],
  groundingSupports: Array.from({ length: 500 }, () => ({
    segment: { startIndex: 0, endIndex: 3 },
    groundingChunkIndices: [0],
  })),
};
const frame = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 };

// What makes a stream grow: one address that many citations name; or a name that every event of the client's repeats.
const { preamble, content } = streamParts('generate', 'hello');
const cited = frame({ candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'STOP', index: 0, groundingMetadata: grounding }], usageMetadata }); // prettier-ignore
const named = `${frame({ responseId: 'r'.repeat(20_000), candidates: [] })}${content.repeat(500)}`;

describe.each([
  ['citations of a long address', 'generate', preamble + content + cited, 'chat'],
  ['citations of a long address', 'generate', preamble + content + cited, 'responses'],
  ['citations of a long address', 'generate', preamble + content + cited, 'messages'],
  ['a long id', 'generate', named, 'chat'],
  ['a long id', 'generate', named, 'responses'],
] as const)('%s', (_what, kind, stream, client) => {
  test(`ends a stream of ${client} by its name, after what came before [L2]`, async () => {
    scene.a.answer = streamAnswer(stream);
    const text = await (await scene.ask(client, `a-${kind}/m`, true)).text();
    expect(text).toContain('hello');
    expect(text).toMatch(
      /The provider's answer of \d+ bytes would have at least \d+ in this format, and may have \d+ there/,
    );
    expect(text).not.toMatch(/\[DONE\]|response\.completed|message_stop/);
    expect(Buffer.byteLength(text)).toBeLessThan(10 * Buffer.byteLength(stream) + 128 * 1024);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died', error: 'upstream_garbage' });
  });
});

test.each(['chat', 'messages', 'responses', 'generate'] as const)(
  'a stream whose 150 sentences each name six pages comes whole to a client of %s',
  async (client) => {
    const sentence = 'The quick brown fox jumps over the lazy dog and runs into the forest. ';
    const redirect = 'https://vertexaisearch.cloud.google.com/grounding-api-redirect/';
    const groundingMetadata = {
      webSearchQueries: ['q'],
      groundingChunks: Array.from({ length: 30 }, (_, i) => ({ web: { uri: `${redirect}${i}_`.padEnd(340, 'x'), title: 'example.com' } })),
      groundingSupports: Array.from({ length: 150 }, (_, i) => ({
        segment: { startIndex: i * sentence.length, endIndex: (i + 1) * sentence.length },
        groundingChunkIndices: [0, 1, 2, 3, 4, 5].map((k) => (i + k) % 30),
      })),
    };
    const piece = { candidates: [{ index: 0, content: { role: 'model', parts: [{ text: sentence }] } }] };
    const last = { candidates: [{ index: 0, content: { parts: [] }, finishReason: 'STOP', groundingMetadata }], usageMetadata };
    scene.a.answer = streamAnswer(frame(piece).repeat(150) + frame(last));
    const text = await (await scene.ask(client, 'a-generate/m', true)).text();
    expect(text).toMatch(/\[DONE\]|response\.completed|message_stop|"STOP"/);
    expect(text.split(redirect).length - 1).toBeGreaterThanOrEqual(client === 'generate' ? 30 : 900);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', error: null });
  },
); // prettier-ignore

test.each(['chat', 'messages', 'responses'] as const)(
  'a whole answer that grows is no answer: another target gives one to a client of %s',
  async (client) => {
    const parts = [{ text: 'hello' }];
    const candidates = [{ index: 0, finishReason: 'STOP', content: { parts }, groundingMetadata: grounding }];
    scene.a.answer = { body: JSON.stringify({ candidates, usageMetadata }) };
    const good = { candidates: [{ index: 0, finishReason: 'STOP', content: { parts: [{ text: 'from B' }] } }] };
    scene.b.answer = { body: JSON.stringify({ ...good, usageMetadata }) };
    const answer = await scene.ask(client, 'to-generate', false);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('from B')]);
    const refused = await scene.ask(client, 'a-generate/m', false);
    expect([refused.status, await refused.text()]).toEqual([
      502,
      expect.stringContaining('in this format, and may have'),
    ]);
  },
);

describe('what is refused is booked as its provider reports it, which charges for it', () => {
  const used = { promptTokenCount: 500, candidatesTokenCount: 2_000, totalTokenCount: 2_500 };
  const groundingMetadata = { ...grounding, webSearchQueries: ['q', 'p'] };
  const text = { content: { role: 'model', parts: [{ text: 'hello' }] }, index: 0 };
  const all = { candidates: [{ ...text, finishReason: 'STOP', groundingMetadata }], usageMetadata: used, modelVersion: 'gemini-3-pro' };
  const end = { ...all, candidates: [{ index: 0, finishReason: 'STOP', groundingMetadata }] };
  const many = { ...groundingMetadata, groundingSupports: grounding.groundingSupports.flatMap((support) => [support, support, support]) };
  const streams: Readonly<Record<string, string>> = {
    'in one piece': frame(all),
    'in pieces': frame({ candidates: [text] }) + frame(end),
    'in pieces that are encoded in slices': frame({ candidates: [text] }) + frame({ ...end, candidates: [{ ...end.candidates[0], groundingMetadata: many }] }),
    'with its usage last': frame({ candidates: [text] }) + frame({ candidates: end.candidates }) + frame({ usageMetadata: used, modelVersion: 'gemini-3-pro' }),
  };
  const booked = { error: 'upstream_garbage', input: 500, output: 2_000, searches: 2, estimated: false };

  test.each(['chat', 'messages', 'responses'] as const)('whole, to %s', async (client) => {
    scene.a.answer = { body: JSON.stringify(all) };
    expect((await scene.ask(client, 'a-generate/m', false)).status).toBe(502);
    expect(await scene.lastRow()).toMatchObject({ ...booked, outcome: 'error' });
  });

  test.each((['chat', 'messages', 'responses'] as const).flatMap((client) => Object.keys(streams).map((how) => [client, how] as const)))(
    'a stream to %s, %s',
    async (client, how) => {
      scene.a.answer = streamAnswer(streams[how]!);
      expect(await (await scene.ask(client, 'a-generate/m', true)).text()).toContain('in this format, and may have');
      expect(await scene.lastRow()).toMatchObject(booked);
    },
  );

  test('with the answer of another target', async () => {
    scene.a.answer = { body: JSON.stringify(all) };
    const other = { ...all, candidates: [{ index: 0, content: { role: 'model', parts: [{ text: 'from B' }] }, finishReason: 'STOP' }] };
    scene.b.answer = { body: JSON.stringify(other) };
    expect(await (await scene.ask('chat', 'to-generate', false)).text()).toContain('from B');
    const { input, searches, attempts } = (await scene.lastRow()) as { input: number; searches: number; attempts: object[] };
    expect([input, searches]).toEqual([500, 0]);
    expect(attempts).toMatchObject([{ usage: { input: 500, output: 2_000, searches: 2 } }, {}]);
  });
}); // prettier-ignore

test.each(['chat', 'messages', 'responses'] as const)(
  'ten thousand of the shortest events that a host sends are no growth: to %s',
  async (client) => {
    const kind = client === 'chat' ? 'generate' : 'chat';
    const short = kind === 'chat' ? { choices: [{ delta: { content: 'a' } }] } : { candidates: [{ content: { parts: [{ text: 'a' }] } }] };
    scene.a.answer = streamAnswer(streamOf(kind, 'hello').replace(content, '').replace(/(?=data: .*stop)/i, frame(short).repeat(10_000)));
    const text = await (await scene.ask(client, `a-${kind}/m`, true, fieldsFor(kind))).text();
    expect(text).toMatch(/\[DONE\]|response\.completed|message_stop/);
    expect(text.length).toBeGreaterThan(800_000);
  },
); // prettier-ignore
