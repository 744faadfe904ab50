// Reads a messages request as strictly as Anthropic does.
import type { IncomingHttpHeaders } from 'node:http';
import { lastUserText, tokens, type Conversation, type Tool, type Turn } from './answer';
import { anthropicNoModel, anthropicTooLong, invalidRequest } from './anthropicRefusals';
import { findModel, type Model } from './models';
import { isJson, shown, type Json } from './wire';

export interface MessagesRequest {
  conversation: Conversation;
  prompt: string;
  stream: boolean;
}

/** The request, or Anthropic's refusal thrown. */
export function readMessagesRequest(body: Buffer, headers: IncomingHttpHeaders): MessagesRequest {
  const request = parse(body);
  for (const name of ['model', 'max_tokens', 'messages'] as const) {
    if (request[name] === undefined) throw invalidRequest(`${name}: Field required`);
  }
  refuseUnknownFields(request, headers['anthropic-beta'] !== undefined);
  const maxTokens = wholeNumber(request.max_tokens);
  if (typeof request.model !== 'string') throw invalidRequest('model: Input should be a valid string');
  const model = findModel('anthropic', request.model);
  if (!model) throw anthropicNoModel(request.model);
  refuseRanges(request, model, maxTokens);
  const system = systemBytes(request.system);
  const { turns, bytes } = readMessages(request.messages);
  const tools = readTools(request);
  const inputBytes = system + bytes + (tools.length > 0 ? JSON.stringify(request.tools).length : 0);
  if (tokens(inputBytes) > model.context) throw anthropicTooLong(model.id, tokens(inputBytes), model.context);
  const choice = isJson(request.tool_choice) ? request.tool_choice : { type: 'auto' };
  const conversation: Conversation = {
    model: model.id,
    turns,
    tools,
    toolChoice: toolChoice(choice),
    parallel: choice.disable_parallel_tool_use !== true,
    limit: maxTokens,
    stop: Array.isArray(request.stop_sequences) ? (request.stop_sequences as string[]) : [],
    inputBytes,
    preamble: true,
  };
  return { conversation, prompt: lastUserText(turns), stream: request.stream === true };
}

// ---

// Names that begin with x_ stand for fields that came after this list: a pass-through must not lose them.
const FIELDS = new Set(
  (
    'model messages cache_control container inference_geo max_tokens metadata output_config service_tier ' +
    'stop_sequences stream system temperature thinking tool_choice tools top_k top_p'
  ).split(' '),
);
/** Known only to those who send an anthropic-beta header. */
const BETA_FIELDS = new Set('context_management diagnostics fallbacks mcp_servers output_format speed'.split(' '));
/** What a picture or a document counts as; nobody looks into it. */
const MEDIA_BYTES = 1_020;

function parse(body: Buffer): Json {
  let request: unknown;
  try {
    request = JSON.parse(body.toString());
  } catch {
    throw invalidRequest('The request body is not valid JSON: unexpected character: line 1 column 1 (char 0)');
  }
  if (!isJson(request)) throw invalidRequest('Input should be a valid dictionary or object to extract fields from');
  return request;
}

