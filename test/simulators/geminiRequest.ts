// Reads a generateContent request as strictly as Google does. Like every proto JSON parser it takes snake_case as well.
import { inputTokens, lastUserText, textSegment, type Conversation } from './answer';
import { partsText, readContents } from './geminiContents';
import { circulation } from './geminiHosted';
import { camel, collect, names, type Unknown } from './geminiNames';
import { complaint, googleInvalid, googleTooLong, googleUnknownNames } from './geminiRefusals';
import { collectSchema, refuseBadSchema } from './geminiSchema';
import { googleThinking, type GoogleThinking } from './geminiThinking';
import { declarations, googleSearching, toolChoice, toolOf, type Declared } from './geminiTools';
import type { Model } from './models';
import { isJson, shown, type Json } from './wire';

export interface GenerateRequest {
  conversation: Conversation;
  prompt: string;
  thinking: GoogleThinking;
}

/** The request, or Google's refusal thrown. */
export function readGenerate(body: Buffer, model: Model): GenerateRequest {
  return readContentRequest(parseGoogle(body), model);
}

/** The same for a request that is already JSON: one inside another. */
export function readContentRequest(raw: Json, model: Model): GenerateRequest {
  const request = camel(raw);
  const config = isJson(request.generationConfig) ? camel(request.generationConfig) : {};
  const declared = declarations(request.tools);
  refuseUnknownNames(request, config, declared);
  refuseRanges(config, model);
  refuseForModel(config, model.id);
  const format = readFormat(config, declared.length > 0 && !/^gemini-[3-9]/.test(model.id));
  const thinking = googleThinking(config.thinkingConfig, model.id);
  const { turns, segments: said } = readContents(request.contents, model.id);
  const system = isJson(request.systemInstruction) ? partsText(request.systemInstruction.parts) : '';
  const segments = [
    ...(system === '' ? [] : [textSegment(system)]),
    ...(declared.length > 0 ? [textSegment(JSON.stringify(request.tools))] : []),
    ...said,
  ];
  const counted = inputTokens(segments);
  if (counted > model.context) throw googleTooLong(model.id, counted, model.context);
  const conversation: Conversation = {
    model: model.id,
    turns,
    tools: declared.map(({ declaration }) => toolOf(declaration)),
    toolChoice: toolChoice(request.toolConfig, declared),
    parallel: true,
    limit: typeof config.maxOutputTokens === 'number' ? config.maxOutputTokens : undefined,
    stop: Array.isArray(config.stopSequences) ? (config.stopSequences as string[]) : [],
    segments,
    preamble: false,
    format,
    searching: googleSearching(request, declared.length > 0, model.id),
    circulates: circulation(request.toolConfig, model.id),
    thinking: thinking.words,
  };
  return { conversation, prompt: lastUserText(turns), thinking };
}

/** A body that is a JSON object, or Google's refusal thrown. */
export function parseGoogle(body: Buffer): Json {
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

// ---

// Names that begin with x_ stand for fields that came after these lists: a pass-through must not lose them.
const REQUEST = names(
  'cachedContent contents generationConfig model safetySettings serviceTier store systemInstruction toolConfig tools labels',
);
const DECLARATION = names('behavior description name parameters parametersJsonSchema response responseJsonSchema');
const THINKING = names('includeThoughts thinkingBudget thinkingLevel');
const TYPES = ['text/plain', 'application/json', 'application/xml', 'application/yaml', 'text/x.enum'];
const CONFIG = names(
  '_responseJsonSchema candidateCount enableAffectiveDialog enableEnhancedCivicAnswers frequencyPenalty imageConfig logprobs ' +
    'maxOutputTokens mediaResolution presencePenalty responseFormat responseJsonSchema responseLogprobs responseMimeType ' +
    'responseModalities responseSchema seed speechConfig stopSequences temperature thinkingConfig topK topP translationConfig',
);
function refuseUnknownNames(request: Json, config: Json, declared: readonly Declared[]): void {
  const unknown: Unknown = [];
  collect(request, REQUEST, '', unknown);
  collect(config, CONFIG, 'generation_config', unknown);
  if (isJson(config.thinkingConfig))
    collect(camel(config.thinkingConfig), THINKING, 'generation_config.thinking_config', unknown);
  collectSchema(config.responseSchema, 'generation_config.response_schema', unknown);
  for (const { declaration, at } of declared) {
    collect(declaration, DECLARATION, at, unknown);
    collectSchema(declaration.parameters, `${at}.parameters`, unknown);
    collectSchema(declaration.response, `${at}.response`, unknown);
  }
  if (unknown.length > 0) throw googleUnknownNames(unknown);
  refuseBadSchema(config.responseSchema, 'generation_config.response_schema');
  for (const { declaration, at } of declared) refuseBadSchema(declaration.parameters, `${at}.parameters`);
}

/** JSON if that is the type that was asked for, of the schema that is there in one of three fields. */
function readFormat(config: Json, alone: boolean): Conversation['format'] {
  const type = config.responseMimeType ?? 'text/plain';
  const schema = config.responseSchema ?? config.responseJsonSchema ?? config._responseJsonSchema;
  const at = 'generation_config.response_mime_type';
  if (!TYPES.includes(shown(type))) {
    throw complaint(
      at,
      `allowed mimetypes are \`text/plain\`, \`application/json\`, \`application/xml\`, \`application/yaml\` and \`text/x.enum\`.`,
    );
  }
  if (type !== 'application/json') {
    if (schema == null || type === 'text/x.enum') return undefined;
    throw complaint(
      'generation_config.response_schema',
      "only allowed with response mime type 'application/json' or 'text/x.enum'",
    );
  }
  if (alone) throw googleInvalid("Function calling with a response mime type: 'application/json' is unsupported");
  return { schema: schema ?? undefined };
}

function refuseRanges(config: Json, model: Model): void {
  range(config, 'temperature', 'temperature', 0, 2);
  range(config, 'topP', 'top_p', 0, 1);
  range(config, 'maxOutputTokens', 'max_output_tokens', 1, model.output);
  if (Array.isArray(config.stopSequences) && config.stopSequences.length > 5) {
    throw complaint('generation_config.stop_sequences', 'the number of stop sequences must be at most 5');
  }
}

// Tried against the API on every model sold (2026-09); several candidates:
// ai.google.dev/gemini-api/docs/whats-new-gemini-3.5 (2026-09).
function refuseForModel(config: Json, model: string): void {
  const penalties = [config.frequencyPenalty, config.presencePenalty];
  if (penalties.some((penalty) => penalty != null && penalty !== 0))
    throw googleInvalid('Penalty is not enabled for this model');
  if (config.responseLogprobs === true) throw googleInvalid('Logprobs is not enabled for this model');
  if (/^gemini-[3-9]/.test(model) && shown(config.candidateCount ?? 1) !== '1')
    throw googleInvalid('Multiple candidates is not enabled for this model');
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
