// Encodes the turns of a conversation as Gemini's contents. Sources: https://ai.google.dev/api/generate-content, "Content"
// and "Part"; https://ai.google.dev/gemini-api/docs/thought-signatures (2026-11).

import { pushAll } from '../../core/pushAll';
import type { Json } from '../jsonObject';
import { type Media, type Message, type NeutralRequest, type Part, textOf, type ToolCall, type ToolResult, type WebSearch } from '../neutral'; // prettier-ignore
import { blankTurnText, fillBlankTurns } from '../shared/blankTurns';
import { customArgs } from '../shared/customTools';
import { type DroppedFields, refuse } from '../shared/droppedFields';
import { argsObject } from '../shared/exactJson';
import { defined, lookUp } from '../shared/json';
import { isText } from '../shared/media';
import { nameFor } from '../shared/names';
import { searchText } from '../shared/webSearch';
import { hostedParts, queriesOfCall } from './hostedParts';
import { noSignature } from './signatures';

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: Json[];
}

/** What a model takes in its contents. */
export interface ContentsTaken {
  readonly gemini3: boolean;
  /** The parts of tools that Google has run. */
  readonly takesHosted: boolean;
}

/**
 * The system instruction's parts and the contents, whose roles alternate from the user's on.
 * @throws GatewayError cannot_translate where nothing but empty turns is left
 */
export function encodeContents(
  request: NeutralRequest,
  taken: ContentsTaken,
  droppedFields: DroppedFields,
): { system: Json[]; contents: Content[] } {
  const context: PartContext = { names: callNames(request.messages), ...taken, droppedFields };
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  let system = request.messages.slice(0, first).flatMap((message) => encodeParts(message, context));
  const turns = request.messages.slice(first).map((message) => ({
    role: message.role === 'assistant' ? ('model' as const) : ('user' as const),
    content: encodeParts(message.role === 'system' ? systemAsUser(message, droppedFields) : message, context),
  }));
  fillBlankTurns(turns, () => ({ text: blankTurnText }), droppedFields.repair);
  const contents: Content[] = [];
  for (const { role, content: parts } of turns) {
    if (parts.length === 0) continue;
    const last = contents.at(-1);
    if (last?.role === role) pushAll(last.parts, parts);
    else contents.push({ role, parts });
  }
  if (contents.length === 0) {
    if (system.length === 0) refuse('contents', 'holds nothing but empty turns, which Gemini refuses.');
    contents.push({ role: 'user', parts: system }); // a request of only a system prompt: it becomes the user's
    system = [];
  }
  if (contents[0]?.role === 'model')
    contents.unshift({ role: 'user', parts: [{ text: '(The conversation begins.)' }] });
  if (taken.gemini3) signCalls(contents);
  return { system, contents };
}

// ---

interface PartContext extends ContentsTaken {
  /** Tool call id → function name: Gemini matches results by name. */
  readonly names: ReadonlyMap<string, string>;
  readonly droppedFields: DroppedFields;
}

function callNames(messages: readonly Message[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const message of messages)
    for (const part of message.parts) if (part.type === 'toolCall') names.set(part.id, part.name);
  return names;
}

// Contents know two roles: a system message in mid-conversation keeps its place as the user's, marked.
function systemAsUser(message: Message, droppedFields: DroppedFields): Message {
  for (const part of message.parts) {
    if (part.type === 'raw') droppedFields.drop(part.at);
    if ('cache' in part && part.cache !== undefined) droppedFields.drop('cache_control');
  }
  const text = textOf(message.parts);
  return { role: 'user', parts: text === '' ? [] : [{ type: 'text', text: `<system>\n${text}\n</system>` }] };
}

// Gemini 3 refuses the current turn where the first call of a content has no signature.
function signCalls(contents: readonly Content[]): void {
  const isResult = (part: Json) => part['functionResponse'] !== undefined;
  const turn = contents.findLastIndex(({ role, parts }) => role === 'user' && !parts.some(isResult));
  for (const { role, parts } of contents.slice(turn + 1)) {
    if (role !== 'model') continue;
    const at = parts.findIndex((part) => part['functionCall'] !== undefined);
    const call = parts[at];
    if (call !== undefined && call['thoughtSignature'] === undefined)
      parts[at] = { ...call, thoughtSignature: noSignature };
  }
}

