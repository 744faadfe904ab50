// Reads a messages request as strictly as Anthropic does: its fields here, its messages in anthropicContent.ts.
import type { IncomingHttpHeaders } from 'node:http';
import { inputTokens, lastUserText, type Conversation, type Segment, type Tool } from './answer';
import { breakpointOf, refuseBreakpoints } from './anthropicCaching';
import { readMessages, readSystem } from './anthropicContent';
import { anthropicNoModel, anthropicTooLong, invalidRequest, unsupportedThread } from './anthropicRefusals';
import { refuseOldSchema, refuseOpenSchema } from './anthropicSchema';
import {
  isAdaptive,
  isNewest,
  readThinking,
  refusesForcedTool,
  refuseThoughtlessLoop,
  thinksNow,
  type Thinking,
} from './anthropicThinking';
import { findModel, type Model } from './models';
import { isJson, shown, type Json } from './wire';

export interface MessagesRequest {
  conversation: Conversation;
  prompt: string;
  stream: boolean;
  /** thoughts are signed and not shown */
  omitted: boolean;
}

/** A message to be answered, or Anthropic's refusal thrown. */
export function readMessagesRequest(body: Buffer, headers: IncomingHttpHeaders): MessagesRequest {
  const request = parse(body);
  const betas = shown(headers['anthropic-beta'] ?? '');
  refuseMissing(request, ['model', 'max_tokens', 'messages']);
  if (request.thread != null && betas.includes('message-threads')) throw unsupportedThread();
  refuseUnknownFields(request, FIELDS, betas !== '');
  const maxTokens = wholeNumber(request.max_tokens);
  const model = knownModel(request);
  refuseRanges(request, model, maxTokens);
  const thinking = readThinking(request, model.id, maxTokens);
  const conversation = conversationOf(request, model, thinking, betas.includes('interleaved-thinking'));
  return {
    conversation: { ...conversation, limit: maxTokens },
    prompt: lastUserText(conversation.turns),
    stream: request.stream === true,
    omitted: thinking.omitted,
  };
}

/** A message to be counted: without the fields that only an answer needs. */
export function readCountRequest(body: Buffer, headers: IncomingHttpHeaders): MessagesRequest {
  const request = parse(body);
  refuseMissing(request, ['model', 'messages']);
  refuseUnknownFields(request, COUNT_FIELDS, headers['anthropic-beta'] !== undefined);
  const model = knownModel(request);
  const conversation = conversationOf(request, model, readThinking(request, model.id, undefined), false);
  return { conversation, prompt: lastUserText(conversation.turns), stream: false, omitted: false };
}

// ---

function refuseMissing(request: Json, fields: readonly string[]): void {
  for (const name of fields) if (request[name] === undefined) throw invalidRequest(`${name}: Field required`);
}

function knownModel(request: Json): Model {
  if (typeof request.model !== 'string') throw invalidRequest('model: Input should be a valid string');
  const model = findModel('anthropic', request.model);
  if (!model) throw anthropicNoModel(request.model);
  return model;
}

function conversationOf(request: Json, model: Model, thinking: Thinking, interleaved: boolean): Conversation {
  const tools = readTools(request);
  const forced = isJson(request.tool_choice) && /^(?:any|tool)$/.test(shown(request.tool_choice.type));
  if (forced && refusesForcedTool(model.id))
    throw invalidRequest('tool_choice: type "tool" and "any" are not supported for this model.');
  const system = readSystem(request.system);
  const { turns, segments: said } = readMessages(request.messages, model.id);
  if (thinking.type === 'enabled') refuseThoughtlessLoop(request.messages as unknown[]);
  if (isAdaptive(model.id) && turns.at(-1)?.role === 'assistant') throw invalidRequest(NO_PREFILL);
  const segments = withOwnBreakpoint([...tools.map((tool) => tool.segment), ...system, ...said], request.cache_control);
  refuseBreakpoints(segments);
  const counted = inputTokens(segments);
  if (counted > model.context) throw anthropicTooLong(model.id, counted, model.context);
  const callable = tools.filter((tool) => tool.schema !== undefined);
  return {
    model: model.id,
    turns,
    tools: callable,
    toolChoice: toolChoice(request.tool_choice, tools),
    parallel: !(isJson(request.tool_choice) && request.tool_choice.disable_parallel_tool_use === true),
    limit: undefined,
    stop: Array.isArray(request.stop_sequences) ? (request.stop_sequences as string[]) : [],
    segments,
    preamble: true,
    format: readFormat(request),
    searching: searchingOf(request),
    thinking: thinksNow(thinking, turns, interleaved) ? thinking.words : 0,
  };
}

