// OpenAI's responses: the document and its events beside the description and the recordings, and what is refused.
import { call } from './caller';
import { startSimulators, type Simulators } from './index';
import { differences, documentsIn, recordings, shapeOf } from './shape';
import { specs } from '../support/specs';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const known = specs();
const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const tools = [{ type: 'function', name: 'get_weather', description: 'Weather', parameters: schema, strict: true }];
const patch = [{ type: 'custom', name: 'apply_patch', description: 'Takes a patch' }];

const ask = async (input: unknown, body: object = {}) => {
  const answer = await call(simulators, 'openai', '', {
    path: '/responses',
    body: { messages: undefined, stream: undefined, model: 'gpt-4o-mini', input, ...body },
  });
  return {
    status: answer.status,
    text: answer.text,
    body: (answer.text.startsWith('{') ? JSON.parse(answer.text) : {}) as Response,
  };
};
const stream = async (input: unknown, body: object = {}) => {
  const { text } = await ask(input, { ...body, stream: true });
  return documentsIn(text) as StreamEvent[];
};

const KINDS: [string, string, object][] = [
  ['a text', 'Say it in 20 words', {}],
  ['a function call', 'Use get_weather for Oslo', { tools }],
  ['a custom tool call', 'Call apply_patch with "*** Begin"', { tools: patch }],
  ['thoughts', 'Hello', { model: 'gpt-5', reasoning: { effort: 'high', summary: 'auto' } }],
  ['sealed thoughts', 'Hello', { model: 'gpt-5', include: ['reasoning.encrypted_content'], store: false }],
  ['a refusal', 'Hello [[sim: refuse]]', {}],
  ['a citation', 'Hello [[sim: cite]]', { tools: [{ type: 'web_search' }] }],
  ['an end at the limit', 'Say it in 200 words', { max_output_tokens: 16 }],
  ['an end in thought', 'Hello', { model: 'o3', max_output_tokens: 16 }],
  ['an end by a filter', 'Say it in 200 words [[sim: safety]]', {}],
  ['a failure', 'Hello [[sim: fail]]', {}],
  [
    'JSON',
    'Oslo',
    { text: { format: { type: 'json_schema', name: 'place', schema, strict: true }, verbosity: 'low' } },
  ],
];

describe.each(KINDS)('%s', (_, input, body) => {
  test('is streamed in the right order, numbered, and ends as the document does', async () => {
    const events = await stream(input, body);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((__, n) => n));
    expect(events.slice(0, 2).map((event) => event.type)).toEqual(['response.created', 'response.in_progress']);
    expect(replayed(events)).toEqual(events.at(-1)!.response!.output);
    const { body: whole } = await ask(input, body);
    expect(events.at(-1)!.type).toBe(`response.${whole.status}`);
    expect(without(events.at(-1)!.response!)).toEqual(without(whole));
  });

  (known ? test : test.skip)('is what the description says', async () => {
    const event = (type: string) => known!.openai(EVENTS[type] ?? `no schema for ${type}`);
    for (const one of await stream(input, body))
      expect([one.type, relaxed(event(one.type)(one))]).toEqual([one.type, []]);
    expect(relaxed(known!.openai('Response')((await ask(input, body)).body))).toEqual([]);
  });
});

