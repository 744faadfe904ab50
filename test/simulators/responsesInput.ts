// The items of a request for a response: what may stand where, and what they come to as a conversation.
import { textSegment, type Segment, type Turn } from './answer';
import type { Memory } from './memory';
import { missing, refuseBadImage, tooLongString, wrongType, wrongValue } from './openaiChecks';
import { MEDIA_BYTES } from './openaiParts';
import { badRequest } from './openaiRefusals';
import { checkSeal } from './signature';
import { isJson, shown, type Json } from './wire';

/** The items as turns, and as what they count; OpenAI's refusals thrown. */
export function readInput(items: readonly unknown[], memory: Memory): { turns: Turn[]; segments: Segment[] } {
  const input: Input = { turns: [], segments: [], calls: new Set(), answered: new Set(), memory };
  for (const [n, item] of items.entries()) readItem(item, `input[${n}]`, input);
  for (const id of input.calls) {
    if (!input.answered.has(id)) throw badRequest(`No tool output found for function call ${id}.`, 'input');
  }
  refuseLastThought(items);
  return input;
}

// ---

interface Input {
  turns: Turn[];
  segments: Segment[];
  /** the ids of the calls so far, and of those that have their output */
  calls: Set<string>;
  answered: Set<string>;
  memory: Memory;
}

/** What an item's id begins with, where it has one. */
const PREFIXES: Partial<Record<string, string>> = {
  message: 'msg',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  reasoning: 'rs',
};
const TYPES = [
  ...['message', 'function_call', 'function_call_output', 'custom_tool_call', 'custom_tool_call_output', 'reasoning'],
  ...['item_reference', 'web_search_call', 'file_search_call', 'computer_call', 'computer_call_output'],
  ...['code_interpreter_call', 'image_generation_call', 'local_shell_call', 'local_shell_call_output', 'shell_call'],
  ...['shell_call_output', 'apply_patch_call', 'apply_patch_call_output', 'mcp_list_tools', 'mcp_approval_request'],
  ...['mcp_approval_response', 'mcp_call', 'compaction'],
];

function readItem(item: unknown, at: string, input: Input): void {
  if (!isJson(item)) throw wrongType(at, 'an object', item);
  const type = shown(item.type ?? 'message');
  if (!TYPES.includes(type)) throw wrongValue(at, item.type, TYPES);
  refuseId(item, type, at, input);
  if (type === 'message') return readMessage(item, at, input);
  if (type === 'reasoning') return readReasoning(item, input);
  if (type === 'function_call' || type === 'custom_tool_call') return readCall(item, type, at, input);
  if (type === 'function_call_output' || type === 'custom_tool_call_output') return readOutput(item, at, input);
  // What OpenAI's own tools did is taken as it comes.
  input.segments.push(textSegment(JSON.stringify(item)));
}

function refuseId(item: Json, type: string, at: string, { memory }: Input): void {
  const id = item.id;
  if (id == null) return;
  if (typeof id !== 'string') throw wrongType(`${at}.id`, 'a string', id);
  const prefix = PREFIXES[type];
  if (prefix !== undefined && !id.startsWith(prefix)) {
    throw badRequest(
      `Invalid '${at}.id': '${id}'. Expected an ID that begins with '${prefix}'.`,
      `${at}.id`,
      'invalid_value',
    );
  }
  if (id.length > 64) throw tooLongString(`${at}.id`, 64, id.length);
  const hidden = type === 'item_reference' || (type === 'reasoning' && item.encrypted_content == null);
  if (hidden && memory.responses.get(id) === undefined) throw notKept(id);
}

function notKept(id: string) {
  const why =
    'Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.';
  return badRequest(`Item with id '${id}' not found. ${why}`, 'input', null, 404);
}

function readMessage(item: Json, at: string, input: Input): void {
  const roles = ['assistant', 'system', 'developer', 'user'];
  if (item.role === undefined) throw missing(`${at}.role`);
  if (!roles.includes(shown(item.role))) throw wrongValue(`${at}.role`, item.role, roles);
  const assistant = item.role === 'assistant';
  const parts = contentOf(item.content, `${at}.content`, assistant ? SAID : GIVEN);
  input.segments.push(...parts);
  const text = parts.map((part) => (part.modality ? '' : part.text)).join('');
  if (assistant || item.role === 'user') input.turns.push({ role: assistant ? 'assistant' : 'user', text });
}

