// Neutral form as an OpenAI Responses request. Source: OpenAI API reference, "Create a model response".

import type { Target } from '../../../../config/target';
import { endUser, writeEffort, writeStrict, writeTier } from '../openaiChat/encodeRequest';
import type { Encoded, Json } from '../codec';
import { thinks } from '../reasoning/effort';
import { defined, restore } from '../shared/json';
import { type Losses, openLosses } from '../shared/droppedFields';
import { asText, dataUrl, extensionOf, isText } from '../shared/media';
import { isOpenaiReasoner } from '../shared/modelProfiles';
import { idFor, nameFor, renamed } from '../shared/names';
import {
  type AnyTool,
  type Media,
  type Message,
  type NeutralRequest,
  type Part,
  type Shape,
  textOf,
  type ToolChoice,
} from '../neutral';
import { argsSchema } from '../schema/toolSchema';
import { wrapShape } from '../schema/wrapNonObject';
import { openNaming, regrouped } from './namespaces';
import { includeChances } from './decodeRequest';

/** The least that the API takes. */
const leastOutput = 16;

export function writeRequest(request: NeutralRequest, target: Target): Encoded {
  const losses = openLosses(request, 'responses');
  const reasoner = isOpenaiReasoner(target);
  const { shape, wrapped } = wrapShape(request.shape);
  if (reasoner) {
    if (request.temperature !== 1) losses.dropIf(request.temperature, 'temperature');
    if (request.topP !== 1) losses.dropIf(request.topP, 'top_p');
    losses.dropIf(request.chances, 'logprobs');
  } else losses.dropIf(request.verbosity, 'verbosity');
  for (const [name, value] of [
    ['top_k', request.topK],
    ['frequency_penalty', request.frequencyPenalty],
    ['presence_penalty', request.presencePenalty],
    ['seed', request.seed],
    ['stop', request.stop],
  ] as const)
    losses.dropIf(value, name);
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  const system = request.messages.slice(0, first);
  const custom = new Set(request.tools?.flatMap((tool) => (tool.type === 'custom' ? [tool.name] : [])));
  const tools = writeTools(request.tools ?? [], losses);
  const effort = writeEffort(request, target, losses);
  const show = reasoner && thinks(request.thinking) && request.thinking.show;
  const reasoning = defined({ effort, summary: show ? 'auto' : undefined });
  const text = defined({
    format: shape && writeShape(shape),
    verbosity: reasoner ? request.verbosity : undefined,
  });
  const body = {
    model: target.model,
    input: writeInput(request.messages.slice(first), openNaming(request.tools), losses),
    store: false,
    ...defined({
      instructions: system.length === 0 ? undefined : writeInstructions(system, losses),
      max_output_tokens:
        request.maxOutput && Math.max(leastOutput, Math.min(request.maxOutput, target.maxOutput ?? Infinity)),
      temperature: reasoner ? undefined : request.temperature,
      top_p: reasoner ? undefined : request.topP,
      include: reasoner
        ? ['reasoning.encrypted_content']
        : request.chances === undefined
          ? undefined
          : [includeChances],
      top_logprobs: reasoner ? undefined : request.chances || undefined,
      reasoning: Object.keys(reasoning).length > 0 ? reasoning : undefined,
      text: Object.keys(text).length > 0 ? text : undefined,
      tools: tools.length > 0 ? tools : undefined,
      tool_choice:
        tools.length > 0 && request.toolChoice
          ? writeToolChoice(request.toolChoice, custom, openNaming(request.tools))
          : undefined,
      parallel_tool_calls: tools.length > 0 ? request.parallelTools : undefined,
      metadata: request.metadata,
      user: endUser(request.endUser, losses),
      prompt_cache_key: request.promptCacheKey,
      service_tier: writeTier(request.serviceTier, losses),
      stream: request.stream ? true : undefined,
    }),
  };
  return {
    body: restore(body, request.from === 'responses' ? request.native : {}),
    dropped: losses.list,
    undo: { names: renamed('responses', request), custom: new Set(), answerTool: undefined, wrapped },
  };
}

/** Tools as this format writes them; also what an answer repeats of its request. */
export function writeTools(tools: readonly AnyTool[], losses: Losses): Json[] {
  return regrouped(tools, (tool) => writeTool(tool, losses));
}

