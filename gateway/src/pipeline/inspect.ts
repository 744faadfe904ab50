// What a request asks for, read off its bytes in one pass: model, stream, maximum output and what it needs of a model.

import type { Capability } from '../../../config/catalogue';
import type { Limits } from '../../../config/limits';
import { GatewayError } from '../core/errors';
import { maxTokensPerRequest } from '../core/usage';
import { field, type JsonScan, scanJsonInSlices } from '../core/jsonScan';
import type { Needs } from './plan';
import { isObject } from '../wire/shared/json';
import type { Format } from '../wire/neutral';
import { envelopeMark } from '../wire/reasoning/envelope';

export interface RequestFacts {
  /** The format of the body; that of the path but for clients that send one API's bodies to another's path. */
  readonly format: Format;
  /** The body is this format through and through, and holds nothing of ours: it may pass as it is. */
  readonly passable: boolean;
  /** Fields of OpenRouter's that OpenAI itself refuses stand in it. */
  readonly hasRouterFields: boolean;
  /** Thoughts of another provider stand in it, in our envelopes. */
  readonly hasEnvelopes: boolean;
  readonly model: string;
  readonly stream: boolean;
  /** Asked for as a stream in the form of one JSON list: Gemini's, without `alt=sse`. */
  readonly asList: boolean;
  /** A streamed chat request that wants its usage in the stream. */
  readonly includeUsage: boolean;
  readonly endUser: string | undefined;
  readonly needs: Needs;
  readonly scan: JsonScan;
}

/** Bytes of prompt a token stands for. Low, because what is reserved too little is only noticed when it is spent. */
const bytesPerToken = 3;
/** Tokens of one image or page; what is really charged is booked when the answer says so. */
const tokensPerMedium = 1_600;

const conversationFields: Readonly<Record<Format, string>> = {
  chat: 'messages',
  responses: 'input',
  messages: 'messages',
  generate: 'contents',
};

const maximumFields: Readonly<Record<Format, readonly string[]>> = {
  chat: ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
  generate: [],
};

/** What Gemini's paths say, and the other formats' bodies. */
export interface PathModel {
  readonly model: string;
  readonly stream: boolean;
  readonly asList: boolean;
}

/**
 * @param path the format of the path
 * @throws GatewayError bad_json, too_complex, bad_request naming the field
 */
export function inspect(
  path: Format,
  body: Buffer,
  limits: Limits,
  named?: PathModel,
): RequestFacts | Promise<RequestFacts> {
  const seeing = scanJsonInSlices(body, { depth: limits.json_depth, nodes: limits.json_nodes, mark: envelopeMark });
  return seeing instanceof Promise
    ? seeing.then((seen) => factsOf(path, body, seen, named))
    : factsOf(path, body, seeing, named);
}

/** Characters of a model's name. It becomes a row of the ledger, a header and a record of health; OpenRouter's longest has 70. */
const longestModelName = 256;

/** What a body names as its model. A long one is not parsed. */
export function modelField(body: Buffer, seen: JsonScan): unknown {
  const span = seen.fields.get('model');
  return span !== undefined && span.end - span.start > 6 * longestModelName + 2
    ? 'x'.repeat(longestModelName + 1)
    : field(body, seen, 'model');
}

/** @throws GatewayError bad_request for what is no name of a model */
export function modelName(value: unknown): string {
  if (typeof value !== 'string' || value === '') {
    throw new GatewayError('bad_request', {
      field: 'model',
      message: '"model" is missing: name a model or a route. GET /v1/models lists them.',
    });
  }
  if (value.length > longestModelName) {
    throw new GatewayError('bad_request', {
      field: 'model',
      message: `"model" is too long: a name has at most ${longestModelName} characters. GET /v1/models lists them.`,
    });
  }
  return value;
}

/** Input tokens a body may be charged for, from its bytes: no tokenizer, whose cost an attacker could choose. */
export function estimateInput(seen: JsonScan): number {
  return Math.min(Math.ceil(seen.textBytes / bytesPerToken) + seen.mediaCount * tokensPerMedium, maxTokensPerRequest);
}

// ---

