// Numbers beside the settings and the usage of `numbers.test.ts`: those of the smaller endpoints, the nested ones, and those by
// which answers put their parts in order. Any JSON in the place of any of them hurts nobody else.

import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import fc from 'fast-check';
import { numberlike } from '../support/numberlike';
import { bodies, type Kind, paths, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const bounds = { seed, numRuns: 50, endOnFailure: true } as const;

/** A number of a text is written as `#7#`; one of them gets the value in its place, the others stay. */
const filled = (text: string, chosen: number, value: string): string => {
  let at = 0;
  const count = marksIn(text);
  return text.replace(/#([\d.]+)#/g, (_, own: string) => (at++ === chosen % count ? value : own));
};
const marksIn = (text: string) => text.match(/#[\d.]+#/g)?.length ?? 1;

const honest = 'honest';
let hostileAnswer: { whole: string; stream: string } | undefined;
const good = {
  whole: '{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":5,"total_tokens":10}}',
  stream: 'data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
}; // prettier-ignore
beforeAll(() => {
  scene.fake.answer = (call, response) => {
    const asked = call.body.toString();
    const streamed = call.path.includes('streamGenerate') || /"stream":\s*true/.test(asked);
    const { whole, stream } = asked.includes(honest) ? good : (hostileAnswer ?? answerOf(call.path));
    response.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' });
    response.end(streamed ? stream : whole);
  };
});

const post = (path: string, body: string) =>
  fetch(scene.gateway.url + path, { method: 'POST', headers: { authorization: `Bearer ${scene.key}` }, body });
const honestRequest = async () => {
  const answer = await post('/v1/chat/completions', JSON.stringify({ ...bodies('gpt-5.5', false).chat, user: honest }));
  await answer.text();
  return answer.status;
};
// Nobody beside it fails, and it gets an answer of ours or its provider's, whatever that says.
async function expectNobodyHurt(path: string, body: string, told: object): Promise<void> {
  const [hostile, ...others] = await Promise.all([post(path, body), honestRequest(), honestRequest()]);
  const said = (await hostile.text()).slice(0, 300);
  const { status } = hostile;
  expect({ ...told, path, status, said, others }).toMatchObject({ others: [200, 200] });
  expect({ ...told, path, status, said, ours: status < 500 || status === 502 }).toMatchObject({ ours: true });
}

/** Requests by path. */
const requests: readonly (readonly [string, string])[] = [
  ['/v1/embeddings', '{"model":"text-embedding-3-small","input":"hi","dimensions":#5#}'],
  ['/v1/embeddings', '{"model":"text-embedding-3-small","input":[#5#,#6#]}'],
  ['/v1/embeddings', '{"model":"gemini-embedding-001","input":["hi"],"dimensions":#5#}'],
  ['/v1/embeddings', '{"model":"gemini-embedding-001","input":[[#5#]]}'],
  ['/v1/completions', '{"model":"openai/gpt-5.5","prompt":"hi","max_tokens":#5#,"n":#1#,"best_of":#1#,"logprobs":#1#,"seed":#1#,"temperature":#1#,"top_p":#1#,"stream":false}'],
  ['/v1/completions', '{"model":"openai/gpt-5.5","prompt":[[#5#],[#6#]],"n":#2#,"stream":true}'],
  ['/v1/responses/compact', '{"model":"gpt-5.5","input":"hi","max_output_tokens":#5#}'],
  ['/v1/responses/input_tokens', '{"model":"gpt-5.5","input":"hi","tools":[{"type":"file_search","vector_store_ids":["a"],"max_num_results":#5#}]}'],
  ['/v1/messages/count_tokens', '{"model":"claude-opus-4-7","messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled","budget_tokens":#2000#}}'],
  ['/v1/messages/count_tokens', '{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled","budget_tokens":#2000#},"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":#3#}]}'],
  ['/v1beta/models/gemini-3.5-flash:countTokens', '{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":#5#}}'],
  ['/v1beta/models/claude-opus-4-7:countTokens', '{"contents":[{"parts":[{"text":"hi"}]}]}'],
  ...['gpt-5.5', 'claude-opus-4-7', 'gemini-3.5-flash'].flatMap((model): [string, string][] => [
    ['/api/v1/chat/completions', `{"model":"${model}","messages":[{"role":"user","content":"hi"}],"reasoning":{"max_tokens":#2000#},"top_k":#5#,"min_p":#0.1#,"top_a":#0.1#,"repetition_penalty":#1#,"provider":{"max_price":{"prompt":#1#,"completion":#1#}},"max_tokens":#4000#,"usage":{"include":true}}`],
    ['/v1/messages', `{"model":"${model}","max_tokens":4000,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":#3#}],"output_config":{"task_budget":{"type":"tokens","total":#20000#,"remaining":#5#}},"context_management":{"edits":[{"type":"clear_tool_uses_20250919","trigger":{"type":"input_tokens","value":#5#}}]}}`],
    ['/v1/responses', `{"model":"${model}","input":"hi","max_tool_calls":#3#,"tools":[{"type":"web_search"},{"type":"image_generation","partial_images":#1#,"output_compression":#9#}],"context_management":[{"type":"compaction","compact_threshold":#5#}],"text":{"format":{"type":"json_schema","name":"f","schema":{"type":"object","properties":{"a":{"type":"integer","minimum":#1#,"maximum":#5#,"multipleOf":#1#},"b":{"type":"array","items":{"type":"string","minLength":#1#,"maxLength":#2#},"minItems":#1#,"maxItems":#2#}}}}}}`],
    ['/v1/chat/completions', `{"model":"${model}","messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"https://a.example/a.png","detail":#1#}}]}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"number","exclusiveMinimum":#1#,"exclusiveMaximum":#9#,"default":#2#,"enum":[#2#,#3#]}},"minProperties":#0#,"maxProperties":#9#}}}],"prediction":{"type":"content","content":#1#}}`],
    [`/v1beta/models/${model}:generateContent`, '{"contents":[{"parts":[{"fileData":{"mimeType":"video/mp4","fileUri":"https://a.example/a.mp4"},"videoMetadata":{"fps":#1#}},{"text":"hi"}]}],"toolConfig":{"retrievalConfig":{"latLng":{"latitude":#1#,"longitude":#1#}}},"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"INTEGER","minimum":#1#,"maximum":#5#},"b":{"type":"ARRAY","items":{"type":"STRING"},"minItems":#1#,"maxItems":#2#}}}}]}],"generationConfig":{"presencePenalty":#1#,"frequencyPenalty":#1#}}'],
  ]),
]; // prettier-ignore

test('in the requests of the other endpoints, and nested in any', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...requests), fc.nat(1_000), numberlike, async ([path, text], chosen, value) => {
      await expectNobodyHurt(path, filled(text, chosen, value), { value, text: text.slice(0, 60), chosen });
    }),
    { ...bounds, numRuns: 80 },
  );
}, 120_000);

