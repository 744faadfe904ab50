// Requests, answers and streams that are meant to be dear, as chat completions: of about so many bytes.

type Random = () => number;
type Json = Readonly<Record<string, unknown>>;

const upTo = (random: Random, most: number) => Math.floor(random() * most);
const user = { role: 'user', content: 'hi' };
const texts = ['word ', '"\\ ', 'ü', '世', '🎈', '\n\t', '{"a":[', 'a'] as const;
const textOf = (random: Random, size: number) => {
  const piece = texts[upTo(random, texts.length)] ?? 'a';
  return piece.repeat(Math.max(1, Math.floor(size / Buffer.byteLength(JSON.stringify(piece)))));
};
const asked = (fields: Json): Json => ({ model: 'm', max_tokens: 100, messages: [user], ...fields });
const tool = (name: string, parameters: Json): Json => ({
  type: 'function',
  function: { name, description: 'd', parameters },
});
const withSchema = (schema: Json): Json => asked({ tools: [tool('f', { type: 'object', properties: { a: schema } })] });
const call = (id: string, args = '{}') => ({ id, type: 'function', function: { name: 'f', arguments: args } });

function nested(depth: number, leaf: Json, wrap: (inner: Json) => Json): Json {
  let schema = leaf;
  for (let i = 0; i < depth; i++) schema = wrap(schema);
  return schema;
}

function tree(random: Random, depth: number, budget: { left: number }): Json {
  if (depth === 0 || budget.left <= 0) return { type: 'string', enum: ['a', 'b'] };
  budget.left -= 60;
  const inner = () => Array.from({ length: 1 + upTo(random, 4) }, () => tree(random, depth - 1, budget));
  const kinds: (() => Json)[] = [
    () => ({ anyOf: inner() }),
    () => ({ allOf: inner() }),
    () => ({ oneOf: inner() }),
    () => ({ not: tree(random, depth - 1, budget) }),
    () => ({
      type: ['object', 'null'],
      properties: Object.fromEntries(inner().map((schema, i) => [`p${i}`, schema])),
      required: ['p0'],
    }),
    () => ({ type: 'array', items: tree(random, depth - 1, budget), minItems: 1 }),
    () => ({ if: tree(random, depth - 1, budget), then: tree(random, depth - 1, budget) }),
    () => ({ $ref: '#/$defs/r' }),
  ];
  return kinds[upTo(random, kinds.length)]?.() ?? {};
}

