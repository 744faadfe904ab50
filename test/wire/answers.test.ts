// Encodes every recorded response in every other format, whole and streamed. The result is valid by the provider's schema and
// has the text, tool calls, finish reason and usage of the recording; a stream folds to the same response however it is cut.

import { noUsage } from '../../gateway/src/core/usage';
import { codecs } from '../../gateway/src/wire';
import type { EncodeContext } from '../../gateway/src/wire/codec';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { fold } from '../../gateway/src/wire/fold';
import type { Format, NeutralResponse } from '../../gateway/src/wire/neutral';
import { describeIf } from '../support/shared';
import { specs } from '../support/specs';
import { openResponseFixups } from '../../gateway/src/wire/shared/responseFixups';
import { openAnswerCheck } from './answerSpecs';
import { disorderOf } from './eventOrder';
import { decoded, eventsOf, formats, type Recorded, recorded, streamEvents } from './recorded';

// gemini-streamGenerateContent:30 recorded no event at all.
const rows = recorded()?.filter(({ row, name }) => row.status === 200 && name !== 'gemini-streamGenerateContent:30');
const known = specs();

const contextOf = ({ format, body }: Recorded): EncodeContext => ({
  requestId: 'req_0001',
  created: 1_790_000_000,
  includeUsage: true,
  request: decoded(format, body),
});

// What two responses must agree on, apart from reasoning.
function facts({ parts, reason, usage }: NeutralResponse) {
  return {
    text: parts.flatMap((part) => (part.type === 'text' || part.type === 'refusal' ? [part.text] : [])).join(''),
    cited: parts.flatMap((part) => (part.type === 'text' ? (part.citations ?? []).map(({ url }) => url) : [])),
    calls: parts.flatMap((part) =>
      part.type === 'toolCall'
        ? [{ id: part.id, name: part.name, args: JSON.parse(part.args === '' ? '{}' : part.args) as unknown }]
        : [],
    ),
    asked: parts.flatMap((part) => (part.type === 'webSearch' ? part.queries : [])).join('; '),
    reason,
    usage: usage && { ...noUsage, ...usage },
  };
}

// What a format cannot carry of a response.
const withoutLost: Readonly<Record<Format, (answer: ReturnType<typeof facts>) => ReturnType<typeof facts>>> = {
  // It has one number for cache writes of any lifetime, and no place for the queries of a search.
  chat: (answer) => ({
    ...answer,
    asked: '',
    reason: namelessReason(answer.reason, 'stop'),
    usage: answer.usage && oneWrite(answer.usage),
  }),
  responses: (answer) => ({
    ...answer,
    reason: namelessReason(answer.reason, answer.calls.length > 0 ? 'tool_calls' : 'stop'),
    usage: answer.usage && withoutAudio(oneWrite(answer.usage)),
  }),
  messages: (answer) => ({
    ...answer,
    reason: answer.reason === 'other' ? 'stop' : answer.reason,
    usage: withoutAudio(answer.usage ?? noUsage),
  }),
  // It counts cache writes as prompt, and searches by their queries.
  generate: (answer) => ({
    ...answer,
    reason: answer.reason === 'pause' ? 'stop' : answer.reason,
    usage: answer.usage && {
      ...withoutAudio(answer.usage),
      input: answer.usage.input + answer.usage.cacheWrite5m + answer.usage.cacheWrite1h,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      ...(answer.asked === '' ? {} : { searches: answer.asked.split('; ').length }),
    },
  }),
};

const namelessReason = (reason: NeutralResponse['reason'], otherwise: NeutralResponse['reason']) =>
  reason === 'pause' || reason === 'other' ? otherwise : reason;
const withoutAudio = <T extends { inputAudio?: number }>(usage: T): T => {
  const { inputAudio: _audio, ...kept } = usage;
  return kept as T;
};
const oneWrite = <T extends { cacheWrite5m: number; cacheWrite1h: number }>(usage: T) => ({
  ...usage,
  cacheWrite5m: usage.cacheWrite5m + usage.cacheWrite1h,
  cacheWrite1h: 0,
});
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, item: unknown) => (item === 0 ? undefined : item)));

describeIf(rows !== undefined && known !== undefined)('recorded responses', () => {
  const check = openAnswerCheck(known);

  test('streams read the same in pieces of 1, 7 and 65,536 bytes', () => {
    for (const one of (rows ?? []).filter(({ streamed }) => streamed)) {
      const all = fold(eventsOf(one));
      for (const slice of [1, 7, 65_536])
        expect({ name: one.name, ...fold(eventsOf(one, slice)) }).toEqual({ name: one.name, ...all });
    }
  });

  test.each(formats)('the events of every response in %s are in order', (format) => {
    for (const one of (rows ?? []).filter((row) => row.format === format))
      expect({ name: one.name, disorder: disorderOf(eventsOf(one)) }).toEqual({ name: one.name, disorder: undefined });
  });

  test.each(formats)('to %s', (format) => {
    const problems: unknown[] = [];
    for (const one of rows ?? []) {
      if (one.format === format) continue;
      const fixups = openResponseFixups(undefined);
      const events = eventsOf(one).flatMap((item) => fixups(item));
      const response = fold(events);
      const wanted = plain(withoutLost[format](facts(response)));
      const context = contextOf(one);

      const printed = JSON.parse(JSON.stringify(codecs[format].encodeResponse(response, context))) as Json;
      const wrong = check.whole(format, printed);
      if (wrong.length > 0) problems.push({ name: one.name, wrong: wrong.slice(0, 5) });
      const back = plain(facts(fold(codecs[format].decodeResponse(printed))));
      if (JSON.stringify(back) !== JSON.stringify(wanted)) problems.push({ name: one.name, whole: back, wanted });

      const encoder = codecs[format].openEncoder(context);
      const text = events.map((item) => encoder.push(item)).join('');
      for (const { data, wrong: bad } of check.stream(format, text))
        problems.push({ name: one.name, data, bad: bad.slice(0, 5) });
      const streamed = plain(facts(fold(streamEvents(format, text))));
      if (JSON.stringify(streamed) !== JSON.stringify(wanted)) problems.push({ name: one.name, streamed, wanted });
      if (problems.length > 3) break;
    }
    expect(problems).toEqual([]);
  });
});