const event = (json: string) => `data: ${json}\n\n`;
const named = (type: string, json: string) => `event: ${type}\ndata: {"type":"${type}",${json}}\n\n`;
const responseUsage =
  '"usage":{"input_tokens":#5#,"input_tokens_details":{"cached_tokens":#1#,"cache_write_tokens":#1#},"output_tokens":#5#,"output_tokens_details":{"reasoning_tokens":#1#},"total_tokens":#10#}';
const responseOutput =
  '"output":[{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},{"type":"message","id":"x","role":"assistant","status":"completed","content":[{"type":"output_text","text":"hi","annotations":[{"type":"url_citation","url":"https://a.example","title":"A","start_index":#0#,"end_index":#2#}],"logprobs":[{"token":"hi","logprob":#1#,"bytes":[#104#,#105#],"top_logprobs":[{"token":"hi","logprob":#1#,"bytes":[#104#]}]}]}]},{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"{}","status":"completed"}]';
const claudeUsage =
  '"usage":{"input_tokens":#5#,"output_tokens":#5#,"cache_creation_input_tokens":#3#,"cache_read_input_tokens":#1#,"cache_creation":{"ephemeral_5m_input_tokens":#1#,"ephemeral_1h_input_tokens":#2#},"server_tool_use":{"web_search_requests":#1#,"web_fetch_requests":#1#},"output_tokens_details":{"thinking_tokens":#1#},"iterations":[{"input_tokens":#1#,"output_tokens":#1#}]}';
