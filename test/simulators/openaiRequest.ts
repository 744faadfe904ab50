// Reads a chat completion request as strictly as OpenAI does.
import { inputTokens, lastUserText, textSegment, type Conversation, type Segment, type Turn } from './answer';
import { findModel, type Model } from './models';
import { defaultEffort, isReasoningModel, refuseChatTools, refuseEffort, refuseWhileThinking } from './openaiModels';
import { between, missing, parseBody, requiredArray, tooLongString, wrongType, wrongValue } from './openaiChecks';
import { contentOf, readFormat, readTools, toolChoice } from './openaiParts';
import { badRequest, openaiNoModel, openaiTooLong } from './openaiRefusals';
import { wordsForLevel } from './thinking';
import { isJson, shown, type Json } from './wire';

export interface ChatRequest {
  conversation: Conversation;
  prompt: string;
  stream: boolean;
  includeUsage: boolean;
  obfuscate: boolean;
  /** how many choices */
  n: number;
  /** prompts with different keys share no cache */
  cacheKey: string;
}

/** The request, or OpenAI's refusal thrown. The order of the checks is OpenAI's. */
export function readChat(body: Buffer): ChatRequest {
  const request = parseBody(body);
  const model = knownModel(request);
  const messages = requiredArray(request, 'messages');
  refuseUnknownFields(request, model.id.startsWith('deepseek'));
  refuseForReasoning(request, model.id);
  refuseRanges(request, model);
  const read = readMessages(messages);
  const tools = readTools(request);
  const segments = [...tools.map(({ counted }) => textSegment(counted)), ...read.segments];
  const counted = inputTokens(segments);
  if (counted > model.context) throw openaiTooLong(model.id, counted, model.context);
  const format = readFormat(request.response_format, read.segments);
  const options = isJson(request.stream_options) ? request.stream_options : {};
  const conversation: Conversation = {
    model: model.id,
    turns: read.turns,
    tools,
    toolChoice: toolChoice(request.tool_choice, tools),
    parallel: request.parallel_tool_calls !== false,
    limit: (request.max_completion_tokens ?? request.max_tokens ?? undefined) as number | undefined,
    stop: [request.stop ?? []].flat() as string[],
    segments,
    preamble: false,
    format,
    thinking: thinkingOf(request, model.id),
  };
  return {
    conversation,
    prompt: lastUserText(read.turns),
    stream: request.stream === true,
    includeUsage: options.include_usage === true,
    obfuscate: options.include_obfuscation !== false,
    n: typeof request.n === 'number' ? request.n : 1,
    cacheKey: shown(request.prompt_cache_key ?? ''),
  };
}

// ---

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

function refuseUnknownFields(request: Json, deepseek: boolean): void {
  for (const name of Object.keys(request)) {
    const known = FIELDS.has(name) || (name === 'thinking' && deepseek) || name.startsWith('x_');
    if (!known) throw badRequest(`Unrecognized request argument supplied: ${name}`);
  }
}

function refuseForReasoning(request: Json, model: string): void {
  // Only its search models have options for one, and none of those is here.
  if (request.web_search_options != null && !model.includes('search'))
    throw badRequest('Web search options not supported with this model.', 'web_search_options');
  if (!isReasoningModel(model)) return;
  if (request.max_tokens != null) {
    const instead = "is not supported with this model. Use 'max_completion_tokens' instead.";
    throw badRequest(`Unsupported parameter: 'max_tokens' ${instead}`, 'max_tokens', 'unsupported_parameter');
  }
  refuseWhileThinking(request, request.reasoning_effort, model);
  refuseEffort(request.reasoning_effort, 'reasoning_effort', model);
  refuseChatTools(request.tools, request.reasoning_effort, model);
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

function readMessages(messages: readonly unknown[]): { turns: Turn[]; segments: Segment[] } {
  const turns: Turn[] = [];
  const segments: Segment[] = [];
  let open: Set<unknown> = new Set();
  for (const [n, message] of messages.entries()) {
    if (!isJson(message)) throw wrongType(`messages[${n}]`, 'an object', message);
    const role = message.role;
    if (typeof role !== 'string' || !ROLES.includes(role)) throw wrongRole(n, role);
    if (role !== 'tool') refuseUnanswered(open, n);
    else if (!open.delete(message.tool_call_id)) throw strayTool(n);
    const { text, parts } = contentOf(message, n);
    segments.push(...parts);
    if (role === 'assistant' && Array.isArray(message.tool_calls)) {
      open = new Set(message.tool_calls.map((call: unknown, m) => callId(call, `messages[${n}].tool_calls[${m}]`)));
      segments.push(textSegment(JSON.stringify(message.tool_calls)));
    }
    if (role === 'assistant' || role === 'user' || role === 'tool') turns.push({ role, text });
  }
  refuseUnanswered(open, messages.length);
  return { turns, segments };
}

function wrongRole(n: number, role: unknown) {
  const at = `messages[${n}].role`;
  return role === undefined ? missing(at) : wrongValue(at, role, ROLES);
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

/** The id of a call that an assistant made; OpenAI's own are shorter than some others'. */
function callId(call: unknown, at: string): unknown {
  if (!isJson(call)) throw wrongType(at, 'an object', call);
  if (typeof call.id === 'string' && call.id.length > 40) throw tooLongString(`${at}.id`, 40, call.id.length);
  if (call.type !== 'function' && call.type !== 'custom')
    throw wrongValue(`${at}.type`, call.type, ['function', 'custom']);
  const made = isJson(call.function) ? call.function : undefined;
  if (call.type === 'function' && typeof made?.arguments !== 'string') {
    throw wrongType(`${at}.function.arguments`, 'a string', made?.arguments ?? null);
  }
  return call.id;
}

/** How many words it thinks; refuses what this model cannot do. DeepSeek switches it on by name or by `thinking`. */
function thinkingOf(request: Json, model: string): number {
  if (model.startsWith('deepseek')) {
    const on = isJson(request.thinking) ? request.thinking.type === 'enabled' : /reasoner|r1/.test(model);
    return on ? (wordsForLevel('medium') ?? 0) : 0;
  }
  const effort = request.reasoning_effort ?? defaultEffort(model);
  if (!isReasoningModel(model)) {
    if (request.reasoning_effort == null) return 0;
    throw badRequest('Unrecognized request argument supplied: reasoning_effort');
  }
  const words = wordsForLevel(shown(effort));
  if (words === undefined)
    throw wrongValue('reasoning_effort', effort, ['none', 'minimal', 'low', 'medium', 'high', 'xhigh']);
  return words;
}
