// Any JSON in the place of any number, from clients on every wire and from providers of every wire, beside honest traffic:
// nobody else's request fails, and nothing in the ledger is beyond what a number holds.

import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import fc from 'fast-check';
import { numberlike } from '../support/numberlike';
import { bodies, type Fields, type Kind, paths, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const most = Number.MAX_SAFE_INTEGER;
/** Paths of the numeric settings of each wire. */
const settings: Readonly<Record<Kind, readonly string[]>> = {
  chat: ['max_tokens', 'max_completion_tokens', 'n', 'temperature', 'top_p', 'seed', 'presence_penalty', 'frequency_penalty', 'top_logprobs', 'logit_bias.50256', 'stream_options.include_usage', 'stream'], // prettier-ignore
  responses: ['max_output_tokens', 'temperature', 'top_p', 'top_logprobs', 'max_tool_calls', 'stream'],
  messages: ['max_tokens', 'temperature', 'top_p', 'top_k', 'thinking.budget_tokens', 'stream'],
  generate: ['generationConfig.maxOutputTokens', 'generationConfig.temperature', 'generationConfig.topP', 'generationConfig.topK', 'generationConfig.candidateCount', 'generationConfig.seed', 'generationConfig.thinkingConfig.thinkingBudget', 'generationConfig.responseLogprobs', 'generationConfig.logprobs'], // prettier-ignore
};
const models: Readonly<Record<Kind, string>> = {
  chat: 'gpt-5.5',
  responses: 'gpt-5.5',
  messages: 'claude-opus-4-7',
  generate: 'gemini-3.5-flash',
};
const kinds = Object.keys(settings) as Kind[];

/** A whole answer and a stream of each provider's wire, with marks where its usage has numbers. */
const counts = (names: readonly string[]) => names.map((name) => `"${name}":@${name}@`).join(',');
const openaiUsage = counts(['prompt_tokens', 'completion_tokens', 'total_tokens']);
const anthropicUsage = counts(['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens']); // prettier-ignore
const geminiUsage = counts(['promptTokenCount', 'candidatesTokenCount', 'totalTokenCount', 'thoughtsTokenCount', 'cachedContentTokenCount']); // prettier-ignore
const answers: Readonly<Record<string, { whole: string; stream: string }>> = {
  '/chat/completions': {
    whole: `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{${openaiUsage},"prompt_tokens_details":{"cached_tokens":@cached_tokens@}}}`,
    stream: `data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}\n\ndata: {"id":"c","choices":[],"usage":{${openaiUsage}}}\n\ndata: [DONE]\n\n`,
  },
  '/messages': {
    whole: `{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{${anthropicUsage}}}`,
    stream: `event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{${anthropicUsage}}}}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}\n\nevent: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\nevent: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{${anthropicUsage}}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n`,
  },
  ':': {
    whole: `{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP","index":0}],"usageMetadata":{${geminiUsage}}}`,
    stream: `data: {"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP","index":0}],"usageMetadata":{${geminiUsage}}}\r\n\r\n`,
  },
  '/responses': {
    whole: `{"id":"r","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"x","role":"assistant","status":"completed","content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":{${counts(['input_tokens', 'output_tokens', 'total_tokens'])}}}`,
    stream: `event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"r","object":"response","status":"in_progress","output":[]}}\n\nevent: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":1,"output_index":0,"content_index":0,"item_id":"x","delta":"hi"}\n\nevent: response.completed\ndata: {"type":"response.completed","sequence_number":2,"response":{"id":"r","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"x","role":"assistant","status":"completed","content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":{${counts(['input_tokens', 'output_tokens', 'total_tokens'])}}}}\n\n`,
  },
};

const honest = 'honest';
let values: (name: string) => string = () => '5';
beforeAll(() => {
  scene.fake.answer = (call, response) => {
    const path = Object.keys(answers).find((part) => call.path.includes(part)) ?? '/chat/completions';
    const asked = call.body.toString();
    const streamed = call.path.includes('streamGenerate') || /"stream":\s*true/.test(asked);
    const { whole, stream } = answers[path] ?? { whole: '{}', stream: '' };
    const value = asked.includes(honest) ? () => '5' : values;
    response.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' });
    response.end((streamed ? stream : whole).replace(/@(\w+)@/g, (_, name: string) => value(name)));
  };
});

// A body of the wire with one setting's value as JSON text.
const bodyWith = (path: string, value: string): { more: Fields; mark: string; value: string } => {
  const mark = '"@value@"';
  const names = path.split('.');
  const more = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), '@value@') as Fields;
  return { more, mark, value };
};

