// Neutral form as a Gemini generateContent request. Source: Gemini API reference, "Generating content", "Function
// calling" and "Thought signatures".

import type { Target } from '../../../../config/target';
import { customAsFunction } from '../openaiChat/encodeRequest';
import type { EncodedRequest, Json } from '../codec';
import { budgetOf, effortOf, nearestEffort, wantsReasoning } from '../reasoning/effort';
import { defined, parseArgs, restore } from '../shared/json';
import { type DroppedFields, openDroppedFields, refuse } from '../shared/droppedFields';
import { isText } from '../shared/media';
import { isGemini3 } from '../shared/modelProfiles';
import { nameFor, renamed } from '../shared/names';
import {
  type AnyTool,
  type Effort,
  type Media,
  type Message,
  type NeutralRequest,
  type Part,
  textOf,
  type ToolChoice,
} from '../neutral';
import { schemaForGemini } from '../schema/jsonSchema';
import { argsSchema } from '../schema/toolSchema';
import { customArgs } from '../shared/responseFixups';
import { unsigned } from './unsigned';

export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'generate');
  const custom = new Set<string>();
  const third = isGemini3(target);
  const { system, contents } = encodeContents(request, third, droppedFields);
  const form = encodeForm(request, third);
  const tools = encodeTools(request, form.declaration, custom, droppedFields);
  for (const [name, value] of [
    ['verbosity', request.verbosity],
    ['prompt_cache_key', request.promptCacheKey],
    ['metadata', request.metadata],
    ['user', request.endUser],
  ] as const)
    droppedFields.dropIf(value, name);
  if (request.parallelTools === false) droppedFields.drop('parallel_tool_calls');
  const config = defined({
    maxOutputTokens: request.maxOutput && Math.min(request.maxOutput, target.maxOutput ?? Infinity),
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    frequencyPenalty: request.frequencyPenalty,
    presencePenalty: request.presencePenalty,
    seed: request.seed,
    responseLogprobs: request.topLogprobs === undefined ? undefined : true,
    logprobs: request.topLogprobs || undefined,
    stopSequences: encodeStops(request.stop, droppedFields),
    thinkingConfig: encodeReasoning(request, target, third, droppedFields),
    ...form.config,
  });
  const choice = form.choice ?? request.toolChoice;
  const body = {
    contents,
    ...defined({
      systemInstruction: system.length === 0 ? undefined : { parts: system },
      generationConfig: Object.keys(config).length === 0 ? undefined : config,
      tools: tools.length === 0 ? undefined : tools,
      toolConfig: tools.length === 0 ? undefined : encodeChoice(choice, request.tools),
      serviceTier: encodeTier(request.serviceTier, droppedFields),
    }),
  };
  return {
    body: restore(body, request.from === 'generate' ? request.native : {}),
    dropped: droppedFields.list,
    fixups: { names: renamed('generate', request), custom, answerTool: form.answerTool },
  };
}

// --- settings

interface Form {
  readonly config?: Json;
  readonly declaration?: Json;
  readonly choice?: ToolChoice;
  readonly answerTool?: string;
}

// Before Gemini 3 a JSON answer and function calls exclude each other: there the answer is a function too.
function encodeForm(request: NeutralRequest, third: boolean): Form {
  const shape = request.responseFormat;
  if (shape === undefined) return {};
  const schema = shape.type === 'schema' ? schemaForGemini(shape.schema) : undefined;
  const others = request.tools?.some((tool) => tool.type !== 'raw') === true && request.toolChoice?.type !== 'none';
  if (third || !others)
    return { config: { responseMimeType: 'application/json', ...defined({ responseJsonSchema: schema }) } };
  const name =
    request.tools?.some((tool) => tool.type !== 'raw' && tool.name === 'answer') === true
      ? 'structured_answer'
      : 'answer';
  return {
    declaration: {
      name,
      description: 'Gives the answer in the form that is asked for.',
      parametersJsonSchema: schema ?? { type: 'object' },
    },
    choice: { type: 'required' },
    answerTool: name,
  };
}

