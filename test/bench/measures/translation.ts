// Translating a conversation, in process: what it costs beyond parsing the one body and printing the other, which any
// translation must do. Every pair of formats.

import { findModel } from '../../../config/catalogue';
import { catalogueTarget, type Target } from '../../../config/target';
import { codecs } from '../../../gateway/src/wire';
import type { Json } from '../../../gateway/src/wire/jsonObject';
import type { Format, Message, NeutralRequest } from '../../../gateway/src/wire/neutral';
import { median } from '../figures';
import { row, type Row, type Run } from '../run';

const formats = ['chat', 'responses', 'messages', 'generate'] as const;
const conversationBytes = 100_000;
const times = 60;

/** CPU of one translation of 100 KB with calls and their results, the slowest and the median of the twelve pairs. */
export function translation(run: Run): Promise<Row[]> {
  const rounds = Array.from({ length: run.effort.otherRounds }, measurePairs);
  return Promise.resolve([
    row(
      '100 KB conversation',
      'ovth-process',
      'slowest pair',
      'ms',
      rounds.map((pairs) => Math.max(...pairs)),
    ),
    row(
      '100 KB conversation',
      'ovth-process',
      'median pair',
      'ms',
      rounds.map((pairs) => median(pairs)),
    ),
  ]);
}

// ---

function measurePairs(): number[] {
  const neutral = conversation();
  return formats.flatMap((from) => {
    const bytes = JSON.stringify(codecs[from].encodeRequest(neutral, targets[from]).body);
    return formats.filter((to) => to !== from).map((to) => pairMs(bytes, from, to));
  });
}

function pairMs(bytes: string, from: Format, to: Format): number {
  const translated = () =>
    codecs[to].encodeRequest(codecs[from].decodeRequest(JSON.parse(bytes) as Json), targets[to]).body;
  const printed = JSON.stringify(translated());
  const whole = cpuMs(() => JSON.stringify(translated()));
  const bare = cpuMs(() => {
    JSON.parse(bytes);
    return JSON.stringify(JSON.parse(printed));
  });
  const parsing = cpuMs(() => JSON.parse(printed) as unknown);
  return whole - (bare - parsing);
}

// Median of single runs: the collector's pauses are told apart by the process's own measures.
function cpuMs(work: () => unknown): number {
  const each: number[] = [];
  for (let i = 0; i < times; i++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    if (i >= times / 3) each.push((user + system) / 1_000); // the first runs are compiled
  }
  return median(each);
}

const targets: Readonly<Record<Format, Target>> = {
  chat: known('gpt-5.5'),
  responses: known('gpt-5.5'),
  messages: known('claude-opus-4-8'),
  generate: known('gemini-3.5-flash'),
};

function known(name: string): Target {
  const found = findModel(name);
  if (found === undefined) throw new Error(`${name} is not in the catalogue`);
  return catalogueTarget(found.model, found.send);
}

function conversation(): NeutralRequest {
  const messages: Message[] = [{ role: 'system', parts: [{ type: 'text', text: 'You are a careful assistant.' }] }];
  const said = 'The quick brown fox says "thank you" and asks what it would cost.\n'.repeat(20);
  for (let size = 0, i = 0; size < conversationBytes; size += said.length * 2 + 300, i++) {
    const id = `call_${i}`;
    messages.push(
      { role: 'user', parts: [{ type: 'text', text: said }] },
      { role: 'assistant', parts: [{ type: 'toolCall', id, name: 'read_file', args: `{"path":"/src/${i}.ts"}` }] },
      { role: 'user', parts: [{ type: 'toolResult', id, parts: [{ type: 'text', text: said }], isError: false }] },
    );
  }
  messages.push({ role: 'user', parts: [{ type: 'text', text: 'And now?' }] });
  const schema = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };
  const tools = ['read_file', 'write_file', 'run'].map((name) => ({ type: 'function', name, schema }) as const);
  return { from: 'chat', messages, stream: true, tools, maxOutput: 8_000, native: {} };
}