const send = (kind: Kind, model: string, stream: boolean, body: string) =>
  fetch(scene.gateway.url + paths(model, stream)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body,
  });
const honestRequest = async () => {
  const answer = await send(
    'chat',
    'gpt-5.5',
    false,
    JSON.stringify({ ...bodies('gpt-5.5', false).chat, user: honest }),
  );
  await answer.text();
  return answer.status;
};

const bounds = { seed, numRuns: 60, endOnFailure: true } as const;

test.each(kinds)(
  'in a request on the wire %s [L10]',
  async (kind) => {
    const target = fc.constantFrom(...kinds.map((each) => models[each]));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...settings[kind]),
        numberlike,
        target,
        fc.boolean(),
        async (path, text, model, stream) => {
          const { more, mark, value } = bodyWith(path, text);
          const whole = bodies(model, stream, more)[kind];
          const body = JSON.stringify(whole).replace(mark, () => value);
          const [hostile, ...others] = await Promise.all([
            send(kind, model, stream, body),
            honestRequest(),
            honestRequest(),
          ]);
          const said = await hostile.text();
          expect({ path, value, model, others, status: hostile.status, said: said.slice(0, 300) }).toMatchObject({ others: [200, 200] }); // prettier-ignore
          expect({ path, value, model, status: hostile.status, said: said.slice(0, 300), ours: hostile.status < 500 || hostile.status === 502 }).toMatchObject({ ours: true }); // prettier-ignore
        },
      ),
      bounds,
    );
  },
  60_000,
);

test.each(kinds)(
  "in a provider's usage, asked for on the wire %s [G10]",
  async (kind) => {
    const usage = fc.array(numberlike, { minLength: 6, maxLength: 6 });
    const target = fc.constantFrom(...kinds.map((each) => models[each]));
    await fc.assert(
      fc.asyncProperty(usage, target, fc.boolean(), async (numbers, model, stream) => {
        let next = 0;
        values = () => numbers[next++ % numbers.length] ?? '1';
        const body = JSON.stringify(bodies(model, stream)[kind]); // prettier-ignore
        const [hostile, ...others] = await Promise.all([
          send(kind, model, stream, body),
          honestRequest(),
          honestRequest(),
        ]);
        const said = await hostile.text();
        expect({ numbers, model, stream, others, status: hostile.status, said: said.slice(0, 300) }).toMatchObject({ others: [200, 200], status: 200 }); // prettier-ignore
      }),
      bounds,
    );
  },
  60_000,
);

test('and nothing in the ledger is beyond what a number holds', () => {
  const db = new DatabaseSync(join(scene.gateway.dataPath, 'ledger.db'), { readOnly: true });
  // Node refuses to read an integer beyond 2^53.
  for (const table of ['requests', 'open_requests', 'usage_hours', 'budgets'])
    expect(db.prepare(`select * from ${table}`).all().length).toBeGreaterThanOrEqual(0);
  const { least, greatest } = db
    .prepare(
      'select min(min(input, output, counted, cost)) least, max(max(input, output, counted, cost)) greatest from requests',
    )
    .get() as { least: number; greatest: number };
  expect(least).toBeGreaterThanOrEqual(0);
  expect(greatest).toBeLessThanOrEqual(most);
  db.close();
});
