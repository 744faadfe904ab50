// Properties of every codec, over generated conversations and responses: decoding an encoded request gives the request, and a
// streamed response folds to the whole one, however its bytes are cut.

import fc from 'fast-check';
import { codecs } from '../../gateway/src/wire';
import type { Codec, EncodeContext } from '../../gateway/src/wire/codec';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { fold } from '../../gateway/src/wire/fold';
import { parseEvent } from '../../gateway/src/wire/shared/json';
import type { Citation, Message, NeutralRequest, StreamEvent } from '../../gateway/src/wire/neutral';
import { formats, streamEvents, targets } from './recorded';

// All properties together take at most a minute; a counter-example prints its seed.
const runs = { numRuns: 150, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false } as const;

const words = fc.oneof(
  fc.string({ minLength: 1, maxLength: 30 }),
  fc.constantFrom('Grüße 👋🏽', '{"a":1}', 'data: x\n\n', '\u2028', '"', '\\'),
);
const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_-]{0,20}$/);
const id = fc.stringMatching(/^call_[a-zA-Z0-9]{1,20}$/);
const args = fc.dictionary(name, fc.oneof(words, fc.integer(), fc.boolean())).map((value) => JSON.stringify(value));

const turn = fc.record({
  said: words,
  calls: fc.uniqueArray(fc.record({ id, name, args }), { maxLength: 3, selector: (call) => call.id }),
  media: fc.boolean(),
});

// Conversations that all four formats can carry: question, answer with calls, their results, and so on.
const conversation = fc.array(turn, { minLength: 1, maxLength: 4 }).map((turns): Message[] => {
  const seen = new Set<string>();
  const out: Message[] = [];
  for (const { said, calls, media } of turns) {
    const fresh = calls.filter((call) => !seen.has(call.id));
    for (const call of fresh) seen.add(call.id);
    out.push({
      role: 'user',
      parts: [
        { type: 'text', text: `Q ${said}` },
        ...(media ? [{ type: 'media', kind: 'image', mime: 'image/png', data: 'iVBORw0KGgo=' } as const] : []),
      ],
    });
    out.push({
      role: 'assistant',
      parts: [{ type: 'text', text: `A ${said}` }, ...fresh.map((call) => ({ type: 'toolCall', ...call }) as const)],
    });
    if (fresh.length > 0)
      out.push({
        role: 'user',
        parts: fresh.map((call) => ({
          type: 'toolResult',
          id: call.id,
          parts: [{ type: 'text', text: `R ${said}` }],
          isError: false,
        })),
      });
  }
  out.push({ role: 'user', parts: [{ type: 'text', text: 'Last' }] });
  return out;
});

const request = fc
  .record({
    messages: conversation,
    maxOutput: fc.integer({ min: 1_025, max: 60_000 }),
    system: fc.option(
      words.map((said) => `S ${said}`),
      { nil: undefined },
    ),
  })
  .map(({ messages, maxOutput, system }): NeutralRequest => ({
    from: 'chat',
    native: {},
    stream: false,
    maxOutput,
    messages:
      system === undefined ? messages : [{ role: 'system', parts: [{ type: 'text', text: system }] }, ...messages],
    tools: [{ type: 'function', name: 'f', schema: { type: 'object', properties: { a: { type: 'string' } } } }],
  }));

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** What a request means: turns joined as some formats join them, arguments as values. */
function meaning(one: NeutralRequest) {
  const content: unknown[] = [];
  for (const message of one.messages) {
    for (const part of message.parts) {
      if (part.type === 'text' && part.text !== '') content.push([message.role, part.text]);
      if (part.type === 'media') content.push([message.role, part.mime, part.data]);
      if (part.type === 'toolCall')
        content.push(['call', part.id, part.name, JSON.parse(part.args === '' ? '{}' : part.args)]);
      if (part.type === 'toolResult')
        content.push(['result', part.id, part.parts.map((inner) => (inner.type === 'text' ? inner.text : inner.type))]);
    }
  }
  return plain({
    content,
    maxOutput: one.maxOutput,
    tools: one.tools?.map((tool) => tool.type === 'function' && [tool.name, tool.schema]),
  });
}

