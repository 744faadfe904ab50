// Neutral form as a chat completions request. Source: OpenAI API reference, "Create chat completion".

import type { Target } from '../../../../config/target';
import type { EncodedRequest, Json } from '../codec';
import { effortOf, nearestEffort } from '../reasoning/effort';
import { defined } from '../shared/json';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { asText, dataUrl, extensionOf, isText } from '../shared/media';
import { isOpenaiReasoner } from '../shared/modelProfiles';
import { idFor, nameFor, renamed } from '../shared/names';
import type { AnyTool, Effort, Media, Message, NeutralRequest, Part, ResponseFormat, ToolChoice } from '../neutral';
import { argsSchema, isStrictForOpenai } from '../schema/toolSchema';
import { customArgs, customField } from '../shared/responseFixups';
import { wrapNonObjectSchema } from '../schema/wrapNonObject';

export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'chat');
  const own = target.provider === 'openai'; // OpenAI itself; other hosts get no field they may not know
  const reasoner = isOpenaiReasoner(target);
  const { shape, wrapped } = wrapNonObjectSchema(request.responseFormat);
  const custom = new Set<string>();
  const tools = request.tools?.flatMap((tool) => encodeTool(tool, own, custom, droppedFields));
  if (reasoner) {
    // What says no more than the default does is no loss.
    if (request.temperature !== 1) droppedFields.dropIf(request.temperature, 'temperature');
    if (request.topP !== 1) droppedFields.dropIf(request.topP, 'top_p');
    if (request.frequencyPenalty !== 0) droppedFields.dropIf(request.frequencyPenalty, 'frequency_penalty');
    if (request.presencePenalty !== 0) droppedFields.dropIf(request.presencePenalty, 'presence_penalty');
    droppedFields.dropIf(request.stop, 'stop');
    droppedFields.dropIf(request.topLogprobs, 'logprobs');
  }
  droppedFields.dropIf(request.topK, 'top_k');
  if (!own) droppedFields.dropIf(request.promptCacheKey, 'prompt_cache_key');
  if (!reasoner) droppedFields.dropIf(request.verbosity, 'verbosity');
  droppedFields.dropIf(request.metadata, 'metadata'); // taken only together with `store`
  if (!own) droppedFields.dropIf(request.serviceTier, 'service_tier');
  const hasTools = tools !== undefined && tools.length > 0;
  return {
    body: {
      model: target.model,
      messages: withCallsTogether(request.messages).flatMap((message) => encodeMessage(message, own, droppedFields)),
      ...defined({
        // Reasoning models refuse max_tokens; other hosts may not know the newer name.
        [own ? 'max_completion_tokens' : 'max_tokens']:
          request.maxOutput && Math.min(request.maxOutput, target.maxOutput ?? Infinity),
        temperature: reasoner ? undefined : request.temperature,
        top_p: reasoner ? undefined : request.topP,
        frequency_penalty: reasoner ? undefined : request.frequencyPenalty,
        presence_penalty: reasoner ? undefined : request.presencePenalty,
        stop: reasoner ? undefined : stops(request.stop, droppedFields),
        seed: request.seed,
        ...(reasoner ? {} : encodeChances(request.topLogprobs)),
        user: endUser(request.endUser, droppedFields),
        tools: hasTools ? tools : undefined,
        tool_choice:
          hasTools && request.toolChoice
            ? encodeToolChoice(request.toolChoice, own ? request.tools : undefined)
            : undefined,
        parallel_tool_calls: hasTools ? request.parallelTools : undefined,
        response_format: shape && encodeResponseFormat(shape),
        reasoning_effort: encodeEffort(request, target, droppedFields),
        verbosity: reasoner ? request.verbosity : undefined,
        service_tier: own ? encodeTier(request.serviceTier, droppedFields) : undefined,
        prompt_cache_key: own ? request.promptCacheKey : undefined,
        stream: request.stream ? true : undefined,
        stream_options: request.stream ? { include_usage: true } : undefined,
        ...(request.from === 'chat' ? request.native : {}),
      }),
    },
    dropped: droppedFields.list,
    fixups: { names: renamed('chat', request), custom, answerTool: undefined, wrapped },
  };
}

/** The level OpenAI's API is asked for; undefined where the model decides, or does not reason. */
export function encodeEffort(
  request: NeutralRequest,
  target: Target,
  droppedFields: DroppedFields,
): Effort | undefined {
  const thinking = request.reasoning;
  if (thinking === undefined) return undefined;
  // As the model sees fit: from gpt-5.1 on that would be not at all, and it was asked for.
  const effort = effortOf(thinking) ?? (isOpenaiReasoner(target) ? 'medium' : undefined);
  if (effort === undefined) return undefined;
  if (target.provider !== 'openai')
    return effort === 'none' ? undefined : nearestEffort(effort, ['low', 'medium', 'high']);
  if (!isOpenaiReasoner(target)) {
    if (effort !== 'none') droppedFields.drop('reasoning');
    return undefined;
  }
  return nearestEffort(effort, effortsOf(target.model));
}

