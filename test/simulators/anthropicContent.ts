// The messages and the system prompt of a request to Anthropic: which blocks may stand where, and what they count.
import type { Segment, Turn } from './answer';
import { breakpointOf } from './anthropicCaching';
import { refuseBadMedia } from './anthropicMedia';
import { invalidRequest } from './anthropicRefusals';
import { refuseForeignThought, takesSystemTurns } from './anthropicThinking';
import { checkSeal } from './signature';
import { isJson, shown, type Json } from './wire';

/** The system prompt as it is counted. */
export function readSystem(system: unknown): Segment[] {
  if (system == null) return [];
  if (typeof system === 'string') return [{ text: system, bytes: Buffer.byteLength(system) }];
  if (!Array.isArray(system)) throw invalidRequest('system: Input should be a valid string');
  return system.map((block: unknown, n) => {
    if (!isJson(block) || typeof block.text !== 'string') throw invalidRequest(`system.${n}.text: Field required`);
    if (block.text === '') throw invalidRequest('system: text content blocks must be non-empty');
    return segmentOf(block, block.text, `system.${n}`);
  });
}

/** The messages as turns, and as they are counted; Anthropic's refusals thrown. */
export function readMessages(messages: unknown, model: string): { turns: Turn[]; segments: Segment[] } {
  if (!Array.isArray(messages)) throw invalidRequest('messages: Input should be a valid list');
  if (messages.length === 0) throw invalidRequest('messages: at least one message is required');
  const turns: Turn[] = [];
  const segments: Segment[] = [];
  const latest = messages.findLastIndex((message) => isJson(message) && message.role === 'assistant');
  let open: string[] = [];
  const ids = new Set<string>();
  for (const [n, message] of messages.entries()) {
    if (!isJson(message))
      throw invalidRequest(`messages.${n}: Input should be a valid dictionary or object to extract fields from`);
    refuseRole(message.role, n, model, messages[n - 1]);
    const read: Content = {
      text: '',
      segments,
      results: [],
      opened: [],
      answered: [],
      open,
      ids,
      latest: n === latest,
    };
    readContent(message, n, n === messages.length - 1, read);
    if (open.some((id) => !read.answered.includes(id))) throw unanswered(n - 1, open, read.answered);
    open = read.opened;
    for (const result of read.results) turns.push({ role: 'tool', text: result });
    // Words beside a tool's result belong to the result's turn: the tool has answered, and not the user.
    const spoken = read.results.length === 0 && message.role !== 'system';
    if (spoken) turns.push({ role: message.role as 'user' | 'assistant', text: read.text });
  }
  if (open.length > 0) throw unanswered(messages.length - 1, open, []);
  return { turns, segments };
}

// ---

/** What a picture or a document counts as; nobody looks into it. */
const MEDIA_BYTES = 1_020;

interface Content {
  text: string;
  segments: Segment[];
  results: string[];
  /** ids of the tool uses it makes, and of those it answers */
  opened: string[];
  answered: string[];
  /** ids of the tool uses of the message before */
  open: readonly string[];
  /** ids of all tool uses so far: none may stand twice in a conversation */
  ids: Set<string>;
  /** the last message of the assistant */
  latest: boolean;
}

function segmentOf(block: Json, text: string, at: string, bytes = Buffer.byteLength(text)): Segment {
  const ttl = breakpointOf(block.cache_control, `${at}.cache_control`);
  return { text, bytes, ...(ttl && { ttl }) };
}