/** Whether Anthropic's own search is at hand, or must be used. */
function searchingOf({ tools, tool_choice: choice }: Json): Conversation['searching'] {
  const has = Array.isArray(tools) && tools.some((tool) => isJson(tool) && /^web_search_\d{8}$/.test(shown(tool.type)));
  if (!has || (isJson(choice) && choice.type === 'none')) return undefined;
  return isJson(choice) && choice.name === 'web_search' ? 'must' : 'auto';
}

const NO_PREFILL =
  'This model does not support assistant message prefill. The conversation must end with a user message.';

/** A breakpoint of the request itself is one at the end of everything. */
function withOwnBreakpoint(segments: Segment[], control: unknown): Segment[] {
  const ttl = breakpointOf(control, 'cache_control');
  const last = segments.at(-1);
  return ttl && last ? [...segments.slice(0, -1), { ...last, ttl }] : segments;
}

/** The schema that the answer must satisfy, in the field of today or in that of the beta before it. */
function readFormat(request: Json): Conversation['format'] {
  const today = isJson(request.output_config) ? request.output_config.format : undefined;
  const [format, at] = today != null ? [today, 'output_config.format'] : [request.output_format, 'output_format'];
  if (format == null) return undefined;
  if (!isJson(format) || format.type !== 'json_schema') {
    throw invalidRequest(
      `${at}: Input tag '${shown(isJson(format) ? format.type : format)}' found using 'type' does not match any of the expected tags: 'json_schema'`,
    );
  }
  if (!isJson(format.schema)) throw invalidRequest(`${at}.schema: Field required`);
  refuseOpenSchema(format.schema, `${at}.schema`);
  return { schema: format.schema };
}

// Names that begin with x_ stand for fields that came after this list: a pass-through must not lose them.
const FIELDS = new Set(
  (
    'model messages cache_control container inference_geo max_tokens metadata output_config service_tier ' +
    'stop_sequences stream system temperature thinking tool_choice tools top_k top_p'
  ).split(' '),
);
const COUNT_FIELDS = new Set('cache_control messages model output_config system thinking tool_choice tools'.split(' '));
/** Known only to those who send an anthropic-beta header. */
const BETA_FIELDS = new Set('context_management diagnostics fallbacks mcp_servers output_format speed'.split(' '));

/** An escape of the first half of a character without its second. */
const HALF_CHARACTER = /(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])/;

function parse(body: Buffer): Json {
  let request: unknown;
  const text = body.toString();
  const half = text.search(HALF_CHARACTER);
  if (half >= 0) {
    const at = `line 1 column ${half + 2} (char ${half + 1})`;
    throw invalidRequest(`The request body is not valid JSON: no low surrogate in string: ${at}`);
  }
  try {
    request = JSON.parse(text);
  } catch {
    throw invalidRequest('The request body is not valid JSON: unexpected character: line 1 column 1 (char 0)');
  }
  if (!isJson(request)) throw invalidRequest('Input should be a valid dictionary or object to extract fields from');
  return request;
}

function refuseUnknownFields(request: Json, fields: ReadonlySet<string>, beta: boolean): void {
  for (const name of Object.keys(request)) {
    if (fields.has(name) || (beta && BETA_FIELDS.has(name)) || name.startsWith('x_')) continue;
    throw invalidRequest(`${name}: Extra inputs are not permitted`);
  }
}

function wholeNumber(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw invalidRequest('max_tokens: Input should be a valid integer');
  if (value < 1) throw invalidRequest('max_tokens: must be greater than or equal to 1');
  return value;
}

