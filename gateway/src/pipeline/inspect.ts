// What a request asks for, read from its bytes in one pass without parsing it: model, stream, maximum output and what it
// needs of a model. Where a format has these settings stands in its facts (wire/formatFacts.ts).

import type { Capability, ModelKind } from '../../../config/catalogue';
import type { Limits } from '../../../config/limits';
import { GatewayError } from '../core/errors';
import { field, settingBytes, type JsonScan, lastObjectIn, scanJson, scanJsonInSlices } from '../core/jsonScan';
import { maxTokensPerRequest } from '../core/usage';
import type { RequestFields, SettingReader } from '../wire/formatFacts';
import { formatFacts } from '../wire/formats';
import { PromptMarks } from './promptMarks';
import { sessionField } from './session';
import type { Format } from '../wire/neutral';
import { demandsOf } from '../wire/refusedDemand';
import type { FormDemands } from '../wire/shared/formDemands';

/** What a request needs of a model, as far as one look at its bytes tells. */
export interface Needs {
  /** What is asked for. */
  readonly kind: ModelKind;
  readonly capabilities: readonly Capability[];
  /** Estimated tokens. */
  readonly input: number;
  /** The most output it asks for in one answer; undefined when it names none. */
  readonly output: number | undefined;
  /** Answers it asks for at once. */
  readonly answers: number;
  /** Searches of the web that money is reserved for: the most it allows, or a few where it names no number. */
  readonly searches: number;
  /** How long it asks a provider's cache to keep its prompt, the longest of its marks; absent where it does not ask. */
  readonly cacheWrite?: '5m' | '1h';
}

export interface RequestFacts {
  /** The format of the body: the path's, except for clients that send one API's bodies to another's path. */
  readonly format: Format;
  /** The body is in the path's format throughout, so that it may be passed on unchanged. */
  readonly passable: boolean;
  /** The body has fields of OpenRouter's that OpenAI itself refuses. */
  readonly hasRouterFields: boolean;
  /** The body has reasoning of another provider, in our envelopes. */
  readonly hasEnvelopes: boolean;
  readonly model: string;
  readonly stream: boolean;
  /** The stream is asked for as one JSON list: Gemini's without `alt=sse`. */
  readonly asList: boolean;
  /** A streamed request that asks for usage in its stream, in a format that sends it only then. */
  readonly includeUsage: boolean;
  readonly endUser: string | undefined;
  /** The id of the conversation that the body names. */
  readonly session?: string | undefined;
  readonly needs: Needs;
  readonly scan: JsonScan;
}

/** Bytes of prompt per token. Low, because a reservation that is too small is only noticed when the tokens are spent. */
const bytesPerToken = 3;

/**
 * Tokens of each value beyond its bytes: a tool's arguments, results and schemas are read as JSON, in which a comma and a digit
 * are a token each.
 */
const tokensPerValue = 1 / 2;

/** What Gemini's paths say of a request; in the other formats the body says it. */
export interface PathModel {
  readonly model: string;
  readonly stream: boolean;
  readonly asList: boolean;
}

/**
 * The facts of a request; a promise where the body is large.
 * @param path the format of the path
 * @throws GatewayError bad_json, too_complex, bad_request naming the field
 */
export function inspect(
  path: Format,
  body: Buffer,
  limits: Limits,
  named?: PathModel,
): RequestFacts | Promise<RequestFacts> {
  const marks = new PromptMarks(body);
  const scanning = scanJsonInSlices(body, {
    depth: limits.json_depth,
    nodes: limits.json_nodes,
    onString: (start, end) => marks.string(start, end),
  });
  return scanning instanceof Promise
    ? scanning.then((scan) => factsOf(path, body, scan, marks, named))
    : factsOf(path, body, scanning, marks, named);
}

/** Characters of a model's name. It is stored in the ledger, sent in a header and kept as health; OpenRouter's longest has 70. */
export const longestModelName = 256;

/** The value of a body's `model`; where it is too long to be a name, a text that `modelName` refuses. @throws GatewayError bad_json */
export function modelField(body: Buffer, scan: JsonScan): unknown {
  const span = scan.fields.get('model');
  return span !== undefined && span.end - span.start > 6 * longestModelName + 2
    ? 'x'.repeat(longestModelName + 1)
    : field(body, scan, 'model');
}

/** The value as a model's name. @throws GatewayError bad_request where it is none */
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

/** Input tokens that a body may be charged for, from its bytes: the cost of a tokenizer could be chosen by an attacker. */
export function estimateInput(scan: JsonScan): number {
  const text = Math.ceil(scan.textBytes / bytesPerToken + scan.denseTokens + scan.values * tokensPerValue);
  return Math.min(text + scan.mediaTokens, maxTokensPerRequest);
}

/**
 * Input is estimated high, for reservations: Chinese at nearly twice its tokens, prose at a third more, and all of the JSON
 * between texts, of which a provider makes a few marks.
 */
const leastOfEstimate = 0.55;
/** Tokens that are estimated for the names, signs and ids of each value. */
const tokensAroundValue = 6;

/** Input tokens that a request surely has. A model that holds fewer is not asked; where a provider finds it too long, a larger one is. */
export function leastInput({ needs, scan }: Pick<RequestFacts, 'needs' | 'scan'>): number {
  return Math.ceil(Math.max(0, needs.input - scan.values * tokensAroundValue) * leastOfEstimate);
}

