// Recorded traffic with wrong values in it: absent, null, of another type, twice, or nested. Decoders and encoders still give a
// result or refuse by field name, and the events of a stream keep their order.

import fc from 'fast-check';
import { GatewayError } from '../../gateway/src/core/errors';
import { codecs } from '../../gateway/src/wire';
import type { EncodeContext } from '../../gateway/src/wire/codec';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { fold } from '../../gateway/src/wire/fold';
import type { Format, StreamEvent } from '../../gateway/src/wire/neutral';
import { openHideEmptyReasoning } from '../../gateway/src/wire/reasoning/hideEmpty';
import { openResponseFixups } from '../../gateway/src/wire/shared/responseFixups';
import { describeIf } from '../support/shared';
import { specs, type Validator } from '../support/specs';
import { openAnswerCheck } from './answerSpecs';
import { disorderOf } from './eventOrder';
import { decoded, formats, recorded, type Recorded, streamEvents, targets } from './recorded';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const runs = { seed, numRuns: 1_000, interruptAfterTimeLimit: 10_000 };
const rows = recorded() ?? [];
const known = specs();
const check = openAnswerCheck(known);

type Place = { readonly holder: Record<string, unknown>; readonly key: string };

const wrongValues: readonly ((value: unknown) => unknown)[] = [
  () => undefined,
  () => null,
  () => '',
  () => 'x',
  () => 0,
  () => -1.5,
  () => true,
  () => [],
  () => ({}),
  (value) => [value],
  (value) => ({ value }),
  (value) => (Array.isArray(value) ? ([...value, ...value] as unknown[]) : value),
  (value) => (Array.isArray(value) ? ([...value].reverse() as unknown[]) : String(value)),
];

// Every place in a value, inner ones included.
function placesOf(value: unknown, out: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return out;
  for (const key of Object.keys(value)) {
    const holder = value as Record<string, unknown>;
    out.push({ holder, key });
    placesOf(holder[key], out);
  }
  return out;
}

interface Mutation {
  readonly at: number;
  readonly what: number;
}

function mutated(value: unknown, mutations: readonly Mutation[]): Json {
  const copy = JSON.parse(JSON.stringify(value)) as Json;
  for (const { at, what } of mutations) {
    const places = placesOf(copy);
    const place = places[at % places.length];
    if (place === undefined) break;
    place.holder[place.key] = wrongValues[what]?.(place.holder[place.key]);
  }
  return JSON.parse(JSON.stringify(copy)) as Json;
}

const mutations = fc.array(fc.record({ at: fc.nat(10_000), what: fc.nat(wrongValues.length - 1) }), {
  minLength: 1,
  maxLength: 3,
});
const oneOf = (list: readonly Recorded[]) => fc.nat(Math.max(0, list.length - 1)).map((i) => list[i] as Recorded);

describeIf(rows.length > 0)(`recorded traffic with wrong values (seed ${seed})`, () => {
  const validators: Record<Format, Validator> | undefined = known && {
    chat: known.openai('CreateChatCompletionRequest'),
    responses: known.openai('CreateResponse'),
    messages: known.anthropic('CreateMessageParams'),
    generate: known.gemini('GenerateContentRequest'),
  };

  test.each(formats)('requests in %s are translated, or refused by field name', (from) => {
    const list = rows.filter(({ format }) => format === from);
    fc.assert(
      fc.property(oneOf(list), mutations, (row, wrong) => {
        const body = mutated(row.body, wrong);
        for (const to of formats) {
          try {
            const { body: written } = codecs[to].encodeRequest(decoded(from, body), targets[to]);
            // A request that is not refused is valid in the target's format.
            if (to !== from)
              expect({ name: row.name, wrong: validators?.[to](JSON.parse(JSON.stringify(written))) ?? [] }).toEqual({
                name: row.name,
                wrong: [],
              });
          } catch (error) {
            if (!(error instanceof GatewayError)) throw error;
            expect(['bad_request', 'cannot_translate']).toContain(error.code);
            expect(error.message).not.toBe('');
          }
        }
      }),
      runs,
    );
  });

  test.each(formats)('whole responses in %s are encoded in every format', (from) => {
    const list = rows.filter(({ format, streamed, row }) => format === from && !streamed && !isList(row.response));
    fc.assert(
      fc.property(oneOf(list), mutations, (row, wrong) => {
        const answer =
          typeof row.row.response === 'string' ? (JSON.parse(row.row.response) as unknown) : row.row.response;
        encodeInAll(codecs[from].decodeResponse(mutated(answer, wrong)), row);
      }),
      runs,
    );
  });

  test.each(formats)('streams in %s are encoded in every format', (from) => {
    const list = rows.filter(({ format, streamed, row }) => format === from && (streamed || isList(row.response)));
    fc.assert(
      fc.property(oneOf(list), fc.nat(200), mutations, fc.boolean(), (row, which, wrong, gone) => {
        const frames = framesOf(row);
        const at = which % frames.length;
        const mutatedFrame = gone ? '' : mutatedEvent(frames[at] ?? '', wrong);
        const text = frames.map((frame, i) => (i === at ? mutatedFrame : frame)).join('');
        encodeInAll(streamEvents(from, text), row);
      }),
      runs,
    );
  });
});

// ---

const isList = (response: unknown) =>
  Array.isArray(response) || (typeof response === 'string' && response.startsWith('['));
const piecesOf = (response: unknown) => (typeof response === 'string' ? JSON.parse(response) : response) as unknown[];

function framesOf({ row }: Recorded): string[] {
  const { response } = row;
  if (isList(response)) return piecesOf(response).map((piece) => `data: ${JSON.stringify(piece)}\n\n`);
  return String(response)
    .replaceAll('\r\n', '\n')
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => `${frame}\n\n`);
}

function mutatedEvent(frame: string, wrong: readonly Mutation[]): string {
  return frame.replace(
    /^data: ?(\{.*\})$/m,
    (_all, json: string) => `data: ${JSON.stringify(mutated(JSON.parse(json), wrong))}`,
  );
}

function encodeInAll(events: readonly StreamEvent[], row: Recorded): void {
  expect({ name: row.name, disorder: disorderOf(events, true) }).toEqual({ name: row.name, disorder: undefined });
  for (const format of formats) {
    const context: EncodeContext = {
      requestId: 'req_1',
      created: 1,
      includeUsage: true,
      request: { from: format, native: {}, stream: true, messages: [] },
    };
    const fixups = openResponseFixups(undefined);
    const hideEmpty = openHideEmptyReasoning(format, context.request);
    const shown = events.flatMap((event) => fixups(event)).flatMap((event) => hideEmpty(event));
    const whole = codecs[format].encodeResponse(fold(shown), context);
    const valid = { name: row.name, format, wrong: [] };
    expect({ ...valid, wrong: check.whole(format, JSON.parse(JSON.stringify(whole))) }).toEqual(valid);
    const encoder = codecs[format].openEncoder(context);
    const text = shown.map((event) => encoder.push(event)).join('');
    expect({ ...valid, wrong: check.stream(format, text) }).toEqual(valid);
    expect({ name: row.name, ended: shown.some(({ type }) => type === 'finish') }).toEqual({
      name: row.name,
      ended: streamEvents(format, text).some(({ type }) => type === 'finish'),
    });
  }
}