const chatUsage =
  '"usage":{"prompt_tokens":#5#,"completion_tokens":#5#,"total_tokens":#10#,"cost":#0.1#,"prompt_tokens_details":{"cached_tokens":#1#,"audio_tokens":#1#,"cache_write_tokens":#1#},"completion_tokens_details":{"reasoning_tokens":#1#,"audio_tokens":#1#,"accepted_prediction_tokens":#1#}}';
const chatLogprobs =
  '"logprobs":{"content":[{"token":"hi","logprob":#1#,"bytes":[#104#],"top_logprobs":[{"token":"hi","logprob":#1#,"bytes":[#1#]}]}]}';
const geminiUsage =
  '"usageMetadata":{"promptTokenCount":#5#,"candidatesTokenCount":#5#,"totalTokenCount":#10#,"thoughtsTokenCount":#1#,"cachedContentTokenCount":#1#,"toolUsePromptTokenCount":#1#,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":#2#}],"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":#5#}]}';
const grounding =
  '"groundingMetadata":{"webSearchQueries":["q"],"groundingChunks":[{"web":{"uri":"https://a.example","title":"A"}}],"groundingSupports":[{"segment":{"startIndex":#0#,"endIndex":#2#,"partIndex":#0#,"text":"hi"},"groundingChunkIndices":[#0#],"confidenceScores":[#1#]}]}';
const geminiLogprobs = '"avgLogprobs":#1#,"logprobsResult":{"topCandidates":[{"candidates":[{"token":"hi","tokenId":#1#,"logProbability":#1#}]}],"chosenCandidates":[{"token":"hi","tokenId":#1#,"logProbability":#1#}]}'; // prettier-ignore

