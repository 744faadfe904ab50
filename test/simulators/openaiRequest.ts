// Reads a chat completion request as strictly as OpenAI does.
import { lastUserText, tokens, type Conversation, type Tool, type Turn } from './answer';
import { findModel, isReasoningModel, type Model } from './models';
import { badRequest, openaiNoModel, openaiTooLong } from './openaiRefusals';
import { isJson, shown, typeOf, type Json } from './wire';

export interface ChatRequest {
  conversation: Conversation;
  prompt: string;
  stream: boolean;
  includeUsage: boolean;
  obfuscate: boolean;
  /** how many choices */
  n: number;
}

/** The request, or OpenAI's refusal thrown. The order of the checks is OpenAI's. */
export function readChat(body: Buffer): ChatRequest {
  const request = parse(body);
  const model = knownModel(request);
  const messages = requiredArray(request, 'messages');
  refuseUnknownFields(request);
  refuseForReasoning(request, model.id);
  refuseRanges(request, model);
  const read = readMessages(messages);
  const tools = readTools(request);
  const bytes = read.bytes + (tools.length > 0 ? JSON.stringify(request.tools).length : 0);
  if (tokens(bytes) > model.context) throw openaiTooLong(model.id, tokens(bytes), model.context);
  const options = isJson(request.stream_options) ? request.stream_options : {};
  const conversation: Conversation = {
    model: model.id,
    turns: read.turns,
    tools,
    toolChoice: toolChoice(request.tool_choice),
    parallel: request.parallel_tool_calls !== false,
    limit: (request.max_completion_tokens ?? request.max_tokens ?? undefined) as number | undefined,
    stop: [request.stop ?? []].flat() as string[],
    inputBytes: bytes,
    preamble: false,
  };
  return {
    conversation,
    prompt: lastUserText(read.turns),
    stream: request.stream === true,
    includeUsage: options.include_usage === true,
    obfuscate: options.include_obfuscation !== false,
    n: typeof request.n === 'number' ? request.n : 1,
  };
}

// ---

const NOT_JSON =
  "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library " +
  'correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring ' +
  'out how to fix this, please contact us through our help center at help.openai.com.)';

// Names that begin with x_ stand for fields that came after this list: a pass-through must not lose them.
const FIELDS = new Set(
  (
    'metadata top_logprobs temperature top_p user safety_identifier prompt_cache_key prompt_cache_retention ' +
    'prompt_cache_options messages model service_tier modalities verbosity reasoning_effort max_completion_tokens ' +
    'frequency_penalty presence_penalty web_search_options response_format audio store moderation stream stop ' +
    'logit_bias logprobs max_tokens n prediction seed stream_options tools tool_choice parallel_tool_calls ' +
    'function_call functions'
  ).split(' '),
);
const ROLES = ['system', 'assistant', 'user', 'function', 'tool', 'developer'];
/** What a picture, a sound or a file counts as; nobody looks into it. */
const MEDIA_BYTES = 1_020;

function parse(body: Buffer): Json {
  try {
    const request: unknown = JSON.parse(body.toString());
    if (isJson(request)) return request;
  } catch {
    // the same answer as for JSON of another kind
  }
  throw badRequest(NOT_JSON);
}

function knownModel(request: Json): Model {
  if (request.model === undefined) throw badRequest('you must provide a model parameter');
  if (typeof request.model !== 'string') throw wrongType('model', 'a string', request.model);
  const model = findModel('openai', request.model);
  if (!model) throw openaiNoModel(request.model);
  if (model.output === 0 || model.id.startsWith('text-embedding')) {
    const message =
      'This is not a chat model and thus not supported in the v1/chat/completions endpoint. ' +
      'Did you mean to use v1/completions?';
    throw badRequest(message, 'model', null, 404);
  }
  return model;
}