function writeTool(tool: AnyTool, losses: Losses): Json[] {
  if (tool.type === 'raw') {
    if (tool.format === 'responses' && tool.value !== undefined) return [tool.value as Json];
    losses.drop(tool.at);
    return [];
  }
  const name = nameFor('responses', tool.name);
  const about = defined({ description: tool.description });
  if (tool.type === 'custom') {
    const format = tool.grammar === undefined ? { type: 'text' } : { type: 'grammar', ...tool.grammar };
    return [{ type: 'custom', name, ...about, format }];
  }
  if (tool.cache !== undefined) losses.drop('cache_control');
  // Unsaid, this API would rewrite the schema into its strict subset.
  const parameters = argsSchema(tool.schema);
  const strict = writeStrict(tool.strict, parameters, losses) === true;
  return [{ type: 'function', name, ...about, parameters, strict }];
}

export function writeShape(shape: Shape): Json {
  if (shape.type === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    name: shape.name === undefined ? 'answer' : nameFor('responses', shape.name),
    ...defined({ description: shape.description }),
    schema: shape.schema,
    ...defined({ strict: shape.strict }),
  };
}

export function writeToolChoice(choice: ToolChoice, custom: ReadonlySet<string>, naming: Naming): unknown {
  if (choice.type !== 'named') return choice.type;
  return { type: custom.has(choice.name) ? 'custom' : 'function', ...named(choice.name, naming) };
}

// ---

function writeInstructions(system: readonly Message[], losses: Losses): string {
  for (const message of system)
    for (const part of message.parts) {
      if (part.type === 'raw') losses.drop(part.at);
      if ('cache' in part && part.cache !== undefined) losses.drop('cache_control');
    }
  return system.map((message) => textOf(message.parts, '\n\n')).join('\n\n');
}

type Naming = ReturnType<typeof openNaming>;

function named(name: string, naming: Naming): Json {
  const made = naming(name);
  return 'namespace' in made ? made : { name: nameFor('responses', name) };
}

function writeInput(messages: readonly Message[], naming: Naming, losses: Losses): Json[] {
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
      const item = writeItem(part, custom, naming, losses);
      if (item === undefined) said.push(...writePart(part, role, losses));
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
function writeItem(part: Part, custom: ReadonlySet<string>, naming: Naming, losses: Losses): Json[] | undefined {
  switch (part.type) {
    case 'toolCall': {
      if (part.cache !== undefined) losses.drop('cache_control');
      const id = { call_id: idFor(part.id), ...named(part.name, naming) };
      if (part.custom === true) return [{ type: 'custom_tool_call', ...id, input: part.args }];
      return [{ type: 'function_call', ...id, arguments: part.args === '' ? '{}' : part.args }];
    }
    case 'toolResult': {
      if (part.cache !== undefined) losses.drop('cache_control');
      const parts = part.parts.flatMap((inner) => writePart(inner, 'user', losses));
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
        losses.drop('reasoning');
        return [];
      }
      const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
      return [{ type: 'reasoning', id: own.id ?? '', summary, encrypted_content: own.encrypted_content }];
    }
    case 'raw':
      if (part.format !== 'responses') losses.drop(part.at);
      else if (part.value !== undefined) return [part.value as Json];
      return [];
    default:
      return undefined;
  }
}

function writePart(part: Part, role: string, losses: Losses): Json[] {
  switch (part.type) {
    case 'text':
      if (part.cache !== undefined) losses.drop('cache_control');
      if (part.citations !== undefined) losses.drop('citations');
      return part.text === '' ? [] : [{ type: 'input_text', text: part.text }];
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'input_text', text: part.text }];
    case 'media':
      if (role !== 'assistant') return writeMedia(part, losses);
      losses.drop(part.kind); // the model's own turns hold words alone
      return [];
    default:
      if (part.type === 'raw') losses.drop(part.at);
      return [];
  }
}

function plainIfText(parts: readonly Json[]): unknown {
  const only = parts.length === 1 ? parts[0] : undefined;
  return typeof only?.['text'] === 'string' ? only['text'] : parts;
}

function writeMedia(media: Media, losses: Losses): Json[] {
  if (media.cache !== undefined) losses.drop('cache_control');
  if (media.kind === 'image')
    return [{ type: 'input_image', image_url: dataUrl(media), detail: media.detail ?? 'auto' }];
  if (media.kind === 'document') {
    if (media.url !== undefined) return [{ type: 'input_file', file_url: media.url }];
    if (isText(media)) return [{ type: 'input_text', text: asText(media) }];
    return [
      { type: 'input_file', filename: media.name ?? `document.${extensionOf(media.mime)}`, file_data: dataUrl(media) },
    ];
  }
  losses.drop(media.kind);
  return [];
}
