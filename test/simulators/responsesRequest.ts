// Reads a request for a response as strictly as OpenAI does: its fields here, its items in responsesInput.ts.
import { inputTokens, lastUserText, textSegment, type Conversation } from './answer';
import type { Memory } from './memory';
import { findModel, type Model } from './models';
import { defaultEffort, isReasoningModel, refuseEffort } from './openaiModels';
import { between, missing, parseBody, wrongType, wrongValue } from './openaiChecks';
import { readSchema, refuseWordless } from './openaiParts';
import { badRequest, responseTooLong } from './openaiRefusals';
import { readInput } from './responsesInput';
import { readResponseTools, responseSearching, responseToolChoice } from './responsesTools';
import { wordsForLevel } from './thinking';
import { isJson, shown, type Json } from './wire';

export interface ResponseRequest {
  /** the fields as they were sent, most of which the answer repeats */
  request: Json;
  conversation: Conversation;
  prompt: string;
  stream: boolean;
  obfuscate: boolean;
  /** everything that was said before, in items: what is kept if the answer is */
  items: readonly unknown[];
  effort: string;
  /** the thoughts are told in short, and handed out encrypted */
  summary: boolean;
  encrypted: boolean;
  /** the addresses that a search has found are told */
  sources: boolean;
}

/** The request, or OpenAI's refusal thrown. */
export function readResponseRequest(body: Buffer, memory: Memory): ResponseRequest {
  const request = parseBody(body);
  refuseUnknownFields(request);
  const model = knownModel(request);
  refuseValues(request, model);
  const items = [...previousItems(request, memory), ...ownItems(request)];
  const read = readInput(items, memory);
  const tools = readResponseTools(request.tools);
  const instructions = typeof request.instructions === 'string' ? [textSegment(request.instructions)] : [];
  const segments = [...instructions, ...tools.map(({ counted }) => textSegment(counted)), ...read.segments];
  if (inputTokens(segments) > model.context) throw responseTooLong();
  const reasoning = isJson(request.reasoning) ? request.reasoning : {};
  const effort = shown(reasoning.effort ?? defaultEffort(model.id));
  const words = wordsForLevel(effort);
  if (words === undefined) throw wrongValue('reasoning.effort', effort, EFFORTS);
  const searching = responseSearching(request.tools, request.tool_choice);
  if (effort === 'minimal' && searching !== undefined)
    throw badRequest("The following tools cannot be used with reasoning.effort 'minimal': web_search.", 'tools');
  const include: unknown[] = Array.isArray(request.include) ? request.include : [];
  const options = isJson(request.stream_options) ? request.stream_options : {};
  const conversation: Conversation = {
    model: model.id,
    turns: read.turns,
    tools: tools.filter((tool) => tool.name !== ''),
    toolChoice: responseToolChoice(request.tool_choice, tools),
    parallel: request.parallel_tool_calls !== false,
    limit: typeof request.max_output_tokens === 'number' ? request.max_output_tokens : undefined,
    stop: [],
    segments,
    preamble: false,
    searching,
    format: readTextFormat(request.text, read.segments),
    thinking: isReasoningModel(model.id) ? words : 0,
  };
  return {
    request,
    conversation,
    prompt: lastUserText(read.turns),
    stream: request.stream === true,
    obfuscate: options.include_obfuscation !== false,
    items,
    effort,
    summary: (reasoning.summary ?? reasoning.generate_summary) != null,
    encrypted: include.includes('reasoning.encrypted_content'),
    sources: include.includes('web_search_call.action.sources'),
  };
}

// ---

// Names that begin with x_ stand for fields that came after this list: a pass-through must not lose them.
const FIELDS = new Set(
  (
    'background client_metadata context_management conversation include input instructions max_output_tokens max_tool_calls metadata model ' +
    'moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options ' +
    'prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text ' +
    'tool_choice tools top_logprobs top_p truncation user'
  ).split(' '),
);
/** What chat calls by another name is refused with a hint. */
const MOVED: Partial<Record<string, string>> = {
  messages: 'input',
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  response_format: 'text.format',
  reasoning_effort: 'reasoning.effort',
  verbosity: 'text.verbosity',
};
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
const INCLUDES = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
];

function refuseUnknownFields(request: Json): void {
  for (const name of Object.keys(request)) {
    if (FIELDS.has(name) || name.startsWith('x_')) continue;
    const moved = MOVED[name];
    if (moved === undefined) throw badRequest(`Unknown parameter: '${name}'.`, name, 'unknown_parameter');
    const where = `In the Responses API, this parameter has moved to '${moved}'. Try again with the new parameter.`;
    const more =
      'See the API documentation for more information: https://platform.openai.com/docs/api-reference/responses/create.';
    throw badRequest(`Unsupported parameter: '${name}'. ${where} ${more}`, null, 'unsupported_parameter');
  }
}