function factsOf(path: Format, body: Buffer, seen: JsonScan, named: PathModel | undefined): RequestFacts {
  // Cursor sends the bodies of Responses to the path of chat completions.
  const format = path === 'chat' && seen.fields.has('input') && !seen.fields.has('messages') ? 'responses' : path;
  const model = modelName(named?.model ?? modelField(body, seen));
  const conversation = conversationFields[format];
  if (!seen.fields.has(conversation) && format !== 'responses') {
    throw new GatewayError('bad_request', {
      field: conversation,
      message: `"${conversation}" is missing: send a list of ${conversation}.`,
    });
  }
  const stream = named?.stream ?? field(body, seen, 'stream');
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw new GatewayError('bad_request', { field: 'stream', message: '"stream" must be true or false.' });
  }
  const options = format === 'chat' && stream === true ? field(body, seen, 'stream_options') : undefined;
  const output = maximum(format, body, seen);
  return {
    format,
    passable: format === path && !hasForeignTools(format, body, seen),
    hasRouterFields: format === 'chat' && routerFields.some((name) => seen.fields.has(name)),
    hasEnvelopes: seen.marked,
    model,
    stream: stream === true,
    asList: named?.asList === true,
    includeUsage: isObject(options) && options['include_usage'] === true,
    endUser: endUserOf(format, body, seen),
    needs: { capabilities: capabilities(format, body, seen), input: estimateInput(seen), output },
    scan: seen,
  };
}

function maximum(format: Format, body: Buffer, seen: JsonScan): number | undefined {
  if (format === 'generate') {
    const config = field(body, seen, 'generationConfig') ?? field(body, seen, 'generation_config');
    const value = isObject(config) ? (config['maxOutputTokens'] ?? config['max_output_tokens']) : undefined;
    return isCount(value) ? Math.min(value, maxTokensPerRequest) : undefined;
  }
  for (const name of maximumFields[format]) {
    const value = field(body, seen, name);
    // What is no number of tokens is for the provider to refuse, in words its client knows; it reserves the default.
    if (!isCount(value)) continue;
    const copies = format === 'chat' ? field(body, seen, 'n') : undefined;
    return Math.min(value * (isCount(copies) ? copies : 1), maxTokensPerRequest);
  }
  return undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}

function capabilities(format: Format, body: Buffer, seen: JsonScan): Capability[] {
  const needs: Capability[] = [...seen.media];
  const tools = seen.fields.get('tools');
  if (tools !== undefined && tools.end - tools.start > '[{}]'.length) needs.push('tools');
  if (format === 'chat') {
    const shape = field(body, seen, 'response_format');
    if (isObject(shape) && shape['type'] === 'json_schema') needs.push('json_schema');
    const effort = field(body, seen, 'reasoning_effort');
    if (typeof effort === 'string' && effort !== 'none' && effort !== 'minimal') needs.push('reasoning');
  }
  if (format === 'responses') {
    const text = field(body, seen, 'text');
    const shape = isObject(text) ? text['format'] : undefined;
    if (isObject(shape) && shape['type'] === 'json_schema') needs.push('json_schema');
    const reasoning = field(body, seen, 'reasoning');
    const effort = isObject(reasoning) ? reasoning['effort'] : undefined;
    if (typeof effort === 'string' && effort !== 'none' && effort !== 'minimal') needs.push('reasoning');
  }
  if (format === 'messages') {
    const thinking = field(body, seen, 'thinking');
    if (isObject(thinking) && thinking['type'] === 'enabled') needs.push('reasoning');
    const output = field(body, seen, 'output_config');
    if (isObject(output) && isObject(output['format'])) needs.push('json_schema');
  }
  if (format === 'generate') {
    const config = field(body, seen, 'generationConfig') ?? field(body, seen, 'generation_config');
    if (isObject(config) && (isObject(config['responseSchema']) || isObject(config['responseJsonSchema'])))
      needs.push('json_schema');
  }
  return needs;
}

// Source: OpenRouter, "API parameters". Hosts other than OpenAI get them as they are: one may be OpenRouter itself.
const routerFields = ['reasoning', 'include_reasoning', 'provider', 'models', 'usage', 'plugins', 'transforms'];

// Cursor declares tools as Anthropic does when a model is called claude-…, whoever answers to that name here.
function hasForeignTools(format: Format, body: Buffer, seen: JsonScan): boolean {
  const tools = format === 'chat' ? seen.fields.get('tools') : undefined;
  return tools !== undefined && body.subarray(tools.start, tools.end).includes('"input_schema"');
}

function endUserOf(format: Format, body: Buffer, seen: JsonScan): string | undefined {
  const value = format === 'chat' || format === 'responses' ? field(body, seen, 'user') : undefined;
  const metadata = format === 'messages' ? field(body, seen, 'metadata') : undefined;
  const user = isObject(metadata) ? metadata['user_id'] : value;
  return typeof user === 'string' && user !== '' ? user.slice(0, 200) : undefined;
}
