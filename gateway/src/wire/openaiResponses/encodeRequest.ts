// Neutral form as an OpenAI Responses request. Source: OpenAI API reference, "Create a model response".

import type { Target } from '../../../../config/target';
import { endUser, encodeEffort, encodeStrict, encodeTier } from '../openaiChat/encodeRequest';
import type { EncodedRequest, Json } from '../codec';
import { wantsReasoning } from '../reasoning/effort';
import { defined, restore } from '../shared/json';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { asText, dataUrl, extensionOf, isText } from '../shared/media';
import { isOpenaiReasoner } from '../shared/modelProfiles';
import { idFor, nameFor, renamed } from '../shared/names';
import {
  type AnyTool,
  type Media,
  type Message,
  type NeutralRequest,
  type Part,
  type ResponseFormat,
  textOf,
  type ToolChoice,
} from '../neutral';
import { argsSchema } from '../schema/toolSchema';
import { wrapNonObjectSchema } from '../schema/wrapNonObject';
import { openNaming, regrouped } from './namespaces';
import { includeChances } from './decodeRequest';

/** The least that the API takes. */
const leastOutput = 16;

export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'responses');
  const reasoner = isOpenaiReasoner(target);
  const { shape, wrapped } = wrapNonObjectSchema(request.responseFormat);
  if (reasoner) {
    if (request.temperature !== 1) droppedFields.dropIf(request.temperature, 'temperature');
    if (request.topP !== 1) droppedFields.dropIf(request.topP, 'top_p');
    droppedFields.dropIf(request.topLogprobs, 'logprobs');
  } else droppedFields.dropIf(request.verbosity, 'verbosity');
  for (const [name, value] of [
    ['top_k', request.topK],
    ['frequency_penalty', request.frequencyPenalty],
    ['presence_penalty', request.presencePenalty],
    ['seed', request.seed],
    ['stop', request.stop],
  ] as const)
    droppedFields.dropIf(value, name);
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  const system = request.messages.slice(0, first);
  const custom = new Set(request.tools?.flatMap((tool) => (tool.type === 'custom' ? [tool.name] : [])));
  const tools = encodeTools(request.tools ?? [], droppedFields);
  const effort = encodeEffort(request, target, droppedFields);
  const show = reasoner && wantsReasoning(request.reasoning) && request.reasoning.show;
  const reasoning = defined({ effort, summary: show ? 'auto' : undefined });
  const text = defined({
    format: shape && encodeResponseFormat(shape),
    verbosity: reasoner ? request.verbosity : undefined,
  });
  const body = {
    model: target.model,
    input: encodeInput(request.messages.slice(first), openNaming(request.tools), droppedFields),
    store: false,
    ...defined({
      instructions: system.length === 0 ? undefined : encodeInstructions(system, droppedFields),
      max_output_tokens:
        request.maxOutput && Math.max(leastOutput, Math.min(request.maxOutput, target.maxOutput ?? Infinity)),
      temperature: reasoner ? undefined : request.temperature,
      top_p: reasoner ? undefined : request.topP,
      include: reasoner
        ? ['reasoning.encrypted_content']
        : request.topLogprobs === undefined
          ? undefined
          : [includeChances],
      top_logprobs: reasoner ? undefined : request.topLogprobs || undefined,
      reasoning: Object.keys(reasoning).length > 0 ? reasoning : undefined,
      text: Object.keys(text).length > 0 ? text : undefined,
      tools: tools.length > 0 ? tools : undefined,
      tool_choice:
        tools.length > 0 && request.toolChoice
          ? encodeToolChoice(request.toolChoice, custom, openNaming(request.tools))
          : undefined,
      parallel_tool_calls: tools.length > 0 ? request.parallelTools : undefined,
      metadata: request.metadata,
      user: endUser(request.endUser, droppedFields),
      prompt_cache_key: request.promptCacheKey,
      service_tier: encodeTier(request.serviceTier, droppedFields),
      stream: request.stream ? true : undefined,
    }),
  };
  return {
    body: restore(body, request.from === 'responses' ? request.native : {}),
    dropped: droppedFields.list,
    fixups: { names: renamed('responses', request), custom: new Set(), answerTool: undefined, wrapped },
  };
}

/** Tools as this format writes them; also what an answer repeats of its request. */
export function encodeTools(tools: readonly AnyTool[], droppedFields: DroppedFields): Json[] {
  return regrouped(tools, (tool) => encodeTool(tool, droppedFields));
}

function encodeTool(tool: AnyTool, droppedFields: DroppedFields): Json[] {
  if (tool.type === 'raw') {
    if (tool.format === 'responses' && tool.value !== undefined) return [tool.value as Json];
    droppedFields.drop(tool.at);
    return [];
  }
  const name = nameFor('responses', tool.name);
  const about = defined({ description: tool.description });
  if (tool.type === 'custom') {
    const format = tool.grammar === undefined ? { type: 'text' } : { type: 'grammar', ...tool.grammar };
    return [{ type: 'custom', name, ...about, format }];
  }
  if (tool.cache !== undefined) droppedFields.drop('cache_control');
  // Unsaid, this API would rewrite the schema into its strict subset.
  const parameters = argsSchema(tool.schema);
  const strict = encodeStrict(tool.strict, parameters, droppedFields) === true;
  return [{ type: 'function', name, ...about, parameters, strict }];
}