test('a thought goes on, sealed or kept, and a stranger is refused', async () => {
  const body = { model: 'gpt-5', tools, include: ['reasoning.encrypted_content'], store: false };
  const question = { role: 'user', content: 'Use get_weather for Oslo' };
  const { output, usage } = (await ask([question], body)).body;
  expect(output!.map((item) => item.type)).toEqual(['reasoning', 'function_call']);
  expect(usage!.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
  const result = {
    type: 'function_call_output',
    call_id: output![1]!.call_id,
    output: [{ type: 'input_text', text: 'Sunny' }],
  };
  const second = await ask([question, ...output!, result], body);
  expect(second.text).toContain('The tool answered: \\"Sunny\\"');
  expect((await ask([question, output![1], result], body)).status).toBe(200);
  const stranger = { ...output![0], encrypted_content: 'gAAAAABqhcBSAUoS74OC2DdMWpJmTsj_' };
  const refused = await ask([question, stranger, output![1], result], body);
  expect([refused.status, refused.body.error?.code]).toEqual([400, 'invalid_encrypted_content']);
  const lone = await ask([question, output![0]], body);
  expect(lone.body.error?.message).toContain("of type 'reasoning' was provided without its required following item");
  const forgotten = await ask([question, { ...output![0], encrypted_content: undefined }, output![1], result], body);
  expect([forgotten.status, forgotten.body.error?.message]).toEqual([
    404,
    expect.stringContaining('Items are not persisted'),
  ]);
});

test('an answer that was kept can be gone on from, and no other', async () => {
  const first = (await ask('Use get_weather for Oslo', { tools })).body;
  const result = { type: 'function_call_output', call_id: first.output![0]!.call_id, output: 'Sunny' };
  const second = await ask([result], { tools, previous_response_id: first.id });
  expect(second.text).toContain('Sunny');
  expect(second.body.usage!.input_tokens).toBeGreaterThan(first.usage!.input_tokens);
  const unknown = await ask('x', { previous_response_id: 'resp_unknown' });
  expect(unknown.body.error).toMatchObject({
    code: 'previous_response_not_found',
    message: "Previous response with id 'resp_unknown' not found.",
    param: 'previous_response_id',
  });
});

test('tool_choice in all its forms', async () => {
  const both = [...tools, { type: 'function', name: 'get_time', parameters: schema }, ...patch, { type: 'web_search' }];
  const called = async (tool_choice: unknown) =>
    (await ask('Hello', { tools: both, tool_choice })).body.output!.map((item) => item.name ?? item.type);
  expect(await called('auto')).toEqual(['message']);
  expect(await called('none')).toEqual(['message']);
  expect(await called('required')).toEqual(['get_weather']);
  expect(await called({ type: 'function', name: 'get_time' })).toEqual(['get_time']);
  expect(await called({ type: 'custom', name: 'apply_patch' })).toEqual(['apply_patch']);
  expect(
    await called({ type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'get_time' }] }),
  ).toEqual(['get_time']);
  expect(await called({ type: 'web_search' })).toEqual(['web_search_call', 'message']);
  const many = await ask('Hello [[sim: calls=3]]', { tools: both });
  expect(many.body.output!.map((item) => item.name)).toEqual(['get_weather', 'get_time', 'apply_patch']);
  const one = await ask('Hello [[sim: calls=3]]', { tools: both, parallel_tool_calls: false });
  expect(one.body.output).toHaveLength(1);
});

test('a failure in the stream is an event of its own, numbered like the others', async () => {
  const events = await stream('Hello [[sim: error_after=4]]');
  expect(events).toHaveLength(5);
  expect(events.at(-1)).toMatchObject({ type: 'error', code: 'server_error', sequence_number: 4 });
  if (known) expect(known.openai('ResponseErrorEvent')(events.at(-1))).toEqual([]);
});

const recorded = recordings('openai-responses');
(recorded ? describe : describe.skip)('beside recordings', () => {
  const good = (recorded ?? []).filter((one) => one.status === 200);

  test('every request that the real one accepted is accepted', async () => {
    const refused: string[] = [];
    for (const one of good) {
      const request = (typeof one.request === 'string' ? JSON.parse(one.request) : one.request) as { input: unknown };
      const answer = await ask(request.input, { ...request });
      if (answer.status !== 200) refused.push(`${one.source}: ${answer.text}`);
    }
    expect(refused).toEqual([]);
  });

  test.each([
    ['a text', false, 'Hello', {}],
    ['a streamed text', true, 'Hello', {}],
    ['a call', false, 'Use get_weather', { tools }],
    ['a streamed call', true, 'Use get_weather', { tools }],
  ])('%s has the recorded shape', async (_, streams, input, body) => {
    const { text } = await ask(input, { ...body, stream: streams });
    const alike = good.filter((one) => one.contentType.includes('event-stream') === streams);
    const shapes = alike.map((one) => shapeOf(documentsIn(one.response)));
    const sameKind = alike.filter((one) => /"function_call"/.test(JSON.stringify(one.response)) === 'tools' in body);
    const found = differences(
      shapeOf(documentsIn(text)),
      shapes,
      sameKind.map((one) => shapeOf(documentsIn(one.response))),
    );
    // What a schema holds is the user's own.
    const own = (path: string) => path.includes('.parameters');
    expect({
      invented: found.invented.filter((path) => !own(path)),
      missing: found.missing.filter((path) => !own(path)),
    }).toEqual({
      invented: [],
      missing: [],
    });
  });

  test('what is refused is refused as recorded', async () => {
    const missing = recorded!.find((one) => JSON.stringify(one.response).includes('model_not_found'))!;
    const answer = await ask('Hello', { model: 'this-model-does-not-exist' });
    expect(answer.body).toEqual(typeof missing.response === 'string' ? JSON.parse(missing.response) : missing.response);
    const long = recorded!.find((one) => JSON.stringify(one.response).includes('context_length_exceeded'))!;
    for (const input of ['x'.repeat(600_000), '[[sim: too_long]]']) {
      expect((await ask(input)).body).toEqual(
        typeof long.response === 'string' ? JSON.parse(long.response) : long.response,
      );
    }
  });
});