function refuseRole(role: unknown, n: number, model: string, before: unknown): void {
  if (role === undefined) throw invalidRequest(`messages.${n}.role: Field required`);
  if (role === 'system') {
    if (!takesSystemTurns(model)) throw invalidRequest("role 'system' is not supported on this model");
    if (isJson(before) && before.role === 'user') return;
    throw invalidRequest(`messages.${n}: a "system" message must come immediately after a "user" message`);
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

function readContent(message: Json, n: number, last: boolean, read: Content): void {
  const content = message.content;
  if (content === undefined) throw invalidRequest(`messages.${n}.content: Field required`);
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw invalidRequest(`messages.${n}.content: Input should be a valid string`);
  }
  if (content.length === 0 && !(last && message.role === 'assistant')) {
    const empty = 'all messages must have non-empty content except for the optional final assistant message';
    throw invalidRequest(`messages.${n}: ${empty}`);
  }
  const blocks: unknown[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  for (const [m, one] of blocks.entries()) {
    const block = isJson(one) ? one : {};
    // Results come first: a word before them, and they do not come immediately after.
    const waiting = block.type !== 'tool_result' && read.open.some((id) => !read.answered.includes(id));
    if (waiting) throw unanswered(n - 1, read.open, read.answered);
    // Source: https://github.com/SEMOSS/Semoss/issues/2323 (2026-11).
    if (message.role === 'assistant' && (block.type === 'image' || block.type === 'document'))
      throw invalidRequest(
        `messages.${n}.content.${m}: '${block.type}' blocks are not permitted within assistant turns`,
      );
    readBlock(block, `messages.${n}.content.${m}`, read);
  }
  const end = blocks.at(-1);
  if (message.role === 'assistant' && isJson(end) && /^(?:redacted_)?thinking$/.test(shown(end.type)))
    throw invalidRequest(`messages.${n}: The final block in an assistant message cannot be \`${shown(end.type)}\`.`);
  if (last && message.role === 'assistant' && /\s$/.test(read.text)) {
    throw invalidRequest('messages: final assistant content cannot end with trailing whitespace');
  }
}

function readBlock(block: Json, at: string, read: Content): void {
  if (block.type === undefined) throw invalidRequest(`${at}.type: Field required`);
  const add = (text: string, bytes?: number) => read.segments.push(segmentOf(block, text, at, bytes));
  if (block.type === 'text') {
    if (typeof block.text !== 'string') throw invalidRequest(`${at}.text.text: Field required`);
    if (block.text === '') throw invalidRequest('messages: text content blocks must be non-empty');
    read.text += block.text;
    add(block.text);
  } else if (block.type === 'tool_use') {
    add(toolUse(block, at, read));
  } else if (block.type === 'tool_result') {
    add(toolResult(block, at, read));
  } else if (block.type === 'thinking' || block.type === 'redacted_thinking') {
    if (block.cache_control != null)
      throw invalidRequest(`${at}.${block.type}.cache_control: Extra inputs are not permitted`);
    refuseForeignThought(block, at, read.latest);
    add(shown(block.thinking ?? ''));
  } else if (BLOCKS.has(shown(block.type))) {
    refuseForeignSearch(block, at);
    refuseBadMedia(block, at);
    const { cache_control: _, ...rest } = block;
    add(JSON.stringify(rest), MEDIA_BYTES);
  } else {
    throw invalidRequest(
      `${at}: Input tag '${shown(block.type)}' found using 'type' does not match any of the expected tags`,
    );
  }
}

/** What was found comes back as it was handed out, or not at all. */
function refuseForeignSearch(block: Json, at: string): void {
  const id = block.type === 'server_tool_use' ? block.id : block.tool_use_id;
  if (block.type !== 'server_tool_use' && block.type !== 'web_search_tool_result') return;
  if (typeof id !== 'string' || !/^srvtoolu_[a-zA-Z0-9_]+$/.test(id))
    throw invalidRequest(`${at}.${block.type}.id: String should match pattern '^srvtoolu_[a-zA-Z0-9_]+$'`);
  const found: unknown[] = Array.isArray(block.content) ? block.content : [];
  // The real ones, which recordings hold, have hundreds of characters.
  const isOwn = (sealed: unknown) => checkSeal('anthropic', sealed) === 'intact' || shown(sealed).length > 200;
  if (found.some((one) => !isJson(one) || !isOwn(one.encrypted_content)))
    throw invalidRequest(`${at}: Invalid \`encrypted_content\` in \`search_result\` block`);
}

const BLOCKS = new Set(
  (
    'image document search_result server_tool_use web_search_tool_result ' +
    'web_fetch_tool_result code_execution_tool_result container_upload mcp_tool_use mcp_tool_result'
  ).split(' '),
);

function toolUse(block: Json, at: string, read: Content): string {
  if (typeof block.id !== 'string' || !/^[a-zA-Z0-9_-]+$/.test(block.id)) {
    throw invalidRequest(`${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
  }
  if (typeof block.name !== 'string') throw invalidRequest(`${at}.tool_use.name: Field required`);
  if (!/^[a-zA-Z0-9_-]{1,200}$/.test(block.name)) {
    throw invalidRequest(`${at}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,200}$'`);
  }
  if (!isJson(block.input)) throw invalidRequest(`${at}.tool_use.input: Input should be a valid dictionary`);
  if (read.ids.has(block.id)) throw invalidRequest(`${at}: \`tool_use\` ids must be unique`);
  read.ids.add(block.id);
  read.opened.push(block.id);
  return `${block.name} ${JSON.stringify(block.input)}`;
}

function toolResult(block: Json, at: string, read: Content): string {
  const id = shown(block.tool_use_id);
  if (!read.open.includes(id)) {
    throw invalidRequest(
      `${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
        'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
    );
  }
  if (read.answered.includes(id)) {
    throw invalidRequest(
      `${at}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
    );
  }
  read.answered.push(id);
  if (block.is_error === true) refuseBadError(block.content, `${at}.tool_result`);
  const text = resultText(block.content, `${at}.tool_result.content`, read);
  read.results.push(text);
  return text;
}

/** An error says what went wrong, and in words. */
function refuseBadError(content: unknown, at: string): void {
  if (content == null || content === '' || (Array.isArray(content) && content.length === 0))
    throw invalidRequest(`${at}: content cannot be empty if \`is_error\` is true`);
  if (Array.isArray(content) && content.some((block) => isJson(block) && block.type !== 'text'))
    throw invalidRequest(`${at}: all content must be type \`text\` if \`is_error\` is true`);
}

/** The words of a result; its pictures are counted apart. */
function resultText(content: unknown, at: string, read: Content): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block: unknown, n) => {
      if (!isJson(block) || typeof block.text === 'string') return isJson(block) ? shown(block.text) : '';
      refuseBadMedia(block, `${at}.${n}`);
      read.segments.push({ text: JSON.stringify(block), bytes: MEDIA_BYTES });
      return '';
    })
    .join('');
}