export function encodeResponseFormat(shape: ResponseFormat): Json {
  if (shape.type === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    name: shape.name === undefined ? 'answer' : nameFor('responses', shape.name),
    ...defined({ description: shape.description }),
    schema: shape.schema,
    ...defined({ strict: shape.strict }),
  };
}

export function encodeToolChoice(choice: ToolChoice, custom: ReadonlySet<string>, naming: Naming): unknown {
  if (choice.type !== 'named') return choice.type;
  return { type: custom.has(choice.name) ? 'custom' : 'function', ...named(choice.name, naming) };
}

// ---

function encodeInstructions(system: readonly Message[], droppedFields: DroppedFields): string {
  for (const message of system)
    for (const part of message.parts) {
      if (part.type === 'raw') droppedFields.drop(part.at);
      if ('cache' in part && part.cache !== undefined) droppedFields.drop('cache_control');
    }
  return system.map((message) => textOf(message.parts, '\n\n')).join('\n\n');
}

type Naming = ReturnType<typeof openNaming>;

function named(name: string, naming: Naming): Json {
  const made = naming(name);
  return 'namespace' in made ? made : { name: nameFor('responses', name) };
}

function encodeInput(messages: readonly Message[], naming: Naming, droppedFields: DroppedFields): Json[] {
  const custom = new Set<string>(); // ids of calls of plain-input tools: their results have a type of their own
  const items = messages.flatMap((message): Json[] => {
    const out: Json[] = [];
    const role = message.role === 'system' ? 'developer' : message.role;
    let said: Json[] = []; // parts of the message being gathered
    const flush = () => {
      // The model's own words have no list form without ids: each of its texts is a message.
      if (role === 'assistant') out.push(...said.map((part) => ({ role, content: part['text'] })));
      else if (said.length > 0) out.push({ role, content: plainIfText(said) });
      said = [];
    };
    for (const part of message.parts) {
      if (part.type === 'toolCall' && part.custom === true) custom.add(part.id);
      const item = encodeItem(part, custom, naming, droppedFields);
      if (item === undefined) said.push(...encodePart(part, role, droppedFields));
      else {
        flush();
        out.push(...item);
      }
    }
    flush();
    return out;
  });
  return items.length > 0 ? items : [{ role: 'user', content: '' }];
}

// Parts that are items of their own; undefined for those that make up a message.
function encodeItem(
  part: Part,
  custom: ReadonlySet<string>,
  naming: Naming,
  droppedFields: DroppedFields,
): Json[] | undefined {
  switch (part.type) {
    case 'toolCall': {
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      const id = { call_id: idFor(part.id), ...named(part.name, naming) };
      if (part.custom === true) return [{ type: 'custom_tool_call', ...id, input: part.args }];
      return [{ type: 'function_call', ...id, arguments: part.args === '' ? '{}' : part.args }];
    }
    case 'toolResult': {
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      const parts = part.parts.flatMap((inner) => encodePart(inner, 'user', droppedFields));
      const output = parts.every((inner) => inner['type'] === 'input_text')
        ? parts.map((inner) => String(inner['text'])).join('\n')
        : parts;
      const told = part.isError && typeof output === 'string' ? `Error: ${output}` : output;
      const type = custom.has(part.id) || part.custom === true ? 'custom_tool_call_output' : 'function_call_output';
      return [{ type, call_id: idFor(part.id), output: told }];
    }
    case 'reasoning': {
      const own =
        part.opaque?.format === 'responses'
          ? (part.opaque.value as { id?: string; encrypted_content?: string })
          : undefined;
      if (own?.encrypted_content === undefined) {
        droppedFields.drop('reasoning');
        return [];
      }
      const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
      return [{ type: 'reasoning', id: own.id ?? '', summary, encrypted_content: own.encrypted_content }];
    }
    case 'raw':
      if (part.format !== 'responses') droppedFields.drop(part.at);
      else if (part.value !== undefined) return [part.value as Json];
      return [];
    default:
      return undefined;
  }
}

function encodePart(part: Part, role: string, droppedFields: DroppedFields): Json[] {
  switch (part.type) {
    case 'text':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      if (part.citations !== undefined) droppedFields.drop('citations');
      return part.text === '' ? [] : [{ type: 'input_text', text: part.text }];
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'input_text', text: part.text }];
    case 'media':
      if (role !== 'assistant') return encodeMedia(part, droppedFields);
      droppedFields.drop(part.kind); // the model's own turns hold words alone
      return [];
    default:
      if (part.type === 'raw') droppedFields.drop(part.at);
      return [];
  }
}

function plainIfText(parts: readonly Json[]): unknown {
  const only = parts.length === 1 ? parts[0] : undefined;
  return typeof only?.['text'] === 'string' ? only['text'] : parts;
}

function encodeMedia(media: Media, droppedFields: DroppedFields): Json[] {
  if (media.cache !== undefined) droppedFields.drop('cache_control');
  if (media.kind === 'image')
    return [{ type: 'input_image', image_url: dataUrl(media), detail: media.detail ?? 'auto' }];
  if (media.kind === 'document') {
    if (media.url !== undefined) return [{ type: 'input_file', file_url: media.url }];
    if (isText(media)) return [{ type: 'input_text', text: asText(media) }];
    return [
      { type: 'input_file', filename: media.name ?? `document.${extensionOf(media.mime)}`, file_data: dataUrl(media) },
    ];
  }
  droppedFields.drop(media.kind);
  return [];
}