function knownModel(request: Json): Model {
  if (request.model === undefined) throw missing('model');
  if (typeof request.model !== 'string') throw wrongType('model', 'a string', request.model);
  const model = findModel('openai', request.model);
  if (model && model.output > 0) return model;
  throw badRequest(`The requested model '${request.model}' does not exist.`, 'model', 'model_not_found');
}

function refuseValues(request: Json, model: Model): void {
  between(request, 'max_output_tokens', 16, model.output);
  between(request, 'temperature', 0, 2);
  between(request, 'top_p', 0, 1);
  between(request, 'top_logprobs', 0, 20);
  const effort = isJson(request.reasoning) ? request.reasoning.effort : undefined;
  if (isReasoningModel(model.id)) {
    const thinks = (effort ?? defaultEffort(model.id)) !== 'none';
    for (const name of ['temperature', 'top_p'] as const) {
      if (!thinks || request[name] == null || request[name] === 1) continue;
      throw badRequest(`Unsupported parameter: '${name}' is not supported with this model.`, name);
    }
    const logprobs = Array.isArray(request.include) && request.include.includes('message.output_text.logprobs');
    if (thinks && (logprobs || shown(request.top_logprobs ?? 0) !== '0'))
      throw badRequest('logprobs are not supported with reasoning models.', logprobs ? 'include' : 'top_logprobs');
    refuseEffort(effort, 'reasoning.effort', model.id);
  } else if (effort != null) {
    const at = 'reasoning.effort';
    throw badRequest(`Unsupported parameter: '${at}' is not supported with this model.`, at, 'unsupported_parameter');
  }
  const include: unknown = request.include;
  if (include != null && !Array.isArray(include)) throw wrongType('include', 'an array of strings', include);
  (include as unknown[] | null | undefined)?.forEach((one, n) => {
    if (!INCLUDES.includes(shown(one))) throw wrongValue(`include[${n}]`, one, INCLUDES);
  });
  if (request.instructions != null && typeof request.instructions !== 'string')
    throw wrongType('instructions', 'a string', request.instructions);
  if (
    isJson(request.text) &&
    request.text.verbosity != null &&
    !/^(?:low|medium|high)$/.test(shown(request.text.verbosity))
  )
    throw wrongValue('text.verbosity', request.text.verbosity, ['low', 'medium', 'high']);
  refuseMetadata(request.metadata);
}

function refuseMetadata(metadata: unknown): void {
  if (metadata == null) return;
  if (!isJson(metadata)) throw wrongType('metadata', 'an object with values of type string', metadata);
  for (const [name, value] of Object.entries(metadata))
    if (typeof value !== 'string') throw wrongType(`metadata.${name}`, 'a string', value);
}

/** What was said up to the answer that this request goes on from. */
function previousItems(request: Json, memory: Memory): readonly unknown[] {
  const id = request.previous_response_id;
  if (id == null) return [];
  if (typeof id !== 'string') throw wrongType('previous_response_id', 'a string', id);
  const items = memory.responses.get(id);
  if (items) return items;
  throw badRequest(
    `Previous response with id '${id}' not found.`,
    'previous_response_id',
    'previous_response_not_found',
  );
}

function ownItems(request: Json): unknown[] {
  const input = request.input;
  if (input === undefined && request.previous_response_id == null) {
    const one = 'One of "input" or "previous_response_id" or \'prompt\' or \'conversation_id\' must be provided.';
    throw badRequest(one, 'input', 'missing_required_parameter');
  }
  if (input == null) return [];
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  if (Array.isArray(input)) return input;
  throw wrongType('input', 'one of an array of objects or string', input);
}

function readTextFormat(text: unknown, prompt: Conversation['segments']): Conversation['format'] {
  if (text != null && !isJson(text)) throw wrongType('text', 'an object', text);
  const format = text?.format;
  if (format == null) return undefined;
  if (!isJson(format)) throw wrongType('text.format', 'an object', format);
  if (format.type === 'text') return undefined;
  if (format.type === 'json_object') {
    const must =
      "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
    refuseWordless(prompt, must, 'input');
    return {};
  }
  if (format.type !== 'json_schema')
    throw wrongValue('text.format.type', format.type, ['json_object', 'json_schema', 'text']);
  if (!isJson(format.schema)) throw missing('text.format.schema');
  return readSchema(format, 'text.format', 'text.format.schema');
}
