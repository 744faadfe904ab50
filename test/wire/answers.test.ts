// Every recorded answer back to each other wire, whole and streamed: valid by the provider's own description, with the
// text, tool calls, finish and usage of the recording; and a stream folds to the same however it was cut.

import { noUsage } from '../../gateway/src/core/usage';
import { codecs } from '../../gateway/src/wire';
import type { Json, EncodeContext } from '../../gateway/src/wire/codec';
import { fold } from '../../gateway/src/wire/fold';
import type { Format, NeutralResponse } from '../../gateway/src/wire/neutral';
import { describeIf } from '../support/shared';
import { specs } from '../support/specs';
import { openResponseFixups } from '../../gateway/src/wire/shared/responseFixups';
import { openAnswerCheck } from './answerSpecs';
import { unlawful } from './lawful';
import { decoded, eventsOf, formats, type Recorded, recorded, streamEvents } from './recorded';

// gemini-streamGenerateContent:30 recorded no event at all.
const rows = recorded()?.filter(({ row, name }) => row.status === 200 && name !== 'gemini-streamGenerateContent:30');
const known = specs();

const speakerOf = ({ format, body }: Recorded): EncodeContext => ({
  requestId: 'req_0001',
  created: 1_790_000_000,
  includeUsage: true,
  request: decoded(format, body),
});

// What two answers must agree on. Thoughts have a table of their own.
function facts({ parts, reason, usage }: NeutralResponse) {
  return {
    text: parts.flatMap((part) => (part.type === 'text' || part.type === 'refusal' ? [part.text] : [])).join(''),
    cited: parts.flatMap((part) => (part.type === 'text' ? (part.citations ?? []).map(({ url }) => url) : [])),
    calls: parts.flatMap((part) =>
      part.type === 'toolCall'
        ? [{ id: part.id, name: part.name, args: JSON.parse(part.args === '' ? '{}' : part.args) as unknown }]
        : [],
    ),
    reason,
    usage: usage && { ...noUsage, ...usage },
  };
}

// What a format has no words for, by what is lost: the documented droppedFields.
const droppedFields: Readonly<Record<Format, (answer: ReturnType<typeof facts>) => ReturnType<typeof facts>>> = {
  // One number for cache writes, whatever their lifetime; sound is told apart.
  chat: (answer) => ({
    ...answer,
    reason: namelessReason(answer.reason, 'stop'),
    usage: answer.usage && oneWrite(answer.usage),
  }),
  responses: (answer) => ({
    ...answer,
    reason: namelessReason(answer.reason, answer.calls.length > 0 ? 'tool_calls' : 'stop'),
    usage: answer.usage && withoutSound(oneWrite(answer.usage)),
  }),
  messages: (answer) => ({
    ...answer,
    reason: answer.reason === 'other' ? 'stop' : answer.reason,
    usage: withoutSound(answer.usage ?? noUsage),
  }),
  // Its prompt count has no word for cache writes.
  generate: (answer) => ({
    ...answer,
    reason: answer.reason === 'pause' ? 'stop' : answer.reason,
    usage: answer.usage && {
      ...withoutSound(answer.usage),
      input: answer.usage.input + answer.usage.cacheWrite5m + answer.usage.cacheWrite1h,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
    },
  }),
};

const namelessReason = (reason: NeutralResponse['reason'], otherwise: NeutralResponse['reason']) =>
  reason === 'pause' || reason === 'other' ? otherwise : reason;
const withoutSound = <T extends { inputAudio?: number }>(usage: T): T => {
  const { inputAudio: _sound, ...kept } = usage;
  return kept as T;
};
const oneWrite = <T extends { cacheWrite5m: number; cacheWrite1h: number }>(usage: T) => ({
  ...usage,
  cacheWrite5m: usage.cacheWrite5m + usage.cacheWrite1h,
  cacheWrite1h: 0,
});
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, item: unknown) => (item === 0 ? undefined : item)));

describeIf(rows !== undefined && known !== undefined)('recorded answers', () => {
  const check = openAnswerCheck(known);

  test('streams read the same in pieces of 1, 7 and 65,536 bytes', () => {
    for (const one of (rows ?? []).filter(({ streamed }) => streamed)) {
      const all = fold(eventsOf(one));
      for (const slice of [1, 7, 65_536])
        expect({ name: one.name, ...fold(eventsOf(one, slice)) }).toEqual({ name: one.name, ...all });
    }
  });

  test.each(formats)('every answer ends lawfully when read as %s', (format) => {
    for (const one of (rows ?? []).filter((row) => row.format === format))
      expect({ name: one.name, unlawful: unlawful(eventsOf(one)) }).toEqual({ name: one.name, unlawful: undefined });
  });

  test.each(formats)('to %s', (format) => {
    const problems: unknown[] = [];
    for (const one of rows ?? []) {
      if (one.format === format) continue;
      const fixups = openResponseFixups(undefined);
      const events = eventsOf(one).flatMap((item) => fixups(item));
      const response = fold(events);
      const wanted = plain(droppedFields[format](facts(response)));
      const speaker = speakerOf(one);

      const printed = JSON.parse(JSON.stringify(codecs[format].encodeResponse(response, speaker))) as Json;
      const wrong = check.whole(format, printed);
      if (wrong.length > 0) problems.push({ name: one.name, wrong: wrong.slice(0, 5) });
      const back = plain(facts(fold(codecs[format].decodeResponse(printed))));
      if (JSON.stringify(back) !== JSON.stringify(wanted)) problems.push({ name: one.name, whole: back, wanted });

      const encoder = codecs[format].openEncoder(speaker);
      const text = events.map((item) => encoder.push(item)).join('');
      for (const { data, wrong: bad } of check.stream(format, text))
        problems.push({ name: one.name, data, bad: bad.slice(0, 5) });
      const told = plain(facts(fold(streamEvents(format, text))));
      if (JSON.stringify(told) !== JSON.stringify(wanted)) problems.push({ name: one.name, streamed: told, wanted });
      if (problems.length > 3) break;
    }
    expect(problems).toEqual([]);
  });
});
