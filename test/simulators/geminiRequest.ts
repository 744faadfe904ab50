// Reads a generateContent request as strictly as Google does. Like every proto JSON parser it takes snake_case as well.
import { lastUserText, tokens, type Conversation, type Tool, type Turn } from './answer';
import { googleInvalid, googleTooLong, googleUnknownNames } from './geminiRefusals';
import type { Model } from './models';
import { isJson, type Json } from './wire';

/** The request, or Google's refusal thrown. */
export function readGenerate(body: Buffer, model: Model): { conversation: Conversation; prompt: string } {
  const request = camel(parse(body));
  const config = isJson(request.generationConfig) ? camel(request.generationConfig) : {};
  const declared = declarations(request.tools);
  refuseUnknownNames(request, config, declared);
  refuseRanges(config, model);
  const { turns, bytes } = readContents(request.contents);
  const system = isJson(request.systemInstruction) ? partsText(request.systemInstruction.parts) : '';
  const toolBytes = declared.length > 0 ? JSON.stringify(request.tools).length : 0;
  const inputBytes = bytes + Buffer.byteLength(system) + toolBytes;
  if (tokens(inputBytes) > model.context) throw googleTooLong(model.id, tokens(inputBytes), model.context);
  const conversation: Conversation = {
    model: model.id,
    turns,
    tools: declared.map(({ declaration }) => toolOf(declaration)),
    toolChoice: toolChoice(request.toolConfig),
    parallel: true,
    limit: typeof config.maxOutputTokens === 'number' ? config.maxOutputTokens : undefined,
    stop: Array.isArray(config.stopSequences) ? (config.stopSequences as string[]) : [],
    inputBytes,
    preamble: false,
  };
  return { conversation, prompt: lastUserText(turns) };
}

// ---

// Names that begin with x_ stand for fields that came after these lists: a pass-through must not lose them.
const REQUEST = names(
  'cachedContent contents generationConfig model safetySettings serviceTier store systemInstruction toolConfig tools labels',
);
const CONFIG = names(
  '_responseJsonSchema candidateCount enableAffectiveDialog enableEnhancedCivicAnswers frequencyPenalty imageConfig logprobs ' +
    'maxOutputTokens mediaResolution presencePenalty responseFormat responseJsonSchema responseLogprobs responseMimeType ' +
    'responseModalities responseSchema seed speechConfig stopSequences temperature thinkingConfig topK topP translationConfig',
);
const SCHEMA = names(
  'anyOf default description enum example format items maxItems maxLength maxProperties maximum minItems minLength ' +
    'minProperties minimum nullable pattern properties propertyOrdering required title type',
);
/** What a picture, a sound or a file counts as; nobody looks into it. */
const MEDIA_BYTES = 1_032;

type Unknown = { name: string; at: string }[];