function refuseRanges(request: Json, model: Model, maxTokens: number): void {
  if (maxTokens > model.output) {
    const most = `which is the maximum allowed number of output tokens for ${model.id}`;
    throw invalidRequest(`max_tokens: ${maxTokens} > ${model.output}, ${most}`);
  }
  for (const name of ['temperature', 'top_p'] as const) {
    const value = request[name];
    if (value == null) continue;
    if (typeof value !== 'number') throw invalidRequest(`${name}: Input should be a valid number`);
    if (value < 0 || value > 1) throw invalidRequest(`${name}: range: 0..1`);
  }
  if (isNewest(model.id) && request.temperature != null && request.temperature !== 1)
    throw invalidRequest('`temperature` is deprecated for this model.');
  // platform.claude.com/docs/en/models/haiku-5-5/migration-guide, "Remove sampling parameters" (2026-10).
  if (isNewest(model.id) && request.top_p != null && request.top_p !== 0.99)
    throw invalidRequest('`top_p` is deprecated for this model.');
  if (isNewest(model.id) && request.top_k != null) throw invalidRequest('`top_k` is deprecated for this model.');
  if (request.temperature != null && request.top_p != null && /-(?:4-[1-9]|5)/.test(model.id)) {
    throw invalidRequest('`temperature` and `top_p` cannot both be specified for this model. Please use only one.');
  }
}

/** A tool and what it counts; those that Anthropic runs itself have no schema and are never called here. */
type CountedTool = Tool & { segment: Segment };

function readTools(request: Json): CountedTool[] {
  if (request.tools == null) {
    if (request.tool_choice == null) return [];
    throw invalidRequest('tool_choice: may only be specified while providing tools');
  }
  if (!Array.isArray(request.tools)) throw invalidRequest('tools: Input should be a valid list');
  const tools = request.tools.map(readTool);
  if (new Set(tools.map((tool) => tool.name)).size < tools.length)
    throw invalidRequest('tools: Tool names must be unique.');
  return tools;
}

function readTool(tool: unknown, n: number): CountedTool {
  if (!isJson(tool)) throw invalidRequest(`tools.${n}: Input should be a valid dictionary`);
  const { cache_control, ...rest } = tool;
  const text = JSON.stringify(rest);
  const ttl = breakpointOf(cache_control, `tools.${n}.cache_control`);
  const segment = { text, bytes: Buffer.byteLength(text), ...(ttl && { ttl }) };
  // Anthropic's own tools have a dated type and no schema.
  if (tool.type !== undefined && tool.type !== 'custom') {
    const name = typeof tool.name === 'string' ? tool.name : shown(tool.mcp_server_name ?? tool.type);
    if (tool.type !== 'function') return { name, schema: undefined, segment };
    throw invalidRequest(
      `tools.${n}: Input tag 'function' found using 'type' does not match any of the expected tags: 'bash_20250124', 'custom', 'text_editor_20250728', 'web_search_20250305'`,
    );
  }
  const at = `tools.${n}.custom`;
  if (typeof tool.name !== 'string') throw invalidRequest(`${at}.name: Field required`);
  if (!/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name)) {
    throw invalidRequest(`${at}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
  }
  if (!isJson(tool.input_schema)) throw invalidRequest(`${at}.input_schema: Field required`);
  if (tool.input_schema.type === undefined) throw invalidRequest(`${at}.input_schema.type: Field required`);
  if (tool.input_schema.type !== 'object') throw invalidRequest(`${at}.input_schema.type: Input should be 'object'`);
  const composed = ['oneOf', 'allOf', 'anyOf'].find((name) => name in (tool.input_schema as Json));
  if (composed)
    throw invalidRequest(`${at}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`);
  refuseOldSchema(tool.input_schema, `${at}.input_schema`);
  if (tool.strict === true) refuseOpenSchema(tool.input_schema, at);
  return { name: tool.name, schema: tool.input_schema, segment };
}

function toolChoice(choice: unknown, tools: readonly Tool[]): Conversation['toolChoice'] {
  if (choice == null) return { type: 'auto' };
  if (!isJson(choice))
    throw invalidRequest('tool_choice: Input should be a valid dictionary or object to extract fields from');
  if (choice.type === 'none' || choice.type === 'any' || choice.type === 'auto') return { type: choice.type };
  if (choice.type !== 'tool') {
    const tags = "does not match any of the expected tags: 'any', 'auto', 'none', 'tool'";
    throw invalidRequest(`tool_choice: Input tag '${shown(choice.type)}' found using 'type' ${tags}`);
  }
  if (typeof choice.name !== 'string') throw invalidRequest('tool_choice.tool.name: Field required');
  if (tools.some((tool) => tool.name === choice.name)) return { type: 'any', names: [choice.name] };
  throw invalidRequest(`Tool '${choice.name}' not found in provided tools`);
}