/** Name → a request. */
export const requests: Readonly<Record<string, (size: number, random: Random) => Json>> = {
  'one text': (size, random) => asked({ messages: [{ role: 'user', content: textOf(random, size) }] }),
  'short turns': (size) => asked({ messages: Array.from({ length: size / 34 }, (_, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content: 'x' })) }),
  'short parts': (size) => asked({ messages: [{ role: 'user', content: Array.from({ length: size / 26 }, () => ({ type: 'text', text: 'x' })) }] }),
  'turns of the system': (size) => asked({ messages: [...Array.from({ length: size / 36 }, () => ({ role: 'system', content: 'x' })), user] }),
  'calls in one turn': (size) => {
    const ids = Array.from({ length: size / 130 }, (_, i) => `c${i}`);
    return asked({ messages: [user, { role: 'assistant', content: null, tool_calls: ids.map((id) => call(id)) }, ...ids.toReversed().map((id) => ({ role: 'tool', tool_call_id: id, content: 'x' })), user], tools: [tool('f', { type: 'object' })] });
  },
  'calls in many turns': (size) => asked({ messages: [user, ...Array.from({ length: size / 170 }, (_, i) => [{ role: 'assistant', tool_calls: [call(`c${i}`)] }, { role: 'tool', tool_call_id: `c${i}`, content: 'x' }]).flat()], tools: [tool('f', { type: 'object' })] }),
  'calls without results': (size) => asked({ messages: [user, ...Array.from({ length: size / 90 }, () => ({ role: 'assistant', tool_calls: [call('same')] })), user], tools: [tool('f', { type: 'object' })] }),
  'results without calls': (size) => asked({ messages: [user, ...Array.from({ length: size / 60 }, (_, i) => ({ role: 'tool', tool_call_id: `c${i % 7}`, content: 'x' })), user] }),
  'large arguments': (size, random) => asked({ messages: [user, { role: 'assistant', tool_calls: [call('c', JSON.stringify({ a: textOf(random, size / 2) }))] }, { role: 'tool', tool_call_id: 'c', content: 'x' }], tools: [tool('f', { type: 'object' })] }),
  'arguments of many numbers': (size) => asked({ messages: [user, { role: 'assistant', tool_calls: [call('c', JSON.stringify(Array.from({ length: size / 24 }, (_, i) => 1_234_567_890_123_456 + i)).replace('[', '{"a":[').concat('}'))] }, { role: 'tool', tool_call_id: 'c', content: 'x' }], tools: [tool('f', { type: 'object' })] }),
  'many tools': (size) => asked({ tools: Array.from({ length: size / 110 }, (_, i) => tool(`f${i}`, { type: 'object' })) }),
  'tools with odd names': (size) => asked({ tools: Array.from({ length: size / 110 }, (_, i) => tool(`f.${i}/ü`, { type: 'object' })), messages: [user] }),
  'a wide schema': (size) => withSchema({ type: 'object', properties: Object.fromEntries(Array.from({ length: size / 40 }, (_, i) => [`p${i}`, { type: ['string', 'null'] }])) }),
  'a long enum': (size) => withSchema({ enum: Array.from({ length: size / 8 }, (_, i) => i) }),
  'a list of choices': (size) => withSchema({ anyOf: Array.from({ length: size / 40 }, (_, i) => ({ type: 'string', const: `v${i}` })) }),
  'choices of objects': (size) => withSchema({ anyOf: Array.from({ length: size / 70 }, (_, i) => ({ type: 'object', properties: { a: { const: i } }, required: ['a'] })) }),
  'all of many': (size) => withSchema({ allOf: Array.from({ length: size / 60 }, (_, i) => ({ type: 'object', properties: { [`p${i}`]: {} }, required: [`p${i}`] })) }),
  'a deep schema': (size, random) => withSchema(nested(Math.min(25, 5 + upTo(random, 25)), { type: 'string', description: textOf(random, size / 4) }, (inner) => ({ anyOf: [inner, { type: 'null' }] }))),
  'references': (size) => asked({ tools: [tool('f', { type: 'object', $defs: Object.fromEntries(Array.from({ length: size / 60 }, (_, i) => [`d${i}`, { type: 'object', properties: { a: { $ref: `#/$defs/d${i + 1}` } } }])), properties: { a: { $ref: '#/$defs/d0' } } })] }),
  'references that branch': (size) => asked({ tools: [tool('f', { type: 'object', $defs: Object.fromEntries(Array.from({ length: Math.min(40, size / 200) }, (_, i) => [`d${i}`, { anyOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] }])), properties: { a: { $ref: '#/$defs/d0' } } })] }),
  'a tree of schemas': (size, random) => asked({ tools: [tool('f', { type: 'object', $defs: { r: { type: 'string' } }, properties: { a: tree(random, 12, { left: size }) } })] }),
  'a tree as the answer’s form': (size, random) => asked({ response_format: { type: 'json_schema', json_schema: { name: 'n', strict: true, schema: { type: 'object', properties: { a: tree(random, 12, { left: size }) } } } } }),
  'pictures of nothing but padding': (size) => asked({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'='.repeat(size)}a-` } }] }] }),
  'tools of one name': (size) => asked({ tools: [tool('f', { type: 'object', description: 'x'.repeat(size / 2) }), ...Array.from({ length: size / 220 }, () => tool('f', { type: 'object' }))] }),
  'made-up fields': (size) => asked(Object.fromEntries(Array.from({ length: Math.min(990, size / 14) }, (_, i) => [`x${i}`, 1]))),
}; // prettier-ignore

const chunk = (delta: Json, finish: string | null = null) => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const frames = (...list: readonly object[]) => list.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('');
const ended = (body: string, finish = 'stop') => `${body}${frames(chunk({}, finish))}data: [DONE]\n\n`;
const whole = (message: Json, finish = 'stop') => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: finish }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

const calls = (count: number) => Array.from({ length: count }, (_, i) => ({ index: i, ...call(`c${i}`) }));
const details = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ type: 'reasoning.text', text: 'x', index: i, format: 'unknown' }));
const annotations = (count: number) =>
  Array.from({ length: count }, () => ({
    type: 'url_citation',
    url_citation: { url: 'https://x.example', title: 't', start_index: 0, end_index: 1 },
  }));
const logprobs = (count: number) => ({
  content: Array.from({ length: count }, () => ({ token: 'x', logprob: -1, bytes: [120], top_logprobs: [] })),
});

// From the end to the beginning, and without a place: each stands for all of the text.
const backwards = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => ({
    type: 'url_citation',
    url_citation: { url: `https://x.example/${i}`, title: 't', ...(i % 2 === 0 && { start_index: length - i - 1, end_index: length - i }) },
  })); // prettier-ignore

