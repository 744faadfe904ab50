// Neutral form as an Anthropic messages request. Source: Anthropic API reference, "Messages"; which model takes what is
// in models.ts.

import type { Target } from '../../../../config/target';
import { customAsFunction } from '../openaiChat/encodeRequest';
import type { EncodedRequest, Json } from '../codec';
import { defined, restore } from '../shared/json';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { type ClaudeProfile, claudeProfile } from '../shared/modelProfiles';
import { nameFor, renamed } from '../shared/names';
import type { AnyTool, NeutralRequest, ResponseFormat, ToolChoice } from '../neutral';
import { schemaForAnthropic } from '../schema/jsonSchema';
import { argsSchema } from '../schema/toolSchema';
import { wrapNonObjectSchema } from '../schema/wrapNonObject';
import { encodeSampling, encodeStops, encodeReasoning, encodeTier, encodeUser } from './encodeSettings';
import { cacheControl, encodeSystem, encodeMessages } from './encodeMessages';

/** For a model whose own limit nobody knows; above any answer people wait for, within what every current model takes. */
const unknownMaxOutput = 32_000;

export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'messages');
  const rules = claudeProfile(target);
  const custom = new Set<string>();
  // A missing maximum is the model's own limit: a small constant would cut answers nobody asked to cut.
  const most = target.maxOutput ?? (request.maxOutput === undefined ? unknownMaxOutput : Infinity);
  const maxTokens = Math.min(request.maxOutput ?? Infinity, most);

  const { shape, wrapped } = wrapNonObjectSchema(request.responseFormat);
  const form = encodeForm(request, shape, rules);
  const tools = [...encodeTools(request, rules, custom, droppedFields), ...form.tools];
  const choice = encodeChoice(request, form.choice, rules, tools.length > 0, droppedFields);
  const forced = choice !== undefined && (choice['type'] === 'any' || choice['type'] === 'tool');
  const thought = encodeReasoning(request, target, rules, maxTokens, forced, droppedFields);
  const { system, turns } = encodeMessages(request, target, rules, droppedFields);
  if (form.say !== undefined) system.push({ type: 'text', text: form.say });
  for (const [name, value] of [
    ['frequency_penalty', request.frequencyPenalty],
    ['presence_penalty', request.presencePenalty],
    ['seed', request.seed],
    ['logprobs', request.topLogprobs],
    ['verbosity', request.verbosity],
    ['prompt_cache_key', request.promptCacheKey],
    ['metadata', request.metadata],
  ] as const)
    droppedFields.dropIf(value, name);
  const output = defined({ effort: thought.effort, format: form.format });
  return {
    body: restore(
      {
        model: target.model,
        max_tokens: maxTokens,
        messages: turns,
        ...defined({
          system: system.length === 0 ? undefined : encodeSystem(system),
          ...encodeSampling(request, rules, thought.on, droppedFields),
          stop_sequences: encodeStops(request.stop, droppedFields),
          metadata: encodeUser(request.endUser, droppedFields),
          service_tier: encodeTier(request.serviceTier, droppedFields),
          thinking: thought.thinking,
          output_config: Object.keys(output).length > 0 ? output : undefined,
          tools: tools.length > 0 ? tools : undefined,
          tool_choice: choice,
          stream: request.stream ? true : undefined,
        }),
      },
      request.from === 'messages' ? request.native : {},
    ),
    dropped: droppedFields.list,
    fixups: { names: renamed('messages', request), custom, answerTool: form.answerTool, wrapped },
  };
}

// --- the form of the answer

interface Form {
  readonly format?: Json;
  readonly tools: readonly Json[];
  readonly choice?: ToolChoice;
  readonly answerTool?: string;
  readonly say?: string;
}

const anyObject = { type: 'object', additionalProperties: true }; // one without fields would be answered by {}