// ---

/** The description of each event. */
const EVENTS: Partial<Record<string, string>> = {
  'response.created': 'ResponseCreatedEvent',
  'response.in_progress': 'ResponseInProgressEvent',
  'response.output_item.added': 'ResponseOutputItemAddedEvent',
  'response.output_item.done': 'ResponseOutputItemDoneEvent',
  'response.content_part.added': 'ResponseContentPartAddedEvent',
  'response.content_part.done': 'ResponseContentPartDoneEvent',
  'response.output_text.delta': 'ResponseTextDeltaEvent',
  'response.output_text.done': 'ResponseTextDoneEvent',
  'response.output_text.annotation.added': 'ResponseOutputTextAnnotationAddedEvent',
  'response.refusal.delta': 'ResponseRefusalDeltaEvent',
  'response.refusal.done': 'ResponseRefusalDoneEvent',
  'response.function_call_arguments.delta': 'ResponseFunctionCallArgumentsDeltaEvent',
  'response.function_call_arguments.done': 'ResponseFunctionCallArgumentsDoneEvent',
  'response.custom_tool_call_input.delta': 'ResponseCustomToolCallInputDeltaEvent',
  'response.custom_tool_call_input.done': 'ResponseCustomToolCallInputDoneEvent',
  'response.reasoning_summary_part.added': 'ResponseReasoningSummaryPartAddedEvent',
  'response.reasoning_summary_part.done': 'ResponseReasoningSummaryPartDoneEvent',
  'response.reasoning_summary_text.delta': 'ResponseReasoningSummaryTextDeltaEvent',
  'response.reasoning_summary_text.done': 'ResponseReasoningSummaryTextDoneEvent',
  'response.completed': 'ResponseCompletedEvent',
  'response.incomplete': 'ResponseIncompleteEvent',
  'response.failed': 'ResponseFailedEvent',
};

interface Item {
  type: string;
  name?: string;
  call_id?: string;
  [field: string]: unknown;
}

interface Response {
  id?: string;
  status?: string;
  output?: Item[];
  usage?: { input_tokens: number; output_tokens_details: { reasoning_tokens: number } };
  error?: { message: string; code: string | null };
}

interface StreamEvent {
  type: string;
  sequence_number: number;
  output_index?: number;
  item?: Item;
  response?: Response;
  [field: string]: unknown;
}

/** What a client puts together from the events between the first and the last. */
function replayed(events: readonly StreamEvent[]): Item[] {
  const items: Item[] = [];
  let text = '';
  for (const event of events) {
    if (event.type === 'response.output_item.added') {
      expect(event.output_index).toBe(items.length);
      text = '';
    }
    if (typeof event.delta === 'string') text += event.delta;
    if (/_(?:text|arguments|input)\.done$|refusal\.done$/.test(event.type))
      expect([event.text, event.arguments, event.input, event.refusal].find((one) => one !== undefined)).toBe(text);
    if (event.type === 'response.output_item.done') items.push(event.item!);
  }
  return items;
}

/** A response without what differs from call to call. */
function without(response: Response): unknown {
  return JSON.parse(
    JSON.stringify(response, (name, value: unknown) =>
      /^(?:id|call_id|created_at|completed_at)$/.test(name) ? undefined : value,
    ),
  );
}

/** What real answers leave out or say null to, though the description demands it. */
const RELAXED = /^(?:\/response)?\/(?:user must be string|usage must be object)$|^ must have required property 'name'$/;

function relaxed(problems: string[]): string[] {
  return problems.filter((problem) => !RELAXED.test(problem));
}