function encodeReasoning(
  request: NeutralRequest,
  target: Target,
  third: boolean,
  droppedFields: DroppedFields,
): Json | undefined {
  const wanted = request.reasoning;
  if (wanted === undefined) return undefined;
  if (!target.capabilities.has('reasoning')) {
    if (wantsReasoning(wanted)) droppedFields.drop('reasoning');
    return undefined;
  }
  const show = wanted.show ? { includeThoughts: true } : {};
  if (third) {
    const effort = effortOf(wanted);
    const levels: readonly Effort[] = target.model.includes('pro')
      ? ['low', 'medium', 'high']
      : ['minimal', 'low', 'medium', 'high'];
    const level = effort === undefined ? {} : { thinkingLevel: nearestEffort(effort, levels).toUpperCase() };
    if (effort === 'none') droppedFields.drop('reasoning'); // it cannot be switched off: as little as possible
    const config = { ...show, ...level };
    return Object.keys(config).length > 0 ? config : undefined;
  }
  if (!wantsReasoning(wanted)) return { thinkingBudget: target.model.includes('pro') ? 128 : 0 }; // Pro thinks at least that much
  const room = Math.min(request.maxOutput ?? target.maxOutput ?? 65_536, 24_576);
  const budget =
    wanted.effort === undefined && wanted.budget === undefined ? -1 : Math.min(budgetOf(wanted, room), 24_576);
  return { ...show, thinkingBudget: budget };
}

function encodeStops(stop: readonly string[] | undefined, droppedFields: DroppedFields): readonly string[] | undefined {
  if (stop === undefined || stop.length === 0) return undefined;
  if (stop.length > 5) droppedFields.drop('stop[5…]');
  return stop.slice(0, 5);
}

const tiers: Readonly<Record<string, string>> = {
  standard: 'standard',
  default: 'standard',
  flex: 'flex',
  priority: 'priority',
};

function encodeTier(tier: string | undefined, droppedFields: DroppedFields): string | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  if (tiers[tier] === undefined) droppedFields.drop('service_tier');
  return tiers[tier];
}

// --- tools

function encodeTools(
  request: NeutralRequest,
  more: Json | undefined,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] {
  const declarations: Json[] = more === undefined ? [] : [more];
  const own: Json[] = [];
  for (const tool of request.tools ?? []) {
    if (tool.type === 'raw') {
      if (tool.format === 'generate' && tool.value !== undefined) own.push(tool.value as Json);
      else droppedFields.drop(tool.at);
      continue;
    }
    declarations.push(encodeTool(tool, custom, droppedFields));
  }
  return [...(declarations.length > 0 ? [{ functionDeclarations: declarations }] : []), ...own];
}

function encodeTool(tool: Exclude<AnyTool, { type: 'raw' }>, custom: Set<string>, droppedFields: DroppedFields): Json {
  const name = nameFor('generate', tool.name);
  if (tool.type === 'custom') {
    custom.add(tool.name);
    const { parameters, ...rest } = customAsFunction(name, tool);
    return { ...rest, parametersJsonSchema: parameters };
  }
  if (tool.cache !== undefined) droppedFields.drop('cache_control');
  return {
    name,
    ...defined({ description: tool.description }),
    parametersJsonSchema: schemaForGemini(argsSchema(tool.schema)),
  };
}

function encodeChoice(choice: ToolChoice | undefined, tools: readonly AnyTool[] | undefined): Json | undefined {
  const strict = tools?.some((tool) => tool.type === 'function' && tool.strict === true) === true;
  switch (choice?.type) {
    case undefined:
    case 'auto':
      // Arguments that hold to their schema are a mode of their own here.
      if (strict) return { functionCallingConfig: { mode: 'VALIDATED' } };
      return choice === undefined ? undefined : { functionCallingConfig: { mode: 'AUTO' } };
    case 'none':
      return { functionCallingConfig: { mode: 'NONE' } };
    case 'required':
      return { functionCallingConfig: { mode: 'ANY' } };
    case 'named':
      return { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [nameFor('generate', choice.name)] } };
  }
}

// --- contents

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: Json[];
}

function encodeContents(
  request: NeutralRequest,
  third: boolean,
  droppedFields: DroppedFields,
): { system: Json[]; contents: Content[] } {
  const names = new Map<string, string>(); // tool call id → function name: Gemini answers calls by name
  for (const message of request.messages)
    for (const part of message.parts) if (part.type === 'toolCall') names.set(part.id, part.name);
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  let system = request.messages.slice(0, first).flatMap((message) => encodeParts(message, names, third, droppedFields));
  const contents: Content[] = [];
  for (const message of request.messages.slice(first)) {
    const role = message.role === 'assistant' ? 'model' : 'user';
    const said = message.role === 'system' ? marked(message) : message;
    const parts = encodeParts(said, names, third, droppedFields);
    if (parts.length === 0) continue;
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else contents.push({ role, parts });
  }
  if (contents.length === 0) {
    if (system.length === 0) refuse('contents', 'holds nothing but empty turns, which Gemini refuses.');
    contents.push({ role: 'user', parts: system }); // nothing but a system prompt: that is the question
    system = [];
  }
  if (contents[0]?.role === 'model')
    contents.unshift({ role: 'user', parts: [{ text: '(The conversation begins.)' }] });
  if (third) signCalls(contents);
  return { system, contents };
}