// By itself where the model can; else through a tool it must call, whose arguments are the answer; else by asking.
function encodeForm(request: NeutralRequest, shape: ResponseFormat | undefined, rules: ClaudeProfile): Form {
  if (shape === undefined) return { tools: [] };
  if (shape.type === 'schema' && rules.schema)
    return { tools: [], format: { type: 'json_schema', schema: schemaForAnthropic(shape.schema) } };
  if (!rules.forcedTool)
    return { tools: [], say: 'Answer with one JSON object and nothing else: no words around it, no code fence.' };
  const taken = new Set(request.tools?.map((tool) => (tool.type === 'raw' ? '' : tool.name)));
  const name = taken.has('answer') ? 'structured_answer' : 'answer';
  const others = (request.tools ?? []).some((tool) => tool.type !== 'raw') && request.toolChoice?.type !== 'none';
  const description =
    (shape.type === 'schema' ? shape.description : undefined) ?? 'Gives the answer in the form that is asked for.';
  return {
    tools: [{ name, description, input_schema: shape.type === 'schema' ? argsSchema(shape.schema) : anyObject }],
    choice: others ? { type: 'required' } : { type: 'named', name },
    answerTool: name,
  };
}

// --- tools

function encodeTools(
  request: NeutralRequest,
  rules: ClaudeProfile,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] {
  const tools = request.tools?.flatMap((tool) => encodeTool(tool, rules, custom, droppedFields)) ?? [];
  if (tools.length > 0) return tools;
  // Calls in the history are refused without tools to explain them.
  const called = new Set(
    request.messages.flatMap((message) =>
      message.parts.flatMap((part) => (part.type === 'toolCall' ? [part.name] : [])),
    ),
  );
  return [...called].map((name) => ({
    name: nameFor('messages', name),
    input_schema: { type: 'object', properties: {} },
  }));
}

function encodeTool(tool: AnyTool, rules: ClaudeProfile, custom: Set<string>, droppedFields: DroppedFields): Json[] {
  if (tool.type === 'raw') {
    if (tool.format === 'messages' && tool.value !== undefined) return [tool.value as Json];
    droppedFields.drop(tool.at);
    return [];
  }
  const name = nameFor('messages', tool.name);
  if (tool.type === 'custom') {
    custom.add(tool.name);
    const { parameters, ...rest } = customAsFunction(name, tool);
    return [{ ...rest, input_schema: parameters }];
  }
  const strict = tool.strict === true && rules.schema;
  if (tool.strict === true && !strict) droppedFields.drop('strict');
  const schema = argsSchema(tool.schema);
  return [
    {
      name,
      ...defined({ description: tool.description }),
      input_schema: strict ? schemaForAnthropic(schema) : schema, // strict tools have the limits of structured outputs
      ...(strict ? { strict } : {}),
      ...cacheControl(tool.cache),
    },
  ];
}

function encodeChoice(
  request: NeutralRequest,
  own: ToolChoice | undefined,
  rules: ClaudeProfile,
  hasTools: boolean,
  droppedFields: DroppedFields,
): Json | undefined {
  // prettier-ignore
  if (!hasTools) return undefined;
  const declared = (request.tools ?? []).length > 0;
  let choice: ToolChoice | undefined = own ?? (declared ? request.toolChoice : { type: 'none' });
  if ((choice?.type === 'required' || choice?.type === 'named') && !rules.forcedTool) {
    droppedFields.drop('tool_choice');
    choice = { type: 'auto' };
  }
  const serial = request.parallelTools === false;
  if (choice === undefined) return serial ? { type: 'auto', disable_parallel_tool_use: true } : undefined;
  if (choice.type === 'none') return { type: 'none' };
  return {
    ...(choice.type === 'named'
      ? { type: 'tool', name: nameFor('messages', choice.name) }
      : { type: choice.type === 'required' ? 'any' : 'auto' }),
    ...(serial ? { disable_parallel_tool_use: true } : {}),
  };
}
