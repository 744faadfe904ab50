// Neutral form as an Anthropic messages request. Source: Anthropic API reference, "Messages"; which model takes what is
// in models.ts.

import type { Target } from '../../../../config/target';
import type { Encoded, Json } from '../codec';
import { budgetOf, effortOf, nearestEffort, thinks } from '../effort';
import { defined, parseArgs, restore } from '../json';
import { type Losses, openLosses, refuse } from '../loss';
import { isText, plainText } from '../media';
import { type ClaudeRules, claudeRules } from '../models';
import { idFor, nameFor, renamed } from '../names';
import type {
  AnyTool,
  CacheMark,
  Effort,
  Media,
  Message,
  NeutralRequest,
  Part,
  Reasoning,
  ToolChoice,
} from '../neutral';
import { argsSchema, schemaForAnthropic } from '../schema';
import { customAsFunction } from '../chat/writeRequest';
import { customArgs } from '../undo';

/** For a model whose own limit nobody knows; above any answer people wait for, within what every current model takes. */
const unknownMaxOutput = 32_000;

export function writeRequest(request: NeutralRequest, target: Target): Encoded {
  const losses = openLosses(request, 'messages');
  const rules = claudeRules(target);
  const custom = new Set<string>();
  // A missing maximum is the model's own limit: a small constant would cut answers nobody asked to cut.
  const most = target.maxOutput ?? (request.maxOutput === undefined ? unknownMaxOutput : Infinity);
  const maxTokens = Math.min(request.maxOutput ?? Infinity, most);

  const form = writeForm(request, rules);
  const tools = [...writeTools(request, custom, losses), ...form.tools];
  const choice = writeChoice(request, form.choice, rules, tools.length > 0, losses);
  const forced = choice !== undefined && (choice['type'] === 'any' || choice['type'] === 'tool');
  const thought = writeThinking(request, target, rules, maxTokens, forced, losses);
  const { system, turns } = writeTurns(request, target, rules, losses);
  if (form.say !== undefined) system.push({ type: 'text', text: form.say });
  for (const [name, value] of [
    ['frequency_penalty', request.frequencyPenalty],
    ['presence_penalty', request.presencePenalty],
    ['seed', request.seed],
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
    undo: { names: renamed('messages', request), custom, answerTool: form.answerTool },
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

// By itself where the model can; else through a tool it must call, whose arguments are the answer; else by asking.
function writeForm(request: NeutralRequest, rules: ClaudeRules): Form {
  const shape = request.shape;
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
    tools: [{ name, description, input_schema: argsSchema(shape.type === 'schema' ? shape.schema : {}) }],
    choice: others ? { type: 'required' } : { type: 'named', name },
    answerTool: name,
  };
}

// --- settings

interface Thought {
  readonly on: boolean;
  readonly thinking?: Json;
  readonly effort?: Effort;
}

function writeThinking(
  request: NeutralRequest,
  target: Target,
  rules: ClaudeRules,
  maxTokens: number,
  forced: boolean,
  losses: Losses,
): Thought {
  // prettier-ignore
  const wanted = request.thinking;
  if (wanted === undefined) return { on: rules.thinking === 'always' };
  const show = { display: wanted.show ? 'summarized' : 'omitted' };
  const effort = effortOf(wanted);
  if (rules.thinking === 'none') {
    if (thinks(wanted)) losses.drop('reasoning');
    return { on: false };
  }
  if (rules.thinking === 'budget') {
    if (!thinks(wanted)) return { on: false };
    // Refused by the API: together with a forced tool, without room, or in a tool loop whose own thoughts are missing.
    if (forced || maxTokens <= 1_024 || loopWithoutThoughts(request, target)) {
      losses.drop('reasoning');
      return { on: false };
    }
    return { on: true, thinking: { type: 'enabled', budget_tokens: budgetOf(wanted, maxTokens) } };
  }
  if (!thinks(wanted)) {
    if (rules.thinking === 'adaptive') return { on: false, thinking: { type: 'disabled' } };
    losses.drop('reasoning'); // it cannot be switched off: as little as possible
    return { on: true, effort: 'low' };
  }
  if (forced) {
    losses.drop('reasoning');
    return { on: false };
  }
  const levels: readonly Effort[] = /-4[-.]6/.test(target.model)
    ? ['low', 'medium', 'high', 'max']
    : ['low', 'medium', 'high', 'xhigh', 'max'];
  return {
    on: true,
    thinking: { type: 'adaptive', ...show },
    ...(effort === undefined ? {} : { effort: nearestEffort(effort, levels) }),
  };
}

// A turn that called a tool while thinking must come back with its thoughts, or thinking must be off.
function loopWithoutThoughts(request: NeutralRequest, target: Target): boolean {
  const last = request.messages.findLast((message) => message.role === 'assistant');
  if (last === undefined || request.messages.at(-1)?.parts.some((part) => part.type === 'toolResult') !== true)
    return false;
  return !last.parts.some((part) => part.type === 'reasoning' && isOwn(part, target));
}

function isOwn(part: Reasoning, target: Target): boolean {
  if (part.opaque?.format !== 'messages') return false;
  const maker = part.opaque.model;
  return maker === undefined || maker.startsWith(target.model) || target.model.startsWith(maker);
}

function writeSampling(request: NeutralRequest, rules: ClaudeRules, thinking: boolean, losses: Losses): Json {
  const { temperature, topP, topK } = request;
  if (!rules.sampling || thinking) {
    if (temperature !== 1) losses.dropIf(temperature, 'temperature');
    if (topP !== 1) losses.dropIf(topP, 'top_p');
    losses.dropIf(topK, 'top_k');
    return {};
  }
  // Claude 4.1 and later refuse both together.
  const both = temperature !== undefined && topP !== undefined;
  if (both && topP !== 1) losses.drop('top_p');
  return defined({
    temperature: temperature === undefined ? undefined : Math.min(1, temperature), // its scale ends at 1, the others' at 2
    top_p: both ? undefined : topP,
    top_k: topK,
  });
}

function writeStops(stop: readonly string[] | undefined, losses: Losses): readonly string[] | undefined {
  const kept = stop?.filter((text) => text.trim() !== ''); // blank ones are refused
  if (kept?.length !== stop?.length) losses.drop('stop');
  return kept === undefined || kept.length === 0 ? undefined : kept;
}

function writeUser(user: string | undefined, losses: Losses): Json | undefined {
  if (user === undefined || user === '') return undefined;
  if (user.length <= 256) return { user_id: user };
  losses.drop('user');
  return undefined;
}

function writeTier(tier: string | undefined, losses: Losses): string | undefined {
  if (tier === undefined || tier === 'auto' || tier === 'standard_only') return tier;
  if (tier === 'default') return 'standard_only';
  losses.drop('service_tier');
  return undefined;
}

// --- tools

function writeTools(request: NeutralRequest, custom: Set<string>, losses: Losses): Json[] {
  const tools = request.tools?.flatMap((tool) => writeTool(tool, custom, losses)) ?? [];
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

function writeTool(tool: AnyTool, custom: Set<string>, losses: Losses): Json[] {
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
  return [
    {
      name,
      ...defined({ description: tool.description }),
      input_schema: argsSchema(tool.schema),
      ...(tool.strict === true ? { strict: true } : {}),
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

// --- turns

interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: Json[];
}

// System words at the head are the system prompt. Later ones keep their place: as such where the model knows that, else
// as the user's, marked.
function writeTurns(
  request: NeutralRequest,
  target: Target,
  rules: ClaudeRules,
  losses: Losses,
): { system: Json[]; turns: Json[] } {
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  let system = request.messages.slice(0, first).flatMap((message) => writeParts(message, target, losses));
  const turns: Turn[] = [];
  const add = (role: Turn['role'], content: Json[]) => {
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) turns.push({ role, content });
  };
  for (const message of request.messages.slice(first)) {
    const content = writeParts(message, target, losses);
    if (message.role !== 'system') add(message.role, content);
    else if (rules.thinking === 'always' && turns.at(-1)?.role === 'user') add('system', content);
    else
      add(
        'user',
        content.map((block) => ({ ...block, text: `<system>\n${String(block['text'])}\n</system>` })),
      );
  }
  if (turns.length === 0) {
    if (system.length === 0) refuse('messages', 'holds nothing but blank turns, which Anthropic refuses.');
    turns.push({ role: 'user', content: system }); // nothing but a system prompt: that is the question
    system = [];
  }
  if (turns[0]?.role === 'assistant')
    turns.unshift({ role: 'user', content: [{ type: 'text', text: '(The conversation begins.)' }] });
  const last = turns.at(-1);
  if (last?.role === 'assistant') {
    if (rules.prefill) trimEnd(last.content);
    else {
      losses.drop('prefill');
      turns.push({
        role: 'user',
        content: [{ type: 'text', text: 'Go on exactly where your last message stops, without repeating it.' }],
      });
    }
  }
  return {
    system,
    turns: turns.map(({ role, content }) => ({
      role,
      content: plainIfText(role === 'user' ? resultsFirst(content) : content),
    })),
  };
}

// Results must stand before everything else in the turn that follows a call.
function resultsFirst(content: readonly Json[]): Json[] {
  const isResult = (block: Json) => block['type'] === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

// White space at the end of the last assistant turn is refused.
function trimEnd(content: Json[]): void {
  const last = content.at(-1);
  if (last?.['type'] === 'text') content[content.length - 1] = { ...last, text: String(last['text']).trimEnd() };
}

function plainIfText(content: readonly Json[]): unknown {
  const only = content.length === 1 ? content[0] : undefined;
  return only?.['type'] === 'text' && only['cache_control'] === undefined ? only['text'] : content;
}

function writeSystem(blocks: readonly Json[]): unknown {
  if (blocks.some((block) => block['cache_control'] !== undefined)) return blocks;
  return blocks.map((block) => String(block['text'])).join('\n\n');
}

function writeParts(message: Message, target: Target, losses: Losses): Json[] {
  return message.parts.flatMap((part) => writePart(part, target, losses));
}

function writePart(part: Part, target: Target, losses: Losses): Json[] {
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined) losses.drop('citations');
      return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text, ...cacheControl(part.cache) }]; // blank ones are refused
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'reasoning': {
      const own = isOwn(part, target) ? (part.opaque?.value as { signature?: string; data?: string }) : undefined;
      if (own?.signature !== undefined) return [{ type: 'thinking', thinking: part.text, signature: own.signature }];
      if (own?.data !== undefined) return [{ type: 'redacted_thinking', data: own.data }];
      losses.drop('reasoning');
      return [];
    }
    case 'media':
      return writeMedia(part, losses);
    case 'toolCall':
      return [
        {
          type: 'tool_use',
          id: idFor(part.id),
          name: nameFor('messages', part.name),
          input: parseArgs(part.custom === true ? customArgs(part.args) : part.args),
          ...cacheControl(part.cache),
        },
      ];
    case 'toolResult':
      return [
        {
          type: 'tool_result',
          tool_use_id: idFor(part.id),
          content: plainIfText(part.parts.flatMap((inner) => writePart(inner, target, losses))),
          ...(part.isError ? { is_error: true } : {}),
          ...cacheControl(part.cache),
        },
      ];
    case 'raw':
      if (part.format === 'messages' && part.value !== undefined) return [part.value as Json];
      losses.drop(part.at);
      return [];
  }
}

function writeMedia(media: Media, losses: Losses): Json[] {
  const cache = cacheControl(media.cache);
  if (media.detail !== undefined && media.detail !== 'auto') losses.drop('detail');
  if (media.kind === 'image' || (media.kind === 'document' && media.mime.startsWith('image/'))) {
    if (media.url !== undefined) return [{ type: 'image', source: { type: 'url', url: media.url }, ...cache }];
    return [
      {
        type: 'image',
        source: { type: 'base64', media_type: media.mime.replace('image/jpg', 'image/jpeg'), data: media.data ?? '' },
        ...cache,
      },
    ];
  }
  if (media.kind === 'document') {
    const title = defined({ title: media.name });
    if (media.url !== undefined)
      return [{ type: 'document', source: { type: 'url', url: media.url }, ...title, ...cache }];
    if (isText(media))
      return [
        {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: plainText(media) },
          ...title,
          ...cache,
        },
      ];
    if (media.mime === 'application/pdf')
      return [
        {
          type: 'document',
          source: { type: 'base64', media_type: media.mime, data: media.data ?? '' },
          ...title,
          ...cache,
        },
      ];
  }
  losses.drop(media.kind === 'document' ? media.mime : media.kind);
  return [];
}

function cacheControl(cache: CacheMark | undefined): Json {
  if (cache === undefined) return {};
  return { cache_control: { type: 'ephemeral', ...(cache === '1h' ? { ttl: '1h' } : {}) } };
}