function refuseUnknownFields(request: Json, beta: boolean): void {
  for (const name of Object.keys(request)) {
    if (FIELDS.has(name) || (beta && BETA_FIELDS.has(name)) || name.startsWith('x_')) continue;
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
  if (request.temperature != null && request.top_p != null && /-(?:4-[1-9]|5)/.test(model.id)) {
    throw invalidRequest('`temperature` and `top_p` cannot both be specified for this model. Please use only one.');
  }
}

function systemBytes(system: unknown): number {
  if (system == null) return 0;
  if (typeof system === 'string') return Buffer.byteLength(system);
  if (!Array.isArray(system)) throw invalidRequest('system: Input should be a valid string');
  return system.reduce<number>((sum, block, n) => {
    if (!isJson(block) || typeof block.text !== 'string') throw invalidRequest(`system.${n}.text: Field required`);
    if (block.text === '') throw invalidRequest('system: text content blocks must be non-empty');
    return sum + Buffer.byteLength(block.text);
  }, 0);
}

function readMessages(messages: unknown): { turns: Turn[]; bytes: number } {
  if (!Array.isArray(messages)) throw invalidRequest('messages: Input should be a valid list');
  if (messages.length === 0) throw invalidRequest('messages: at least one message is required');
  const turns: Turn[] = [];
  let bytes = 0;
  let open: string[] = [];
  for (const [n, message] of messages.entries()) {
    if (!isJson(message))
      throw invalidRequest(`messages.${n}: Input should be a valid dictionary or object to extract fields from`);
    refuseRole(message.role, n);
    const read = readContent(message, n, n === messages.length - 1, open);
    if (open.some((id) => !read.answered.includes(id))) throw unanswered(n - 1, open, read.answered);
    open = read.opened;
    bytes += read.bytes;
    for (const result of read.results) turns.push({ role: 'tool', text: result });
    // Words beside a tool's result belong to the result's turn: the tool has answered, and not the user.
    if (read.results.length === 0) turns.push({ role: message.role as 'user' | 'assistant', text: read.text });
  }
  if (open.length > 0) throw unanswered(messages.length - 1, open, []);
  return { turns, bytes };
}

function refuseRole(role: unknown, n: number): void {
  if (role === undefined) throw invalidRequest(`messages.${n}.role: Field required`);
  if (role === 'system') {
    const hint = 'The Messages API accepts a top-level `system` parameter, not "system" as an input message role.';
    throw invalidRequest(`messages: Unexpected role "system". ${hint}`);
  }
  if (role !== 'user' && role !== 'assistant') {
    throw invalidRequest(`messages: Unexpected role "${shown(role)}". Allowed roles are "user" or "assistant"`);
  }
  if (n === 0 && role !== 'user') throw invalidRequest('messages: first message must use the "user" role');
}

function unanswered(n: number, open: readonly string[], answered: readonly string[]) {
  const ids = open.filter((id) => !answered.includes(id)).join(', ');
  return invalidRequest(
    `messages.${n}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids}. ` +
      'Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  );
}

interface Content {
  text: string;
  bytes: number;
  results: string[];
  /** ids of the tool uses it makes, and of those it answers */
  opened: string[];
  answered: string[];
}

function readContent(message: Json, n: number, last: boolean, open: readonly string[]): Content {
  const content = message.content;
  const read: Content = { text: '', bytes: 0, results: [], opened: [], answered: [] };
  if (content === undefined) throw invalidRequest(`messages.${n}.content: Field required`);
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw invalidRequest(`messages.${n}.content: Input should be a valid string`);
  }
  if (content.length === 0 && !(last && message.role === 'assistant')) {
    const empty = 'all messages must have non-empty content except for the optional final assistant message';
    throw invalidRequest(`messages.${n}: ${empty}`);
  }
  const blocks: unknown[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  for (const [m, block] of blocks.entries())
    readBlock(isJson(block) ? block : {}, `messages.${n}.content.${m}`, open, read);
  if (last && message.role === 'assistant' && /\s$/.test(read.text)) {
    throw invalidRequest('messages: final assistant content cannot end with trailing whitespace');
  }
  return read;
}

function readBlock(block: Json, at: string, open: readonly string[], read: Content): void {
  if (block.type === undefined) throw invalidRequest(`${at}.type: Field required`);
  if (block.type === 'text') {
    if (typeof block.text !== 'string') throw invalidRequest(`${at}.text.text: Field required`);
    if (block.text === '') throw invalidRequest('messages: text content blocks must be non-empty');
    read.text += block.text;
    read.bytes += Buffer.byteLength(block.text);
  } else if (block.type === 'tool_use') {
    if (typeof block.id !== 'string' || !/^[a-zA-Z0-9_-]+$/.test(block.id)) {
      throw invalidRequest(`${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
    }
    if (!isJson(block.input)) throw invalidRequest(`${at}.tool_use.input: Input should be a valid dictionary`);
    read.opened.push(block.id);
    read.bytes += JSON.stringify(block.input).length;
  } else if (block.type === 'tool_result') {
    const id = shown(block.tool_use_id);
    if (!open.includes(id)) throw strayResult(at, id);
    read.answered.push(id);
    const text = resultText(block.content);
    read.results.push(text);
    read.bytes += Buffer.byteLength(text);
  } else if (BLOCKS.has(shown(block.type))) {
    read.bytes += MEDIA_BYTES;
  } else {
    throw invalidRequest(
      `${at}: Input tag '${shown(block.type)}' found using 'type' does not match any of the expected tags`,
    );
  }
}

const BLOCKS = new Set(
  (
    'image document search_result thinking redacted_thinking server_tool_use web_search_tool_result ' +
    'web_fetch_tool_result code_execution_tool_result container_upload mcp_tool_use mcp_tool_result'
  ).split(' '),
);

function strayResult(at: string, id: string) {
  return invalidRequest(
    `${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
      'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
  );
}

function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((block: unknown) => (isJson(block) && typeof block.text === 'string' ? block.text : '')).join('');
}

function readTools(request: Json): Tool[] {
  if (request.tools == null) {
    if (request.tool_choice == null) return [];
    throw invalidRequest('tool_choice: may only be specified while providing tools');
  }
  if (!Array.isArray(request.tools)) throw invalidRequest('tools: Input should be a valid list');
  return request.tools.flatMap((tool: unknown, n) => {
    if (!isJson(tool)) throw invalidRequest(`tools.${n}: Input should be a valid dictionary`);
    // Anthropic's own tools have a dated type and no schema; nobody here runs them.
    if (tool.type !== undefined && tool.type !== 'custom') return [];
    const at = `tools.${n}.custom`;
    if (typeof tool.name !== 'string' || !/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name)) {
      throw invalidRequest(`${at}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    }
    if (!isJson(tool.input_schema)) throw invalidRequest(`${at}.input_schema: Field required`);
    if (tool.input_schema.type === undefined) throw invalidRequest(`${at}.input_schema.type: Field required`);
    return [{ name: tool.name, schema: tool.input_schema }];
  });
}

function toolChoice(choice: Json): Conversation['toolChoice'] {
  if (choice.type === 'none') return { type: 'none' };
  if (choice.type === 'any') return { type: 'any' };
  if (choice.type === 'tool' && typeof choice.name === 'string') return { type: 'any', names: [choice.name] };
  return { type: 'auto' };
}