function requiredArray(request: Json, name: string): unknown[] {
  const value = request[name];
  if (value === undefined)
    throw badRequest(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter');
  if (!Array.isArray(value)) throw wrongType(name, 'an array of objects', value);
  if (value.length > 0) return value;
  const expected = 'Expected an array with minimum length 1, but got an empty array instead.';
  throw badRequest(`Invalid '${name}': empty array. ${expected}`, name, 'empty_array');
}

function wrongType(name: string, expected: string, value: unknown) {
  const got = /^[aio]/.test(typeOf(value)) ? `an ${typeOf(value)}` : value === null ? 'null' : `a ${typeOf(value)}`;
  return badRequest(`Invalid type for '${name}': expected ${expected}, but got ${got} instead.`, name, 'invalid_type');
}

function refuseUnknownFields(request: Json): void {
  for (const name of Object.keys(request)) {
    if (!FIELDS.has(name) && !name.startsWith('x_'))
      throw badRequest(`Unrecognized request argument supplied: ${name}`);
  }
}

function refuseForReasoning(request: Json, model: string): void {
  if (!isReasoningModel(model)) return;
  if (request.max_tokens != null) {
    const instead = "is not supported with this model. Use 'max_completion_tokens' instead.";
    throw badRequest(`Unsupported parameter: 'max_tokens' ${instead}`, 'max_tokens', 'unsupported_parameter');
  }
  for (const name of ['temperature', 'top_p'] as const) {
    if (request[name] == null || request[name] === 1) continue;
    const only = 'with this model. Only the default (1) value is supported.';
    throw badRequest(
      `Unsupported value: '${name}' does not support ${shown(request[name])} ${only}`,
      name,
      'unsupported_value',
    );
  }
  if (request.stop != null) {
    throw badRequest(
      "Unsupported parameter: 'stop' is not supported with this model.",
      'stop',
      'unsupported_parameter',
    );
  }
}

function refuseRanges(request: Json, model: Model): void {
  between(request, 'temperature', 0, 2);
  between(request, 'top_p', 0, 1);
  between(request, 'n', 1, 128);
  for (const name of ['max_tokens', 'max_completion_tokens'] as const) {
    between(request, name, 1, Infinity);
    const asked = request[name];
    if (typeof asked !== 'number' || asked <= model.output) continue;
    const most = `This model supports at most ${model.output} completion tokens, whereas you provided ${asked}.`;
    throw badRequest(`${name} is too large: ${asked}. ${most}`, name, 'invalid_value');
  }
  if (Array.isArray(request.stop) && request.stop.length > 4) {
    const expected = `Expected an array with maximum length 4, but got an array with length ${request.stop.length} instead.`;
    throw badRequest(`Invalid 'stop': array too long. ${expected}`, 'stop', 'array_above_max_length');
  }
  if (request.stream_options != null && request.stream !== true) {
    throw badRequest("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options');
  }
}

function between(request: Json, name: string, lowest: number, highest: number): void {
  const value = request[name];
  if (value == null) return;
  if (typeof value !== 'number') throw wrongType(name, 'a decimal', value);
  const kind = Number.isInteger(value) ? 'integer' : 'decimal';
  const side = value < lowest ? 'below minimum' : value > highest ? 'above maximum' : undefined;
  if (!side) return;
  const bound = value < lowest ? `>= ${lowest}` : `<= ${highest}`;
  const message = `Invalid '${name}': ${kind} ${side} value. Expected a value ${bound}, but got ${value} instead.`;
  throw badRequest(
    message,
    name,
    `${kind}_${side.replace('minimum', 'min').replace('maximum', 'max').replace(' ', '_')}_value`,
  );
}

function readMessages(messages: readonly unknown[]): { turns: Turn[]; bytes: number } {
  const turns: Turn[] = [];
  let bytes = 0;
  let open: Set<unknown> = new Set();
  for (const [n, message] of messages.entries()) {
    if (!isJson(message)) throw wrongType(`messages[${n}]`, 'an object', message);
    const role = message.role;
    if (typeof role !== 'string' || !ROLES.includes(role)) throw wrongRole(n, role);
    if (role !== 'tool') refuseUnanswered(open, n);
    else if (!open.delete(message.tool_call_id)) throw strayTool(n);
    const { text, size } = contentOf(message, n);
    bytes += size;
    if (role === 'assistant' && Array.isArray(message.tool_calls)) {
      open = new Set(message.tool_calls.map((call: unknown) => (isJson(call) ? call.id : undefined)));
      bytes += JSON.stringify(message.tool_calls).length;
    }
    if (role === 'assistant' || role === 'user' || role === 'tool') turns.push({ role, text });
  }
  refuseUnanswered(open, messages.length);
  return { turns, bytes };
}

function wrongRole(n: number, role: unknown) {
  if (role === undefined) {
    return badRequest(
      `Missing required parameter: 'messages[${n}].role'.`,
      `messages[${n}].role`,
      'missing_required_parameter',
    );
  }
  const supported = "Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.";
  return badRequest(`Invalid value: '${shown(role)}'. ${supported}`, `messages[${n}].role`, 'invalid_value');
}

function strayTool(n: number) {
  const must = "must be a response to a preceeding message with 'tool_calls'.";
  return badRequest(`Invalid parameter: messages with role 'tool' ${must}`, `messages.[${n}].role`);
}

function refuseUnanswered(open: ReadonlySet<unknown>, n: number): void {
  if (open.size === 0) return;
  const message =
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
    `The following tool_call_ids did not have response messages: ${[...open].join(', ')}`;
  throw badRequest(message, `messages.[${n}].role`);
}

function contentOf(message: Json, n: number): { text: string; size: number } {
  const content = message.content;
  if (typeof content === 'string') return { text: content, size: Buffer.byteLength(content) };
  if (Array.isArray(content)) {
    const parts = content.filter(isJson);
    const text = parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('');
    const media = parts.filter((part) => part.type !== 'text' && part.type !== 'refusal').length;
    return { text, size: Buffer.byteLength(text) + media * MEDIA_BYTES };
  }
  const silent = message.role === 'assistant' && (message.tool_calls != null || message.function_call != null);
  if (content == null && silent) return { text: '', size: 0 };
  throw badRequest(
    `Invalid value for 'content': expected a string, got ${typeOf(content ?? null)}.`,
    `messages.[${n}].content`,
  );
}

function readTools(request: Json): Tool[] {
  if (request.tools == null) {
    if (request.tool_choice == null) return [];
    throw badRequest(
      "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
      'tool_choice',
    );
  }
  return requiredArray(request, 'tools').map((tool, n) => {
    const declared = isJson(tool) && isJson(tool.function) ? tool.function : undefined;
    const at = `tools[${n}].function`;
    if (!declared) throw badRequest(`Missing required parameter: '${at}'.`, at, 'missing_required_parameter');
    if (typeof declared.name !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/.test(declared.name)) {
      const expected = "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
      throw badRequest(
        `Invalid '${at}.name': string does not match pattern. ${expected}`,
        `${at}.name`,
        'invalid_value',
      );
    }
    return { name: declared.name, schema: declared.parameters };
  });
}

function toolChoice(choice: unknown): Conversation['toolChoice'] {
  if (choice === 'none') return { type: 'none' };
  if (choice === 'required') return { type: 'any' };
  const named = isJson(choice) && isJson(choice.function) ? choice.function.name : undefined;
  return typeof named === 'string' ? { type: 'any', names: [named] } : { type: 'auto' };
}