function names(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

function camel(value: Json): Json {
  const entries = Object.entries(value);
  if (entries.every(([name]) => !name.includes('_', 1))) return value;
  const rename = (name: string) =>
    name.startsWith('x_') ? name : name.replace(/(?<!^)_(\w)/g, (_, c: string) => c.toUpperCase());
  return Object.fromEntries(entries.map(([name, one]) => [rename(name), one]));
}

function parse(body: Buffer): Json {
  const text = body.toString();
  try {
    const request: unknown = JSON.parse(text);
    if (isJson(request)) return request;
  } catch {
    // Google shows where it stumbled; here that is always the beginning.
    throw googleInvalid(`Invalid JSON payload received. Unexpected token.\n${text.slice(0, 40)}\n^`);
  }
  throw googleInvalid('Invalid JSON payload received. Unknown name "": Root element must be a message.');
}

function refuseUnknownNames(request: Json, config: Json, declared: readonly Declared[]): void {
  const unknown: Unknown = [];
  collect(request, REQUEST, '', unknown);
  collect(config, CONFIG, 'generation_config', unknown);
  collectSchema(config.responseSchema, 'generation_config.response_schema', unknown);
  for (const { declaration, at } of declared) {
    collectSchema(declaration.parameters, `${at}.parameters`, unknown);
    collectSchema(declaration.response, `${at}.response`, unknown);
  }
  if (unknown.length > 0) throw googleUnknownNames(unknown);
}

function collect(value: Json, known: ReadonlySet<string>, at: string, unknown: Unknown): void {
  for (const name of Object.keys(value)) if (!known.has(name) && !name.startsWith('x_')) unknown.push({ name, at });
}

/** A Schema is not JSON Schema: `const`, `additionalProperties`, `$ref` and their like are unknown to it. */
function collectSchema(schema: unknown, at: string, unknown: Unknown): void {
  if (!isJson(schema)) return;
  const named = camel(schema);
  collect(named, SCHEMA, at, unknown);
  if (Array.isArray(named.type)) throw googleInvalid(notRepeating(at));
  collectSchema(named.items, `${at}.items`, unknown);
  if (Array.isArray(named.anyOf)) named.anyOf.forEach((one, n) => collectSchema(one, `${at}.any_of[${n}]`, unknown));
  if (!isJson(named.properties)) return;
  Object.values(named.properties).forEach((one, n) => collectSchema(one, `${at}.properties[${n}].value`, unknown));
}

function notRepeating(at: string): string {
  return `Invalid JSON payload received. Unknown name "type" at '${at}': Proto field is not repeating, cannot start list.`;
}

function refuseRanges(config: Json, model: Model): void {
  range(config, 'temperature', 'temperature', 0, 2);
  range(config, 'topP', 'top_p', 0, 1);
  range(config, 'maxOutputTokens', 'max_output_tokens', 1, model.output);
  if (Array.isArray(config.stopSequences) && config.stopSequences.length > 5) {
    throw complaint('generation_config.stop_sequences', 'the number of stop sequences must be at most 5');
  }
}

function range(config: Json, name: string, spelt: string, lowest: number, highest: number): void {
  const value = config[name];
  if (value == null) return;
  if (typeof value !== 'number')
    throw googleInvalid(`Invalid value at 'generation_config.${spelt}' (TYPE_FLOAT), ${JSON.stringify(value)}`);
  if (value >= lowest && value <= highest) return;
  const supported = `is from ${lowest} (inclusive) to ${highest + 1} (exclusive)`;
  throw googleInvalid(
    `Unable to submit request because it has a ${name} value of ${value} but the supported range ${supported}.`,
  );
}

function complaint(at: string, what: string) {
  return googleInvalid(`* GenerateContentRequest.${at}: ${what}\n`);
}

function readContents(contents: unknown): { turns: Turn[]; bytes: number } {
  if (!Array.isArray(contents) || contents.length === 0) throw complaint('contents', 'contents is not specified');
  const turns: Turn[] = [];
  let bytes = 0;
  let calls = 0;
  for (const [n, content] of contents.entries()) {
    if (!isJson(content)) throw googleInvalid(`Invalid value at 'contents[${n}]'`);
    const role = content.role ?? 'user';
    if (role !== 'user' && role !== 'model' && role !== 'function')
      throw googleInvalid('Please use a valid role: user, model.');
    if (!Array.isArray(content.parts) || content.parts.length === 0) {
      throw complaint(`contents[${n}].parts`, 'contents.parts must not be empty.');
    }
    const parts = content.parts.map((part: unknown, m) => readPart(part, `contents[${n}].parts[${m}]`));
    bytes += parts.reduce((sum, part) => sum + part.bytes, 0);
    // The model's own turn may hold results too: of tools that Google ran.
    const results = role === 'model' ? [] : parts.filter((part) => part.kind === 'result');
    if (results.length > 0) refuseUnequal(calls, results.length);
    calls = parts.filter((part) => part.kind === 'call').length;
    for (const result of results) turns.push({ role: 'tool', text: result.text });
    const text = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
    if (results.length === 0) turns.push({ role: role === 'model' ? 'assistant' : 'user', text });
  }
  return { turns, bytes };
}

function refuseUnequal(calls: number, results: number): void {
  if (calls === results) return;
  const message =
    calls === 0
      ? 'Please ensure that function response turn comes immediately after a function call turn.'
      : 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.';
  throw googleInvalid(message);
}

interface Part {
  kind: 'text' | 'call' | 'result' | 'media';
  text: string;
  bytes: number;
}

function readPart(raw: unknown, at: string): Part {
  const part = isJson(raw) ? camel(raw) : {};
  if (typeof part.text === 'string') {
    // A thought that comes back is not something that was said.
    return { kind: part.thought === true ? 'media' : 'text', text: part.text, bytes: Buffer.byteLength(part.text) };
  }
  if (isJson(part.functionCall)) return named('call', part.functionCall, part.functionCall.args, `${at}.function_call`);
  if (isJson(part.functionResponse)) {
    return named('result', part.functionResponse, part.functionResponse.response, `${at}.function_response`);
  }
  if (
    Object.keys(part).some((name) => /Data$|^executableCode$|^codeExecutionResult$|^tool(?:Call|Response)$/.test(name))
  ) {
    return { kind: 'media', text: '', bytes: MEDIA_BYTES };
  }
  throw complaint(`${at}.data`, "required oneof field 'data' must have one initialized field");
}

function named(kind: 'call' | 'result', holder: Json, content: unknown, at: string): Part {
  if (typeof holder.name !== 'string' || holder.name === '') throw complaint(`${at}.name`, 'Name cannot be empty.');
  if (kind === 'result' && !isJson(content)) throw complaint(`${at}.response`, 'Response must be a Struct.');
  const text = JSON.stringify(content ?? {});
  return { kind, text, bytes: Buffer.byteLength(text) };
}

function partsText(parts: unknown): string {
  if (!Array.isArray(parts)) return '';
  return parts.map((part: unknown) => (isJson(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

interface Declared {
  declaration: Json;
  at: string;
}

function declarations(tools: unknown): Declared[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool: unknown, n) => {
    const list: unknown = isJson(tool) ? camel(tool).functionDeclarations : undefined;
    if (!Array.isArray(list)) return [];
    return list.map((one: unknown, m) => {
      const declaration = isJson(one) ? camel(one) : {};
      const at = `tools[${n}].function_declarations[${m}]`;
      if (typeof declaration.name !== 'string' || !/^[a-zA-Z_][\w.:-]{0,127}$/.test(declaration.name))
        throw badName(at);
      return { declaration, at };
    });
  });
}

function badName(at: string) {
  const must =
    'Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.';
  return complaint(`${at}.name`, `Invalid function name. ${must}`);
}

function toolOf(declaration: Json): Tool {
  return { name: String(declaration.name), schema: declaration.parametersJsonSchema ?? declaration.parameters };
}

function toolChoice(raw: unknown): Conversation['toolChoice'] {
  const config = isJson(raw) ? camel(raw).functionCallingConfig : undefined;
  if (!isJson(config)) return { type: 'auto' };
  const { mode, allowedFunctionNames } = camel(config);
  const type = mode === 'NONE' ? 'none' : mode === 'ANY' ? 'any' : 'auto';
  return Array.isArray(allowedFunctionNames) ? { type, names: allowedFunctionNames as string[] } : { type };
}