const tiers = new Set(['auto', 'default', 'flex', 'scale', 'priority']);

/** A tier as OpenAI names it. Source: OpenAI API reference, `service_tier`. */
export function encodeTier(tier: string | undefined, droppedFields: DroppedFields): string | undefined {
  const own = tier === 'standard_only' ? 'default' : tier;
  if (own === undefined || tiers.has(own)) return own;
  droppedFields.drop('service_tier');
  return undefined;
}

/** An end user's id where the provider may have it: not the bundles of account data some clients put there. */
export function endUser(user: string | undefined, droppedFields: DroppedFields): string | undefined {
  if (user === undefined || /^[\w.@+:-]{1,64}$/.test(user)) return user;
  droppedFields.drop('user');
  return undefined;
}

// ---

function encodeChances(others: number | undefined): Json {
  return others === undefined ? {} : { logprobs: true, top_logprobs: others };
}

// Source: OpenAI model pages, "reasoning.effort" of each generation.
function effortsOf(model: string): readonly Effort[] {
  const version = Number(/^gpt-(\d+(?:\.\d+)?)/.exec(model)?.[1] ?? 0);
  if (version >= 5.6) return ['none', 'low', 'medium', 'high', 'xhigh', 'max'];
  if (version >= 5.2) return ['none', 'low', 'medium', 'high', 'xhigh'];
  if (version > 5) return ['none', 'low', 'medium', 'high'];
  return version === 5 ? ['minimal', 'low', 'medium', 'high'] : ['low', 'medium', 'high'];
}

// At most four are taken.
function stops(stop: readonly string[] | undefined, droppedFields: DroppedFields): readonly string[] | undefined {
  if (stop === undefined || stop.length === 0) return undefined;
  if (stop.length > 4) droppedFields.drop('stop[4…]');
  return stop.slice(0, 4);
}

