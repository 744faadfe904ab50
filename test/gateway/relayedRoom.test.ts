// Whole events that come in one piece with the beginning of one that there is no room for: they are passed on before the failure.

import { CancelSource } from '../../gateway/src/core/cancellation';
import { openMemoryBudget } from '../../gateway/src/core/memoryBudget';
import { newProgress } from '../../gateway/src/pipeline/responseProgress';
import { relayStream } from '../../gateway/src/pipeline/relayStream';
import { ownHeaders } from '../../gateway/src/upstream/headers';
import { streamParts } from '../support/routeScene';

const same = <T>(value: T): T => value;

type Answered = Parameters<typeof relayStream>[0];
type Context = Parameters<typeof relayStream>[1];

/** A client that takes everything at once. */
function openClient() {
  const sent: string[] = [];
  const raw = {
    destroyed: false,
    writeHead: () => raw,
    flushHeaders: () => undefined,
    write: (bytes: Buffer | string) => sent.push(bytes.toString()) > 0,
    end: (bytes: Buffer | string = '') => void sent.push(bytes.toString()),
  };
  return { raw, sent };
}

test.each([
  { asList: false, name: 'a stream of events' },
  { asList: true, name: 'a JSON list' },
])('$name', async ({ asList }) => {
  const { raw, sent } = openClient();
  const item = JSON.stringify({ candidates: [{ content: { role: 'model', parts: [{ text: 'hello' }] } }] });
  const { preamble, content } = streamParts('generate', 'hello');
  const whole = asList ? `[${item}` : preamble + content;
  const piece = `${whole}${asList ? ',{"padding":"' : 'data: {"padding":"'}${'x'.repeat(300_000)}`;
  const response = {
    status: 200,
    headers: { 'content-type': asList ? 'application/json' : 'text/event-stream' },
    forEachChunk: async (take: (chunk: Buffer) => Promise<void> | undefined) => take(Buffer.from(piece)),
    release: () => undefined,
    cancel: () => undefined,
  };
  const answered = { kind: 'passthrough', format: 'generate', hideUsage: false, response } as unknown as Answered;
  const context = {
    raw,
    asList,
    client: new CancelSource(),
    turn: { held: false, moveOn: () => Promise.resolve(false), succeeded: () => undefined },
    format: 'generate',
    dialect: 'gemini',
    requestId: 'req_1',
    headers: ownHeaders([]),
    answers: 1,
    ownKeys: { text: same, header: same, bytes: same },
    limits: { event_bytes: 1_000_000, end_ms: 100, preamble_ms: 100, reader_stall_ms: 1_000 },
    memory: openMemoryBudget(() => 100_000).open('key'),
    reservation: { output: 1_000 },
    now: () => 0,
  } as unknown as Context;
  await expect(relayStream(answered, context, newProgress())).rejects.toMatchObject({ code: 'overloaded' });
  expect(sent.join('')).toContain(whole);
  expect(sent.join('').slice(whole.length)).toMatch(/^(,\n|data: )\{"error"/);
});