// Later system words keep their place as the user's, marked: contents know two roles.
function marked(message: Message): Message {
  return { role: 'user', parts: [{ type: 'text', text: `<system>\n${textOf(message.parts)}\n</system>` }] };
}

function signCalls(contents: readonly Content[]): void {
  const isResult = (part: Json) => part['functionResponse'] !== undefined;
  const turn = contents.findLastIndex(({ role, parts }) => role === 'user' && !parts.some(isResult));
  for (const { role, parts } of contents.slice(turn + 1)) {
    if (role !== 'model') continue;
    const at = parts.findIndex((part) => part['functionCall'] !== undefined);
    const call = parts[at];
    if (call !== undefined && call['thoughtSignature'] === undefined)
      parts[at] = { ...call, thoughtSignature: unsigned };
  }
}

function encodeParts(
  message: Message,
  names: ReadonlyMap<string, string>,
  third: boolean,
  droppedFields: DroppedFields,
): Json[] {
  const out: Json[] = [];
  let signature: string | undefined; // of the call that follows
  for (const part of message.parts) {
    if (part.type === 'reasoning') {
      const own =
        part.opaque?.format === 'generate' && typeof part.opaque.value === 'string' ? part.opaque.value : undefined;
      if (own === undefined) droppedFields.drop('reasoning');
      else if (part.text === '') signature = own;
      else out.push({ text: part.text, thought: true, thoughtSignature: own });
      continue;
    }
    if (part.type === 'toolCall') {
      out.push({ ...encodeCall(part, droppedFields), ...defined({ thoughtSignature: signature }) });
    } else {
      if (signature !== undefined) out.push({ text: '', thoughtSignature: signature });
      out.push(...encodePart(part, names, third, droppedFields));
    }
    signature = undefined;
  }
  if (signature !== undefined) out.push({ text: '', thoughtSignature: signature });
  return out;
}

function encodeCall(call: Extract<Part, { type: 'toolCall' }>, droppedFields: DroppedFields): Json {
  if (call.cache !== undefined) droppedFields.drop('cache_control');
  const args = parseArgs(call.custom === true ? customArgs(call.args) : call.args);
  return { functionCall: { id: call.id, name: nameFor('generate', call.name), args } };
}

function encodePart(
  part: Part,
  names: ReadonlyMap<string, string>,
  third: boolean,
  droppedFields: DroppedFields,
): Json[] {
  switch (part.type) {
    case 'text':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      if (part.citations !== undefined) droppedFields.drop('citations');
      return part.text === '' ? [] : [{ text: part.text }];
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'media':
      return encodeMedia(part, droppedFields);
    case 'toolResult': {
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      const text = textOf(part.parts, '\n');
      const media = part.parts.flatMap((inner) => (inner.type === 'media' ? encodeMedia(inner, droppedFields) : []));
      for (const inner of part.parts) if (inner.type === 'raw') droppedFields.drop(inner.at);
      const name = nameFor('generate', names.get(part.id) ?? part.name ?? part.id);
      // From Gemini 3 on a result holds media itself; before, they follow it.
      const inside = third ? media.filter((item) => item['inlineData'] !== undefined) : [];
      const after = media.filter((item) => !inside.includes(item));
      const response = part.isError ? { error: text } : { output: text };
      return [
        { functionResponse: { id: part.id, name, response, ...(inside.length > 0 ? { parts: inside } : {}) } },
        ...after,
      ];
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

const extensions: Readonly<Record<string, string>> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', gif: 'image/gif', pdf: 'application/pdf',
}; // prettier-ignore

function encodeMedia(media: Media, droppedFields: DroppedFields): Json[] {
  if (media.cache !== undefined) droppedFields.drop('cache_control');
  if (media.detail !== undefined && media.detail !== 'auto') droppedFields.drop('detail');
  if (media.url !== undefined) {
    const known = media.mime.endsWith('/*')
      ? extensions[/\.(\w+)(?:[?#]|$)/.exec(media.url)?.[1]?.toLowerCase() ?? '']
      : media.mime;
    return [{ fileData: { ...defined({ mimeType: known }), fileUri: media.url } }];
  }
  return [{ inlineData: { mimeType: isText(media) ? 'text/plain' : media.mime, data: media.data ?? '' } }];
}