/** Name → a whole answer. */
export const answers: Readonly<Record<string, (size: number, random: Random) => Json>> = {
  'one text': (size, random) => whole({ content: textOf(random, size) }),
  'many calls': (size) => whole({ tool_calls: calls(size / 90) }, 'tool_calls'),
  'large arguments': (size, random) => whole({ tool_calls: [call('c', JSON.stringify({ a: textOf(random, size / 2) }))] }, 'tool_calls'),
  'many details of reasoning': (size) => whole({ content: 'x', reasoning_details: details(size / 70) }),
  'many citations': (size) => whole({ content: 'x', annotations: annotations(size / 110) }),
  'citations of a long text': (size) => whole({ content: 'ü'.repeat(size / 4), annotations: backwards(size / 240, size / 4) }),
}; // prettier-ignore

const found = (parts: readonly object[], groundingMetadata: Json): Json => ({
  candidates: [{ index: 0, finishReason: 'STOP', content: { role: 'model', parts }, groundingMetadata }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
});
const pages = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ web: { uri: `https://x.example/${i}`, title: 't' } }));
const geminiCall = { functionCall: { name: 'f' } };

/** Name → a whole answer of Gemini's, about what it has searched for. */
export const geminiAnswers: Readonly<Record<string, (size: number, random: Random) => Json>> = {
  'calls beside queries': (size) => found(Array.from({ length: size / 100 }, () => geminiCall), { webSearchQueries: Array.from({ length: size / 16 }, (_, i) => `q${i}`), groundingChunks: pages(20) }),
  'searches between calls': (size) => found(Array.from({ length: size / 120 }, (_, i) => [{ toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries: [`q${i}`] } } }, geminiCall]).flat(), { webSearchQueries: ['q'], groundingChunks: pages(20) }),
  'queries alone': (size) => found([{ text: 'x' }], { webSearchQueries: Array.from({ length: size / 8 }, (_, i) => `q${i}`) }),
  'pages that each place names': (size) => found([{ text: 'x'.repeat(100) }], { webSearchQueries: ['q'], groundingChunks: pages(20), groundingSupports: Array.from({ length: Math.min(900, size / 90) }, (_, i) => ({ segment: { startIndex: 0, endIndex: i % 100 }, groundingChunkIndices: Array.from({ length: 10 }, (__, j) => j) })) }),
}; // prettier-ignore

/** Name → a stream. */
export const streams: Readonly<Record<string, (size: number, random: Random) => string>> = {
  'one event of text': (size, random) => ended(frames(chunk({ content: textOf(random, size) }))),
  'one event of arguments': (size, random) => ended(frames(chunk({ tool_calls: [{ index: 0, ...call('c', JSON.stringify({ a: textOf(random, size / 2) })) }] })), 'tool_calls'),
  'one event of calls': (size) => ended(frames(chunk({ tool_calls: calls(size / 100) })), 'tool_calls'),
  'one event of reasoning': (size) => ended(frames(chunk({ reasoning_details: details(size / 70) }), chunk({ content: 'x' }))),
  'one event of citations': (size) => ended(frames(chunk({ content: 'x' }), chunk({ annotations: annotations(size / 110) }))),
  'citations of a long text': (size) => ended(frames(chunk({ content: 'ü'.repeat(size / 4) }), chunk({ annotations: backwards(size / 240, size / 4) }))),
  'one event of logprobs': (size) => ended(frames({ ...chunk({ content: 'x' }), choices: [{ index: 0, delta: { content: 'x' }, finish_reason: null, logprobs: logprobs(size / 70) }] })),
  'short events': (size) => ended(frames(chunk({ content: 'x' })).repeat(size / 130)),
  'short events of arguments': (size) => ended(frames(chunk({ tool_calls: [{ index: 0, ...call('c', '{"a":"') }] })) + frames(chunk({ tool_calls: [{ index: 0, function: { arguments: 'x' } }] })).repeat(size / 170) + frames(chunk({ tool_calls: [{ index: 0, function: { arguments: '"}' } }] })), 'tool_calls'),
  'calls that come interleaved': (size) => ended(frames(chunk({ tool_calls: [{ index: 0, ...call('c', `{"a":"${'x'.repeat(size / 2)}`) }] })) + frames(chunk({ tool_calls: [{ index: 1, id: 'd', function: { name: 'g', arguments: 'x' } }] })).repeat(size / 400) + frames(chunk({ tool_calls: [{ index: 0, function: { arguments: '"}' } }] })), 'tool_calls'),
  'details one by one': (size) => ended(Array.from({ length: size / 220 }, (_, i) => frames(chunk({ reasoning_details: [{ type: 'reasoning.text', text: 'x', index: i }] }))).join('') + frames(chunk({ content: 'x' }))),
  'lines of data': (size) => ended(`${'data: \n'.repeat(size / 7)}data: {}\n\n`),
}; // prettier-ignore