// Results must follow all calls at once: calls of turns in a row, as Gemini's clients keep the pieces of a stream, are one
// turn's.
function withCallsTogether(messages: readonly Message[]): Message[] {
  const out: Message[] = [];
  for (const message of messages) {
    const last = out.at(-1);
    const goesOn = message.role === 'assistant' && last?.role === 'assistant';
    if (goesOn && last.parts.some((part) => part.type === 'toolCall'))
      out[out.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
    else out.push(message);
  }
  return out;
}

// A neutral message may hold tool results among other parts; chat wants each result as a message of its own, first, and
// of text alone: what else a tool gave follows as the user's.
function encodeMessage(message: Message, own: boolean, droppedFields: DroppedFields): Json[] {
  const out: Json[] = [];
  const attached: Json[] = [];
  for (const part of message.parts) {
    if (part.type !== 'toolResult') continue;
    const inner = part.parts.flatMap((item) => encodePart(item, droppedFields));
    const media = inner.filter((item) => item['type'] !== 'text');
    const text = inner.flatMap((item) => (item['type'] === 'text' ? [String(item['text'])] : [])).join('\n');
    if (media.length > 0) attached.push({ type: 'text', text: `Attached to the result of ${part.id}:` }, ...media);
    out.push({ role: 'tool', tool_call_id: idFor(part.id), content: part.isError ? `Error: ${text}` : text });
    if (part.cache !== undefined) droppedFields.drop('cache_control');
  }
  const content = [...attached, ...message.parts.flatMap((part) => encodePart(part, droppedFields))].filter((part) => {
    if (message.role === 'user' || part['type'] === 'text') return true;
    droppedFields.drop(String(part['type'])); // only a user's turn holds media
    return false;
  });
  const refusal = message.parts.flatMap((part) => (part.type === 'refusal' ? [part.text] : [])).join('');
  const calls = message.parts.flatMap((part) => (part.type === 'toolCall' ? [encodeCall(part, own)] : []));
  const thoughts = encodeReasoning(message.parts, own, droppedFields);
  if (content.length === 0 && calls.length === 0 && refusal === '') {
    // Something has to stand there: an empty turn keeps the others apart.
    if (out.length === 0) out.push({ role: message.role, content: '' });
    return out;
  }
  const onlyText = content.every((part) => part['type'] === 'text');
  const plain = onlyText
    ? content.map((part) => String(part['text'])).join(message.role === 'system' ? '\n\n' : '')
    : content;
  out.push({
    role: message.role,
    content: content.length === 0 ? null : plain,
    ...(refusal === '' ? {} : { refusal }),
    ...thoughts,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  });
  return out;
}

// Only what this format itself has made goes back, in the field it came in, and never to OpenAI, which has none.
function encodeReasoning(parts: readonly Part[], own: boolean, droppedFields: DroppedFields): Json {
  const out: Record<string, unknown> = {};
  for (const part of parts) {
    if (part.type !== 'reasoning') continue;
    const value = part.opaque?.format === 'chat' && !own ? part.opaque.value : undefined;
    if (typeof value === 'string') out[value] = `${typeof out[value] === 'string' ? out[value] : ''}${part.text}`;
    else if (Array.isArray(value)) {
      out['reasoning_details'] = [
        ...((out['reasoning_details'] as unknown[] | undefined) ?? []),
        ...(value as unknown[]),
      ];
    } else droppedFields.drop('reasoning');
  }
  return out;
}

function encodePart(part: Part, droppedFields: DroppedFields): Json[] {
  switch (part.type) {
    case 'text':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      if (part.citations !== undefined) droppedFields.drop('citations');
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'media':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      return encodeMedia(part, droppedFields);
    case 'raw':
      if (part.format === 'chat' && part.value !== undefined) return [part.value as Json];
      droppedFields.drop(part.at);
      return [];
    case 'toolCall':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      return [];
    default:
      return [];
  }
}

function encodeMedia(media: Media, droppedFields: DroppedFields): Json[] {
  switch (media.kind) {
    case 'image':
      return [{ type: 'image_url', image_url: { url: dataUrl(media), ...defined({ detail: media.detail }) } }];
    case 'audio': {
      const format =
        media.mime === 'audio/mpeg' || media.mime === 'audio/mp3' ? 'mp3' : media.mime.replace(/^audio\/(x-)?/, '');
      if (media.data === undefined || (format !== 'mp3' && format !== 'wav')) break;
      return [{ type: 'input_audio', input_audio: { data: media.data, format } }];
    }
    case 'document':
      if (media.data === undefined) break;
      if (isText(media)) return [{ type: 'text', text: asText(media) }];
      return [
        {
          type: 'file',
          file: { filename: media.name ?? `document.${extensionOf(media.mime)}`, file_data: dataUrl(media) },
        },
      ];
    case 'video':
      break;
  }
  droppedFields.drop(media.url === undefined ? media.kind : `${media.kind}_url`);
  return [];
}

function encodeCall(call: Extract<Part, { type: 'toolCall' }>, own: boolean): Json {
  const id = idFor(call.id);
  const name = nameFor('chat', call.name);
  if (call.custom === true && own) return { id, type: 'custom', custom: { name, input: call.args } };
  const args = call.custom === true ? customArgs(call.args) : call.args === '' ? '{}' : call.args;
  return { id, type: 'function', function: { name, arguments: args } };
}

function encodeTool(tool: AnyTool, own: boolean, custom: Set<string>, droppedFields: DroppedFields): Json[] {
  if (tool.type === 'raw') {
    if (tool.format === 'chat') return [tool.value as Json];
    droppedFields.drop(tool.at);
    return [];
  }
  const name = nameFor('chat', tool.name);
  if (tool.type === 'custom') {
    if (!own) {
      custom.add(tool.name);
      return [{ type: 'function', function: customAsFunction(name, tool) }];
    }
    const format = tool.grammar === undefined ? { type: 'text' } : { type: 'grammar', grammar: tool.grammar };
    return [{ type: 'custom', custom: { name, ...defined({ description: tool.description }), format } }];
  }
  if (tool.cache !== undefined) droppedFields.drop('cache_control');
  const parameters = argsSchema(tool.schema);
  return [
    {
      type: 'function',
      function: {
        name,
        ...defined({ description: tool.description }),
        parameters,
        ...defined({ strict: encodeStrict(tool.strict, parameters, droppedFields) }),
      },
    },
  ];
}

/** Whether a tool's arguments are held to its schema, as far as OpenAI can; it refuses the others. */
export function encodeStrict(
  strict: boolean | undefined,
  schema: Json,
  droppedFields: DroppedFields,
): boolean | undefined {
  if (strict !== true || isStrictForOpenai(schema)) return strict;
  droppedFields.drop('strict');
  return undefined;
}

/** A tool with plain input as a function with one text: for wires and hosts that only know functions. */
export function customAsFunction(name: string, tool: Extract<AnyTool, { type: 'custom' }>): Json {
  const rule =
    tool.grammar === undefined
      ? ''
      : ` It must follow this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}`;
  return {
    name,
    ...defined({ description: tool.description }),
    parameters: {
      type: 'object',
      properties: {
        [customField]: { type: 'string', description: `The whole input of the tool, as plain text.${rule}` },
      },
      required: [customField],
    },
  };
}

function encodeToolChoice(choice: ToolChoice, tools: readonly AnyTool[] | undefined): unknown {
  if (choice.type !== 'named') return choice.type;
  const name = nameFor('chat', choice.name);
  const custom = tools?.some((tool) => tool.type === 'custom' && tool.name === choice.name) === true;
  return custom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } };
}

function encodeResponseFormat(shape: ResponseFormat): Json {
  if (shape.type === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    json_schema: {
      name: shape.name === undefined ? 'answer' : nameFor('chat', shape.name),
      ...defined({ description: shape.description }),
      schema: shape.schema,
      ...defined({ strict: shape.strict }),
    },
  };
}