/** What providers say, by a part of the path. */
const answers: readonly (readonly [string, { whole: string; stream: string }])[] = [
  [
    '/chat/completions',
    {
      whole: `{"id":"c","object":"chat.completion","created":#1#,"model":"m","choices":[{"index":#0#,"message":{"role":"assistant","content":"hi","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example","title":"A","start_index":#0#,"end_index":#2#}}],"tool_calls":[{"index":#0#,"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},${chatLogprobs},"finish_reason":"stop"}],${chatUsage}}`,
      stream: [
        event(`{"id":"c","created":#1#,"choices":[{"index":#0#,"delta":{"role":"assistant","content":"hi"},${chatLogprobs}}]}`),
        event('{"id":"c","choices":[{"index":#0#,"delta":{"tool_calls":[{"index":#0#,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}}]}'),
        event('{"id":"c","choices":[{"index":#0#,"delta":{"tool_calls":[{"index":#0#,"function":{"arguments":"{}"}}]}}]}'),
        event('{"id":"c","choices":[{"index":#0#,"delta":{"tool_calls":[{"index":#1#,"id":"u","type":"function","function":{"name":"g","arguments":"{}"}}]}}]}'),
        event('{"id":"c","choices":[{"index":#0#,"delta":{"reasoning_details":[{"type":"reasoning.text","text":"so","index":#0#,"signature":"s"}]}}]}'),
        event('{"id":"c","choices":[{"index":#0#,"delta":{},"finish_reason":"tool_calls"}]}'),
        event(`{"id":"c","choices":[],${chatUsage}}`),
        event('[DONE]'),
      ].join(''),
    },
  ],
  [
    '/completions',
    {
      whole: `{"id":"c","object":"text_completion","created":#1#,"choices":[{"index":#0#,"text":"hi","finish_reason":"stop"}],${chatUsage}}`,
      stream: `${event('{"choices":[{"index":#0#,"text":"hi","finish_reason":"stop"}]}')}${event(`{"choices":[],${chatUsage}}`)}${event('[DONE]')}`,
    },
  ],
  ['/count_tokens', { whole: '{"input_tokens":#5#}', stream: '' }],
  ['/input_tokens', { whole: '{"object":"response.input_tokens","input_tokens":#5#}', stream: '' }],
  [':countTokens', { whole: '{"totalTokens":#5#,"promptTokensDetails":[{"modality":"TEXT","tokenCount":#5#}]}', stream: '' }],
  ['/compact', { whole: `{"id":"r","object":"response.compaction","created_at":#1#,"output":[{"type":"compaction","id":"c","encrypted_content":"o"}],${responseUsage}}`, stream: '' }],
  [':batchEmbedContents', { whole: '{"embeddings":[{"values":[#1#,#0.5#]}]}', stream: '' }],
  ['/embeddings', { whole: '{"object":"list","data":[{"object":"embedding","index":#0#,"embedding":[#1#,#0.5#]}],"usage":{"prompt_tokens":#5#,"total_tokens":#5#}}', stream: '' }],
  [
    '/messages',
    {
      whole: `{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","url":"https://a.example","title":"A","encrypted_content":"x","page_age":#1#}]},{"type":"text","text":"hi","citations":[{"type":"char_location","cited_text":"a","document_index":#0#,"start_char_index":#0#,"end_char_index":#1#}]}],"stop_reason":"end_turn","stop_sequence":null,${claudeUsage}}`,
      stream: [
        named('message_start', `"message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,${claudeUsage}}`),
        named('content_block_start', '"index":#0#,"content_block":{"type":"text","text":""}'),
        named('content_block_delta', '"index":#0#,"delta":{"type":"text_delta","text":"hi"}'),
        named('content_block_stop', '"index":#0#'),
        named('content_block_start', '"index":#1#,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}'),
        named('content_block_delta', '"index":#1#,"delta":{"type":"input_json_delta","partial_json":"{}"}'),
        named('content_block_stop', '"index":#1#'),
        named('message_delta', `"delta":{"stop_reason":"tool_use","stop_sequence":null},${claudeUsage}`),
        'event: message_stop\ndata: {"type":"message_stop"}\n\n',
      ].join(''),
    },
  ],
  [
    '/responses',
    {
      whole: `{"id":"r","object":"response","created_at":#1#,"status":"completed","model":"m",${responseOutput},${responseUsage}}`,
      stream: [
        named('response.created', '"sequence_number":#0#,"response":{"id":"r","object":"response","created_at":#1#,"status":"in_progress","output":[]}'),
        named('response.output_item.added', '"sequence_number":#1#,"output_index":#0#,"item":{"type":"message","id":"x","role":"assistant","status":"in_progress","content":[]}'),
        named('response.output_text.delta', '"sequence_number":#2#,"output_index":#0#,"content_index":#0#,"item_id":"x","delta":"hi"'),
        named('response.output_item.added', '"sequence_number":#3#,"output_index":#1#,"item":{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"","status":"in_progress"}'),
        named('response.function_call_arguments.delta', '"sequence_number":#4#,"output_index":#1#,"item_id":"fc","delta":"{}"'),
        named('response.output_item.done', '"sequence_number":#5#,"output_index":#1#,"item":{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"{}","status":"completed"}'),
        named('response.completed', `"sequence_number":#6#,"response":{"id":"r","object":"response","created_at":#1#,"status":"completed","model":"m",${responseOutput},${responseUsage}}`),
      ].join(''),
    },
  ],
  [
    ':',
    {
      whole: `{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"},{"functionCall":{"name":"f","args":{"a":#1#}}}]},"finishReason":"STOP","index":#0#,"tokenCount":#1#,${geminiLogprobs},${grounding}}],${geminiUsage}}`,
      stream: `${event(`{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"},{"functionCall":{"name":"f","args":{"a":#1#}}}]},"index":#0#,${geminiLogprobs}}],${geminiUsage}}`)}${event(`{"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"STOP","index":#0#,${grounding}}],${geminiUsage}}`)}`,
    },
  ],
]; // prettier-ignore
const templateOf = (path: string) => answers.find(([part]) => path.includes(part))?.[1] ?? { whole: '{}', stream: '' };
const answerOf = (path: string) => {
  const { whole, stream } = templateOf(path);
  return { whole: filled(whole, -1, ''), stream: filled(stream, -1, '') };
};

const kinds: readonly Kind[] = ['chat', 'responses', 'messages', 'generate'];
const providers = [
  ['/responses', 'gpt-5.5'],
  ['/chat/completions', 'gpt-4.1'],
  ['/messages', 'claude-opus-4-7'],
  [':', 'gemini-3.5-flash'],
] as const;

test.each(kinds)(
  'in what providers answer to a client of %s: places, times, probabilities and every count',
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...providers),
        fc.nat(1_000),
        numberlike,
        fc.boolean(),
        async ([part, model], chosen, value, stream) => {
          const more = kind === 'chat' && part === '/responses' ? { reasoning_effort: 'low', tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }] } : {}; // prettier-ignore
          const { whole, stream: events } = templateOf(part);
          hostileAnswer = { whole: filled(whole, chosen, value), stream: filled(events, chosen, value) };
          await expectNobodyHurt(paths(model, stream)[kind], JSON.stringify(bodies(model, stream, more)[kind]), {
            model,
            value,
            chosen,
            stream,
          });
        },
      ),
      { ...bounds, numRuns: 80 },
    );
  },
  120_000,
);

