// Neutral form as an Anthropic messages request. Source: Anthropic API reference, "Messages"; which model takes what is
// in models.ts.

import type { Target } from '../../../../config/target';
import { customAsFunction } from '../openaiChat/encodeRequest';
import type { Encoded, Json } from '../codec';
import { defined, restore } from '../shared/json';
import { type Losses, openLosses } from '../shared/droppedFields';
import { type ClaudeRules, claudeRules } from '../shared/modelProfiles';
import { nameFor, renamed } from '../shared/names';
import type { AnyTool, NeutralRequest, Shape, ToolChoice } from '../neutral';
import { schemaForAnthropic } from '../schema/jsonSchema';
import { argsSchema } from '../schema/toolSchema';
import { wrapShape } from '../schema/wrapNonObject';
import { writeSampling, writeStops, writeThinking, writeTier, writeUser } from './encodeSettings';
import { cacheControl, writeSystem, writeTurns } from './encodeMessages';

/** For a model whose own limit nobody knows; above any answer people wait for, within what every current model takes. */
const unknownMaxOutput = 32_000;

export function writeRequest(request: NeutralRequest, target: Target): Encoded {
  const losses = openLosses(request, 'messages');
  const rules = claudeRules(target);
  const custom = new Set<string>();
  // A missing maximum is the model's own limit: a small constant would cut answers nobody asked to cut.
  const most = target.maxOutput ?? (request.maxOutput === undefined ? unknownMaxOutput : Infinity);
  const maxTokens = Math.min(request.maxOutput ?? Infinity, most);

  const { shape, wrapped } = wrapShape(request.shape);
  const form = writeForm(request, shape, rules);
  const tools = [...writeTools(request, rules, custom, losses), ...form.tools];
  const choice = writeChoice(request, form.choice, rules, tools.length > 0, losses);
  const forced = choice !== undefined && (choice['type'] === 'any' || choice['type'] === 'tool');
  const thought = writeThinking(request, target, rules, maxTokens, forced, losses);
  const { system, turns } = writeTurns(request, target, rules, losses);
  if (form.say !== undefined) system.push({ type: 'text', text: form.say });
  for (const [name, value] of [
    ['frequency_penalty', request.frequencyPenalty],
    ['presence_penalty', request.presencePenalty],
    ['seed', request.seed],
    ['logprobs', request.chances],
    ['verbosity', request.verbosity],
    ['prompt_cache_key', request.promptCacheKey],
    ['metadata', request.metadata],
  ] as const)
    losses.dropIf(value, name);
  const output = defined({ effort: thought.effort, format: form.format });
  return {
    body: restore(
      {
        model: target.model,
        max_tokens: maxTokens,
        messages: turns,
        ...defined({
          system: system.length === 0 ? undefined : writeSystem(system),
          ...writeSampling(request, rules, thought.on, losses),
          stop_sequences: writeStops(request.stop, losses),
          metadata: writeUser(request.endUser, losses),
          service_tier: writeTier(request.serviceTier, losses),
          thinking: thought.thinking,
          output_config: Object.keys(output).length > 0 ? output : undefined,
          tools: tools.length > 0 ? tools : undefined,
          tool_choice: choice,
          stream: request.stream ? true : undefined,
        }),
      },
      request.from === 'messages' ? request.native : {},
    ),
    dropped: losses.list,
    undo: { names: renamed('messages', request), custom, answerTool: form.answerTool, wrapped },
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
function writeForm(request: NeutralRequest, shape: Shape | undefined, rules: ClaudeRules): Form {
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

function writeTools(request: NeutralRequest, rules: ClaudeRules, custom: Set<string>, losses: Losses): Json[] {
  const tools = request.tools?.flatMap((tool) => writeTool(tool, rules, custom, losses)) ?? [];
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

function writeTool(tool: AnyTool, rules: ClaudeRules, custom: Set<string>, losses: Losses): Json[] {
  if (tool.type === 'raw') {
    if (tool.format === 'messages' && tool.value !== undefined) return [tool.value as Json];
    losses.drop(tool.at);
    return [];
  }
  const name = nameFor('messages', tool.name);
  if (tool.type === 'custom') {
    custom.add(tool.name);
    const { parameters, ...rest } = customAsFunction(name, tool);
    return [{ ...rest, input_schema: parameters }];
  }
  const strict = tool.strict === true && rules.schema;
  if (tool.strict === true && !strict) losses.drop('strict');
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

function writeChoice(
  request: NeutralRequest,
  own: ToolChoice | undefined,
  rules: ClaudeRules,
  hasTools: boolean,
  losses: Losses,
): Json | undefined {
  // prettier-ignore
  if (!hasTools) return undefined;
  const declared = (request.tools ?? []).length > 0;
  let choice: ToolChoice | undefined = own ?? (declared ? request.toolChoice : { type: 'none' });
  if ((choice?.type === 'required' || choice?.type === 'named') && !rules.forcedTool) {
    losses.drop('tool_choice');
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