const GIVEN = ['input_text', 'input_image', 'input_file', 'input_audio'];
const SAID = ['output_text', 'refusal'];

function contentOf(content: unknown, at: string, types: readonly string[]): Segment[] {
  if (content === undefined) throw missing(at);
  if (typeof content === 'string') return [textSegment(content)];
  if (!Array.isArray(content)) throw wrongType(at, 'one of an array of objects or string', content);
  return content.map((part: unknown, n) => partOf(part, `${at}[${n}]`, types));
}

function partOf(part: unknown, at: string, types: readonly string[]): Segment {
  if (!isJson(part)) throw wrongType(at, 'an object', part);
  const type = shown(part.type);
  if (!types.includes(type)) throw wrongValue(at, part.type, types);
  if (type === 'input_text' || type === 'output_text') {
    if (typeof part.text !== 'string')
      throw part.text === undefined ? missing(`${at}.text`) : wrongType(`${at}.text`, 'a string', part.text);
    return textSegment(part.text);
  }
  if (type === 'refusal') return textSegment(shown(part.refusal));
  // The address of a picture is a text here, and an object in chat.
  if (type === 'input_image' && part.file_id == null) refuseBadImage(part.image_url, `${at}.image_url`);
  return { text: JSON.stringify(part), bytes: MEDIA_BYTES, modality: type === 'input_image' ? 'IMAGE' : 'DOCUMENT' };
}

/** A thought is OpenAI's own, encrypted or kept under its id, or it is refused. */
function readReasoning(item: Json, input: Input): void {
  const content = item.encrypted_content;
  if (content == null && item.id == null) throw missing('input.id');
  if (content != null && checkSeal('openai', content) !== 'intact') {
    const quoted = shown(content);
    const why = 'Reason: Encrypted content could not be decrypted or parsed.';
    const message = `The encrypted content ${quoted.slice(0, 4)}...${quoted.slice(-4)} could not be verified. ${why}`;
    throw badRequest(message, null, 'invalid_encrypted_content');
  }
  input.segments.push(textSegment(shown(content ?? '')));
}

function readCall(item: Json, type: string, at: string, input: Input): void {
  const said = type === 'function_call' ? 'arguments' : 'input';
  for (const name of ['call_id', 'name', said]) {
    if (item[name] === undefined) throw missing(`${at}.${name}`);
    if (typeof item[name] !== 'string') throw wrongType(`${at}.${name}`, 'a string', item[name]);
  }
  const id = shown(item.call_id);
  if (id.length > 64) throw tooLongString(`${at}.call_id`, 64, id.length);
  input.calls.add(id);
  input.segments.push(textSegment(`${shown(item.name)} ${shown(item[said])}`));
}

function readOutput(item: Json, at: string, input: Input): void {
  if (item.call_id === undefined) throw missing(`${at}.call_id`);
  const id = shown(item.call_id);
  if (!input.calls.has(id))
    throw badRequest(`No tool call found for function call output with call_id ${id}.`, 'input');
  const parts = contentOf(item.output, `${at}.output`, GIVEN);
  input.answered.add(id);
  input.segments.push(...parts);
  input.turns.push({ role: 'tool', text: parts.map((part) => (part.modality ? '' : part.text)).join('') });
}

/** A thought goes with what came of it. A call without its thought is taken. */
function refuseLastThought(items: readonly unknown[]): void {
  for (const [n, item] of items.entries()) {
    if (!isJson(item) || item.type !== 'reasoning') continue;
    const next = items[n + 1];
    const follows = isJson(next) && (next.role === 'assistant' || /call$|^reasoning$/.test(shown(next.type)));
    if (follows) continue;
    const id = shown(item.id ?? '');
    throw badRequest(`Item '${id}' of type 'reasoning' was provided without its required following item.`, 'input');
  }
}