test.each([
  ['/v1/embeddings', '/embeddings', '{"model":"text-embedding-3-small","input":"hi"}'],
  ['/v1/embeddings', ':batchEmbedContents', '{"model":"gemini-embedding-001","input":"hi"}'],
  ['/v1/completions', '/completions', '{"model":"openai/gpt-5.5","prompt":"hi"}'],
  ['/v1/completions', '/completions', '{"model":"openai/gpt-5.5","prompt":"hi","stream":true}'],
  ['/v1/responses/compact', '/compact', '{"model":"gpt-5.5","input":"hi"}'],
  ['/v1/responses/input_tokens', '/input_tokens', '{"model":"gpt-5.5","input":"hi"}'],
  ['/v1/messages/count_tokens', '/count_tokens', '{"model":"claude-opus-4-7","messages":[{"role":"user","content":"hi"}]}'],
  ['/v1/messages/count_tokens', ':countTokens', '{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"}]}'],
  ['/v1beta/models/claude-opus-4-7:countTokens', '/count_tokens', '{"contents":[{"parts":[{"text":"hi"}]}]}'],
])('in what providers answer at %s (%s)', async (path, part, body) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000), numberlike, async (chosen, value) => {
      const { whole, stream } = templateOf(part);
      hostileAnswer = { whole: filled(whole, chosen, value), stream: filled(stream, chosen, value) };
      await expectNobodyHurt(path, body, { value, chosen });
    }),
    { ...bounds, numRuns: 15 },
  );
}, 60_000); // prettier-ignore

test('and nothing in the ledger is beyond what a number holds', () => {
  const db = new DatabaseSync(join(scene.gateway.dataPath, 'ledger.db'), { readOnly: true });
  // Node refuses to read an integer beyond 2^53.
  for (const table of ['requests', 'open_requests', 'usage_hours', 'budgets'])
    expect(db.prepare(`select * from ${table}`).all().length).toBeGreaterThanOrEqual(0);
  const { rows, least, greatest } = db
    .prepare(
      `select count(*) as rows, min(min(input, output, cache_read, cache_write_5m, cache_write_1h, reasoning, audio, searches, counted, cost)) as least,
         max(max(input, output, cache_read, cache_write_5m, cache_write_1h, reasoning, audio, searches, counted, cost)) as greatest from requests`,
    )
    .get() as Record<string, number>;
  db.close();
  expect(rows).toBeGreaterThan(500);
  expect(least).toBeGreaterThanOrEqual(0);
  expect(greatest).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
});