function encodeParts(message: Message, context: PartContext): Json[] {
  const out: Json[] = [];
  let signature: string | undefined; // of the call that follows
  const searched = context.takesHosted ? searchedBefore(message) : undefined;
  for (const part of message.parts) {
    if (part.type === 'webSearch' && isTold(part, searched)) continue;
    if (part.type === 'reasoning') {
      const { opaque } = part;
      const hosted = context.takesHosted ? hostedParts(opaque) : undefined;
      if (hosted !== undefined) {
        pushAll(out, hosted);
        continue;
      }
      const native = opaque?.format === 'generate' && typeof opaque.value === 'string' ? opaque.value : undefined;
      if (native === undefined) context.droppedFields.drop('reasoning');
      else if (part.text === '') signature = native;
      else out.push({ text: part.text, thought: true, thoughtSignature: native });
      continue;
    }
    if (part.type === 'toolCall') {
      out.push({ ...encodeCall(part, context.droppedFields), ...defined({ thoughtSignature: signature }) });
    } else {
      if (signature !== undefined) out.push({ text: '', thoughtSignature: signature });
      pushAll(out, encodePart(part, context));
    }
    signature = undefined;
  }
  if (signature !== undefined) out.push({ text: '', thoughtSignature: signature });
  return out;
}

// The queries of the searches that a turn holds as Google's own parts.
function searchedBefore({ parts }: Message): Set<string> {
  const hosted = parts.flatMap((part) => (part.type === 'reasoning' ? (hostedParts(part.opaque) ?? []) : []));
  return new Set(hosted.flatMap(queriesOfCall));
}

// Whether a search is told by Google's own parts: its words would tell it once more.
function isTold({ queries }: WebSearch, searched: ReadonlySet<string> | undefined): boolean {
  return searched !== undefined && searched.size > 0 && queries.every((query) => isAmong(query, searched));
}

// Claude's form of a search has one query, into which several are joined.
function isAmong(query: string, searched: ReadonlySet<string>): boolean {
  return searched.has(query) || query.split('; ').every((one) => searched.has(one));
}

function encodeCall(call: ToolCall, droppedFields: DroppedFields): Json {
  if (call.cache !== undefined) droppedFields.drop('cache_control');
  const args = argsObject(call.custom === true ? customArgs(call.args) : call.args, () =>
    droppedFields.repair('tool-arguments'),
  );
  return { functionCall: { id: call.id, name: nameFor('generate', call.name), args } };
}

function encodePart(part: Part, context: PartContext): Json[] {
  const { droppedFields } = context;
  switch (part.type) {
    case 'text':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      if (part.citations !== undefined) droppedFields.drop('citations');
      return part.text === '' ? [] : [{ text: part.text }];
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'media':
      return encodeMedia(part, droppedFields);
    case 'toolResult':
      return encodeResult(part, context);
    case 'webSearch': {
      const text = searchText(part);
      return text === '' ? [] : [{ text }];
    }
    case 'raw':
      if (part.format === 'generate' && part.value !== undefined) return [part.value as Json];
      droppedFields.drop(part.at);
      return [];
    case 'reasoning':
    case 'toolCall':
      return [];
  }
}

function encodeResult(result: ToolResult, { names, gemini3, droppedFields }: PartContext): Json[] {
  if (result.cache !== undefined) droppedFields.drop('cache_control');
  const text = textOf(result.parts, '\n');
  const media = result.parts.flatMap((inner) => (inner.type === 'media' ? encodeMedia(inner, droppedFields) : []));
  for (const inner of result.parts) if (inner.type === 'raw') droppedFields.drop(inner.at);
  const name = nameFor('generate', names.get(result.id) ?? result.name ?? result.id);
  // From Gemini 3 on a result may hold inline media; for older models they follow it.
  // Source: https://ai.google.dev/gemini-api/docs/function-calling#multimodal (2026-11).
  const inside = gemini3 ? media.filter((item) => item['inlineData'] !== undefined) : [];
  const after = media.filter((item) => !inside.includes(item));
  const response = result.isError ? { error: text } : { output: text };
  return [
    { functionResponse: { id: result.id, name, response, ...(inside.length > 0 ? { parts: inside } : {}) } },
    ...after,
  ];
}

const mimeByExtension: Readonly<Record<string, string>> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', gif: 'image/gif', pdf: 'application/pdf',
}; // prettier-ignore

function encodeMedia(media: Media, droppedFields: DroppedFields): Json[] {
  if (media.cache !== undefined) droppedFields.drop('cache_control');
  if (media.detail !== undefined && media.detail !== 'auto') droppedFields.drop('detail');
  if (!droppedFields.shows(media)) return [];
  if (media.url !== undefined) {
    const mimeType = media.mime.endsWith('/*')
      ? lookUp(mimeByExtension, /\.(\w+)(?:[?#]|$)/.exec(media.url)?.[1]?.toLowerCase() ?? '')
      : media.mime;
    return [{ fileData: { ...defined({ mimeType }), fileUri: media.url } }];
  }
  return [{ inlineData: { mimeType: isText(media) ? 'text/plain' : media.mime, data: media.data ?? '' } }];
}