describe.each(formats)('%s', (format) => {
  const codec = codecs[format];

  test('decoding an encoded request gives the same meaning', () => {
    fc.assert(
      fc.property(request, (one) => {
        const written = plain(codec.encodeRequest(one, targets[format]).body) as Json;
        expect(meaning(codec.decodeRequest(written))).toEqual(meaning(one));
      }),
      runs,
    );
  });

  test('encoding a decoded request changes nothing', () => {
    fc.assert(
      fc.property(request, (one) => {
        const once = plain(codec.encodeRequest({ ...one, from: format }, targets[format]).body) as Json;
        const twice = plain(codec.encodeRequest(codec.decodeRequest(once), targets[format]).body);
        expect(twice).toEqual(once);
      }),
      runs,
    );
  });

  // --- answers

  const citation = fc.record({ url: fc.webUrl(), title: words }).map((value): Citation => value);
  const answerPart = fc.oneof(
    fc.record({
      kind: fc.constant('text' as const),
      pieces: fc.array(words, { minLength: 1, maxLength: 5 }),
      citations: fc.array(citation, { maxLength: 2 }),
      likely: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('reasoning' as const), pieces: fc.array(words, { minLength: 1, maxLength: 3 }) }),
    fc.record({ kind: fc.constant('call' as const), id, name, args }),
  );
  const logprobsOf = (token: string): StreamEvent => ({
    type: 'logprobs',
    logprobs: [{ token, logprob: -0.25, top: [{ token: 'other', logprob: -2 }] }],
  });
  const answer = fc
    .record({
      parts: fc.array(answerPart, { maxLength: 5 }),
      reason: fc.constantFrom('stop' as const, 'length' as const, 'refusal' as const),
      usage: fc.record({
        input: fc.nat(10_000),
        cacheRead: fc.nat(10_000),
        output: fc.integer({ min: 500, max: 10_000 }),
        reasoning: fc.nat(400),
      }),
    })
    .map(({ parts, reason, usage }): StreamEvent[] => [
      { type: 'start', id: 'x1', model: 'm' },
      ...parts.flatMap((part, i): StreamEvent[] => {
        if (part.kind === 'call')
          return [
            { type: 'open', part: { type: 'toolCall', id: `${part.id}${i}`, name: part.name } },
            ...part.args.match(/.{1,7}/gsu)!.map((piece): StreamEvent => ({ type: 'delta', text: piece })),
            { type: 'close' },
          ];
        return [
          { type: 'open', part: { type: part.kind } },
          ...part.pieces.flatMap((piece): StreamEvent[] => [
            ...(part.kind === 'text' && part.likely ? [logprobsOf(piece)] : []),
            { type: 'delta', text: piece },
          ]),
          ...(part.kind === 'text'
            ? part.citations.map((one): StreamEvent => ({ type: 'citation', citation: one }))
            : []),
          part.kind === 'reasoning'
            ? { type: 'close', opaque: { format: 'responses', value: { id: 'rs_1', encrypted_content: 'e' } } }
            : { type: 'close' },
        ];
      }),
      { type: 'usage', usage: { ...usage, cacheWrite5m: 0, cacheWrite1h: 0 } },
      {
        type: 'finish',
        reason: parts.some((part) => part.kind === 'call') && reason === 'stop' ? 'tool_calls' : reason,
      },
    ]);
  const context: EncodeContext = {
    requestId: 'req_1',
    created: 1,
    includeUsage: true,
    request: { from: format, native: {}, stream: true, messages: [] },
  };
  const stream = (events: readonly StreamEvent[]) => {
    const encoder = codec.openEncoder(context);
    return events.map((event) => encoder.push(event)).join('');
  };
  // What a response holds, however its parts are cut.
  const contentOf = (events: readonly StreamEvent[]) => {
    const { parts, reason, usage } = fold(events);
    return plain({
      text: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''),
      // Anthropic messages have no log probabilities.
      logprobs: parts.flatMap((part) =>
        part.type === 'text' && format !== 'messages'
          ? (part.logprobs ?? []).map(({ token, logprob, top }) => [token, logprob, top[0]?.token, top[0]?.logprob])
          : [],
      ),
      reasoning: parts.flatMap((part) => (part.type === 'reasoning' ? [part.text] : [])).join(''),
      calls: parts.flatMap((part) => (part.type === 'toolCall' ? [[part.id, part.name, JSON.parse(part.args)]] : [])),
      reason,
      usage: usage && {
        input: usage.input,
        cacheRead: usage.cacheRead,
        output: usage.output,
        reasoning: usage.reasoning,
      },
    });
  };

  test('a streamed response holds what the whole one holds', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const whole = plain(codec.encodeResponse(fold(events), context)) as Json;
        const streamed = streamEvents(format, stream(events));
        expect(contentOf(streamed)).toEqual(contentOf(events));
        expect(contentOf(codec.decodeResponse(whole))).toEqual(contentOf(events));
      }),
      runs,
    );
  });

  test('the events are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 1, max: 40 }), fc.boolean(), (events, slice, carriage) => {
        const bytes = carriage ? stream(events).replaceAll('\n', '\r\n') : stream(events);
        const cut = `: a comment\n\n${bytes.trimEnd()}`; // and without its last blank line
        expect(streamEvents(format, cut, slice)).toEqual(streamEvents(format, cut));
      }),
      runs,
    );
  });

  test('a stream that is cut off never ends cleanly', () => {
    fc.assert(
      fc.property(answer, fc.double({ min: 0, max: 0.999, noNaN: true }), (events, share) => {
        const frames = stream(events)
          .split('\n\n')
          .filter((frame) => frame !== '');
        const ends = frames.findIndex((frame) =>
          frame.split('\n').some((line) => line.startsWith('data:') && isEndOf(codec, line.slice(5).trim())),
        );
        const kept = frames.slice(0, Math.floor(ends * share));
        const decoded = streamEvents(format, kept.map((frame) => `${frame}\n\n`).join(''));
        expect(decoded.some((event) => event.type === 'finish')).toBe(false);
      }),
      runs,
    );
  });

  test('a decoder gives a result or refuses, whatever JSON arrives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const body = (
          typeof value === 'object' && value !== null && !Array.isArray(value)
            ? value
            : { messages: value, contents: value, input: value, max_tokens: 1 }
        ) as Json;
        try {
          codec.decodeRequest(body);
        } catch (error) {
          expect((error as Error).name).toBe('GatewayError');
        }
        fold(codec.decodeResponse(body));
        streamEvents(format, `data: ${JSON.stringify(value)}\n\n`);
      }),
      runs,
    );
  });
});

function isEndOf(codec: Codec, data: string): boolean {
  const event = parseEvent(data);
  return event === undefined ? data === codec.endMark : codec.isEnd(event);
}
