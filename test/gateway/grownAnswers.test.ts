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
    expect(text).toMatch(/The provider's answer of \d+ bytes would have more than \d times as many in this format/);
    expect(text).not.toMatch(/\[DONE\]|response\.completed|message_stop/);
    expect(Buffer.byteLength(text)).toBeLessThan(10 * Buffer.byteLength(stream) + 128 * 1024);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died', error: 'upstream_garbage' });
  });
});

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
    expect([refused.status, await refused.text()]).toEqual([502, expect.stringContaining('times as many')]);
  },
);

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