/** Whether a stream is asked for. @throws GatewayError bad_request */
export function streamOf(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw new GatewayError('bad_request', { field: 'stream', message: '"stream" must be true or false.' });
}

/** Answers to one request that are counted. OpenAI gives 128 at most, Google 8. */
export const mostAnswers = 1_000;

/** A maximum of output as it is reckoned with. */
export function bounded(tokens: number | undefined): number | undefined {
  return tokens === undefined ? undefined : Math.min(tokens, maxTokensPerRequest);
}

/** The caller's own id of its end user, as far as it is kept. */
export function endUserOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}

/** What a request demands of the form of its answer, read from its bytes. @throws GatewayError bad_json, bad_request */
export function formDemands({ format, scan }: Pick<RequestFacts, 'format' | 'scan'>, body: Buffer): FormDemands {
  return demandsOf(format, (name) => scan.fields.has(name), {
    setting: (name) => field(body, scan, name),
    lastRole: (name) => roleOf(lastObjectIn(body, scan.fields.get(name))),
  });
}

// ---

const unbounded = { depth: Infinity, nodes: Infinity };

/** Bytes of a turn that is looked at for its role: what a model is to continue is short. */
const mostOfPrefill = 1024 * 1024;

// The object may hold large media, and is not parsed for its role.
function roleOf(object: Buffer | undefined): unknown {
  if (object === undefined || object.length > mostOfPrefill || !object.includes('"assistant"')) return undefined;
  try {
    return field(object, scanJson(object, unbounded), 'role');
  } catch {
    return undefined; // its provider will refuse it
  }
}

function factsOf(
  path: Format,
  body: Buffer,
  scan: JsonScan,
  { hasEnvelopes, cacheWrite }: PromptMarks,
  named: PathModel | undefined,
): RequestFacts {
  const format = formatOf(path, scan);
  const { request } = formatFacts[format];
  const setting: SettingReader = (name) => field(body, scan, name);
  const model = modelName(named?.model ?? modelField(body, scan));
  checkConversation(request, scan);
  const stream = streamOf(named?.stream ?? setting('stream'));
  const capabilities = capabilitiesOf(request, setting, body, scan);
  return {
    format,
    passable: format === path && !hasForeignTools(request, body, scan),
    hasRouterFields: hasAnyOf(request.routerFields, scan),
    hasEnvelopes,
    model,
    stream,
    asList: named?.asList === true,
    includeUsage: stream && request.wantsUsage?.(setting) === true,
    endUser: endUserOf(request.endUser(setting)),
    session: sessionField((name) => scan.fields.has(name), setting),
    needs: {
      kind: 'chat',
      capabilities,
      searches: capabilities.includes('web_search') ? searchesOf(request, setting) : 0,
      input: estimateInput(scan),
      output: bounded(request.maxOutput(setting)),
      answers: Math.min(request.answers?.(setting) ?? 1, mostAnswers),
      ...(cacheWrite === undefined ? {} : { cacheWrite }),
    },
    scan,
  };
}

// A loop, and no function made for each request: large bodies bring a collection of garbage every 70 requests, which takes the
// compiled code of such functions along, and to compile them anew took a twentieth of the CPU.
function hasAnyOf(names: readonly string[], { fields }: JsonScan): boolean {
  for (const name of names) if (fields.has(name)) return true;
  return false;
}

function formatOf(path: Format, { fields }: JsonScan): Format {
  const other = formatFacts[path].request.alsoReceives;
  return other !== undefined && fields.has(other.has) && !fields.has(other.lacks) ? other.format : path;
}

function checkConversation({ conversation, conversationRequired }: RequestFields, { fields }: JsonScan): void {
  if (!conversationRequired || fields.has(conversation)) return;
  throw new GatewayError('bad_request', {
    field: conversation,
    message: `"${conversation}" is missing: send a list of ${conversation}.`,
  });
}

function capabilitiesOf(request: RequestFields, setting: SettingReader, body: Buffer, scan: JsonScan): Capability[] {
  const tools = scan.fields.get('tools');
  const hasTools = tools !== undefined && tools.end - tools.start > '[{}]'.length;
  return [
    ...scan.media,
    ...(hasTools ? ['tools' as const] : []),
    ...(searchesWeb(request, setting, body, scan) ? ['web_search' as const] : []),
    ...request.capabilities(setting),
  ];
}

// The tools of a coding agent are long: they are parsed only where their bytes show a search.
function searchesWeb(
  { webSearch }: RequestFields,
  setting: SettingReader,
  body: Buffer,
  { fields }: JsonScan,
): boolean {
  const span = fields.get(webSearch.field);
  if (span === undefined) return false;
  const bytes = body.subarray(span.start, span.end);
  if (bytes.length > settingBytes) return false; // too long to be parsed here
  return (
    webSearch.marks.some((mark) => bytes.includes(mark)) && webSearch.placesIn(setting(webSearch.field)).length > 0
  );
}

/** Searches that one answer is taken to make where its request does not limit them. */
const searchesByDefault = 3;
/** A limit above it is none: no provider makes as many. */
const mostSearches = 100;

function searchesOf({ webSearch }: RequestFields, setting: SettingReader): number {
  return Math.min(webSearch.most?.(setting) ?? searchesByDefault, mostSearches);
}

function hasForeignTools({ foreignTools }: RequestFields, body: Buffer, scan: JsonScan): boolean {
  const tools = scan.fields.get('tools');
  if (foreignTools === undefined || tools === undefined) return false;
  return body.subarray(tools.start, tools.end).includes(foreignTools);
}
