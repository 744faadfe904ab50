// A Gemini generateContent request as neutral form. Source: Gemini API reference, "Generating content". Its JSON may
// be spelt in camelCase or in snake_case.

import { decodeTopLogprobs } from '../shared/logprobs';
import type { Json } from '../codec';
import {
  defined, isObject, listOr, needList, needObject, needText, objectOr, optionalCount, optionalFlag, optionalNumber, optionalText, optionalTexts, textOr,
  wrong,
} from '../shared/json'; // prettier-ignore
import { kindOf } from '../shared/media';
import type {
  AnyTool,
  Effort,
  Message,
  NeutralRequest,
  Part,
  Reasoning,
  ResponseFormat,
  ReasoningOptions,
  ToolChoice,
} from '../neutral';
import { schemaFromGemini } from '../schema/jsonSchema';
import { decodeOpaque } from '../reasoning/envelope';
import { needArgsSchema } from '../schema/toolSchema';
import { saysUnsigned } from './unsigned';

export function decodeRequest(raw: Json): NeutralRequest {
  const body = camel(raw);
  const contents = needList(body['contents'], 'contents');
  if (contents.length === 0) wrong('contents', 'a list of at least one content');
  const config = camel(
    body['generationConfig'] === undefined ? {} : needObject(body['generationConfig'], 'generationConfig'),
  );
  const calls = openCallIds();
  const calling = decodeCalling(body['toolConfig']);
  const tools = decodeTools(body['tools']);
  return {
    from: 'generate',
    messages: [
      ...decodeSystem(body['systemInstruction']),
      ...contents.map((content, i) =>
        decodeMessage(camel(needObject(content, `contents[${i}]`)), `contents[${i}]`, calls),
      ),
    ],
    stream: false, // said by the path
    native: {
      ...leftOver(body, known, ''),
      ...leftOver(config, knownConfig, 'generationConfig.'),
      ...calling.native,
    },
    ...defined({
      tools,
      toolChoice: calling.choice,
      responseFormat: decodeResponseFormat(config),
      reasoning: decodeReasoning(config['thinkingConfig']),
      maxOutput: optionalCount(config['maxOutputTokens'], 'generationConfig.maxOutputTokens'),
      temperature: optionalNumber(config['temperature'], 'generationConfig.temperature'),
      topP: optionalNumber(config['topP'], 'generationConfig.topP'),
      topK: optionalNumber(config['topK'], 'generationConfig.topK'),
      frequencyPenalty: optionalNumber(config['frequencyPenalty'], 'generationConfig.frequencyPenalty'),
      presencePenalty: optionalNumber(config['presencePenalty'], 'generationConfig.presencePenalty'),
      seed: optionalNumber(config['seed'], 'generationConfig.seed'),
      topLogprobs:
        optionalFlag(config['responseLogprobs'], 'generationConfig.responseLogprobs') === true
          ? (decodeTopLogprobs(config['logprobs'], 'generationConfig.logprobs') ?? 0)
          : undefined,
      stop: optionalTexts(config['stopSequences'], 'generationConfig.stopSequences'),
      serviceTier: optionalText(body['serviceTier'], 'serviceTier'),
    }),
  };
}

/** An object's keys in camelCase; a key that is there in both spellings keeps the camelCase one's value. */
export function camel(object: Json): Json {
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(object)) {
    if (!key.includes('_')) continue;
    out ??= { ...object };
    const name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!(name in out)) out[name] = out[key];
    delete out[key];
  }
  return out ?? object;
}

// ---

const known = new Set([
  'contents', 'systemInstruction', 'generationConfig', 'tools', 'toolConfig', 'model', 'serviceTier',
]); // prettier-ignore

const knownConfig = new Set([
  'temperature', 'topP', 'topK', 'maxOutputTokens', 'stopSequences', 'frequencyPenalty', 'presencePenalty', 'seed', 'responseMimeType',
  'responseSchema', 'responseJsonSchema', '_responseJsonSchema', 'thinkingConfig',
  'responseLogprobs', 'logprobs',
]); // prettier-ignore

function leftOver(object: Json, names: ReadonlySet<string>, prefix: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    if (names.has(key) || value === null || value === undefined || isIdle(key, value)) continue;
    out[prefix + key] = value;
  }
  return out;
}

// What says no more than the default does.
function isIdle(key: string, value: unknown): boolean {
  if (key === 'candidateCount') return value === 1;
  if (key === 'responseModalities') return Array.isArray(value) && value.every((item) => item === 'TEXT');
  return key === 'safetySettings' && Array.isArray(value) && value.length === 0;
}

function decodeSystem(value: unknown): Message[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [{ role: 'system', parts: [{ type: 'text', text: value }] }];
  const parts = decodeParts(objectOr(value)['parts'], 'systemInstruction.parts', openCallIds());
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

function decodeMessage(content: Json, at: string, calls: CallIds): Message {
  const role = content['role'] ?? (callsIn(content['parts']) ? 'model' : 'user');
  if (role !== 'user' && role !== 'model' && role !== 'function') return wrong(`${at}.role`, '"user" or "model"');
  return { role: role === 'model' ? 'assistant' : 'user', parts: decodeParts(content['parts'], `${at}.parts`, calls) };
}

// Only the model calls functions: a turn that does is its own, also where nobody says so.
function callsIn(parts: unknown): boolean {
  return listOr(parts).some((part) => isObject(part) && ('functionCall' in part || 'function_call' in part));
}

function decodeParts(value: unknown, at: string, calls: CallIds): Part[] {
  const list = isObject(value) ? [value] : needList(value, at);
  return joined(list.flatMap((raw, i) => decodePart(camel(needObject(raw, `${at}[${i}]`)), `${at}[${i}]`, calls)));
}

// The pieces of a streamed thought come back one by one, the seal on the last.
function joined(parts: readonly Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    const goesOn = part.type === 'reasoning' && last?.type === 'reasoning' && last.opaque === undefined;
    if (goesOn) out[out.length - 1] = { ...part, text: last.text + part.text };
    else out.push(part);
  }
  return out;
}

function decodePart(part: Json, at: string, calls: CallIds): Part[] {
  const signature = part['thoughtSignature'];
  const opaque = saysUnsigned(signature)
    ? undefined
    : decodeOpaque(signature, (value) => ({ format: 'generate', value }));
  const sealed: Reasoning[] = opaque === undefined ? [] : [{ type: 'reasoning', text: '', opaque }];
  if (part['text'] !== undefined && part['text'] !== null) {
    const text = needText(part['text'], `${at}.text`);
    if (part['thought'] === true) return [{ type: 'reasoning', text, ...defined({ opaque }) }];
    return text === '' ? sealed : [{ type: 'text', text }, ...sealed];
  }
  if (part['inlineData'] !== undefined) {
    const blob = camel(needObject(part['inlineData'], `${at}.inlineData`));
    const mime = needText(blob['mimeType'], `${at}.inlineData.mimeType`);
    const data = needText(blob['data'], `${at}.inlineData.data`);
    return [
      { type: 'media', kind: kindOf(mime), mime, data, ...defined({ name: optionalText(blob['displayName'], at) }) },
    ];
  }
  if (part['fileData'] !== undefined) {
    const file = camel(needObject(part['fileData'], `${at}.fileData`));
    const url = needText(file['fileUri'], `${at}.fileData.fileUri`);
    // Files of Google's own store are known to Google only.
    if (!/^https?:\/\//.test(url) || url.includes('generativelanguage.googleapis.com'))
      return [{ type: 'raw', format: 'generate', value: part, at: `${at}.fileData.fileUri` }];
    const mime = textOr(file['mimeType'], 'application/pdf');
    return [{ type: 'media', kind: kindOf(mime), mime, url }];
  }
  if (part['functionCall'] !== undefined) {
    const call = needObject(part['functionCall'], `${at}.functionCall`);
    const name = needText(call['name'], `${at}.functionCall.name`);
    const id = calls.called(name, optionalText(call['id'], `${at}.functionCall.id`));
    return [...sealed, { type: 'toolCall', id, name, args: JSON.stringify(call['args'] ?? {}) }];
  }
  if (part['functionResponse'] !== undefined) {
    const result = needObject(part['functionResponse'], `${at}.functionResponse`);
    const name = needText(result['name'], `${at}.functionResponse.name`);
    const id = calls.answered(name, optionalText(result['id'], `${at}.functionResponse.id`));
    if (id === undefined) return [];
    const response = needObject(result['response'] ?? {}, `${at}.functionResponse.response`);
    const media =
      result['parts'] === undefined ? [] : decodeParts(result['parts'], `${at}.functionResponse.parts`, calls);
    return [{ type: 'toolResult', id, name, parts: [...resultText(response), ...media], isError: 'error' in response }];
  }
  if (Object.keys(part).length === 0 || (opaque !== undefined && Object.keys(part).length === 1)) return sealed;
  return [{ type: 'raw', format: 'generate', value: part, at: `${at}.${Object.keys(part)[0] ?? ''}` }];
}

// What a function gave: the field Google's own page names for it, or the whole object.
function resultText(response: Json): Part[] {
  const keys = Object.keys(response);
  const only = keys.length === 1 ? response[keys[0] ?? ''] : undefined;
  const named = keys.length === 1 && ['output', 'result', 'error', 'content'].includes(keys[0] ?? '');
  if (named && typeof only === 'string') return [{ type: 'text', text: only }];
  return keys.length === 0 ? [] : [{ type: 'text', text: JSON.stringify(response) }];
}

interface CallIds {
  called(name: string, id: string | undefined): string;
  /** Undefined for a result that was given before: Gemini CLI repeats them when it resumes. */
  answered(name: string, id: string | undefined): string | undefined;
}

// Gemini matches results to calls by name and order; the others by an id, which is made here where there is none.
function openCallIds(): CallIds {
  let count = 0;
  const waiting: { name: string; id: string }[] = [];
  const done = new Set<string>();
  return {
    called(name, id) {
      const own = id ?? `call_${++count}`;
      waiting.push({ name, id: own });
      return own;
    },
    answered(name, id) {
      let at = waiting.findIndex((call) => (id === undefined ? call.name === name : call.id === id));
      if (at < 0 && id !== undefined && done.has(id)) return undefined;
      if (id !== undefined) done.add(id);
      if (at < 0) at = waiting.findIndex((call) => call.name === name);
      const [found] = at < 0 ? [] : waiting.splice(at, 1);
      return found?.id ?? id ?? `call_${++count}`;
    },
  };
}

function decodeTools(value: unknown): AnyTool[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = isObject(value) ? [value] : needList(value, 'tools');
  return list.flatMap((raw, i): AnyTool[] => {
    const tool = camel(needObject(raw, `tools[${i}]`));
    return Object.entries(tool).flatMap(([kind, held]): AnyTool[] => {
      const at = `tools[${i}].${kind}`;
      if (kind !== 'functionDeclarations') return [{ type: 'raw', format: 'generate', value: { [kind]: held }, at }];
      return needList(held, at).map((item, j) => decodeFunction(camel(needObject(item, `${at}[${j}]`)), `${at}[${j}]`));
    });
  });
}

function decodeFunction(made: Json, at: string): AnyTool {
  const json = made['parametersJsonSchema'];
  const own = made['parameters'];
  const schema =
    json !== undefined && json !== null
      ? needArgsSchema(json, `${at}.parametersJsonSchema`)
      : needArgsSchema(
          own === undefined || own === null ? own : schemaFromGemini(needObject(own, `${at}.parameters`)),
          `${at}.parameters`,
        );
  return {
    type: 'function',
    name: needText(made['name'], `${at}.name`),
    schema: Object.keys(schema).length === 0 ? { type: 'object', properties: {} } : schema,
    ...defined({ description: optionalText(made['description'], `${at}.description`) }),
  };
}

function decodeCalling(value: unknown): { choice?: ToolChoice; native: Record<string, unknown> } {
  const toolConfig = camel(objectOr(value));
  const { functionCallingConfig, ...others } = toolConfig;
  const native = Object.fromEntries(Object.entries(others).map(([key, held]) => [`toolConfig.${key}`, held]));
  if (functionCallingConfig === undefined || functionCallingConfig === null) return { native };
  const at = 'toolConfig.functionCallingConfig';
  const config = camel(needObject(functionCallingConfig, at));
  const names = optionalTexts(config['allowedFunctionNames'], `${at}.allowedFunctionNames`) ?? [];
  const mode = textOr(config['mode'], 'AUTO').toUpperCase();
  switch (mode) {
    case 'AUTO':
    case 'VALIDATED':
    case 'MODE_UNSPECIFIED':
      return { choice: { type: 'auto' }, native };
    case 'NONE':
      return { choice: { type: 'none' }, native };
    case 'ANY': {
      const [name] = names;
      if (names.length === 1 && name !== undefined) return { choice: { type: 'named', name }, native };
      if (names.length > 1) native[`${at}.allowedFunctionNames`] = names;
      return { choice: { type: 'required' }, native };
    }
    default:
      return wrong(`${at}.mode`, 'one of AUTO, ANY, NONE, VALIDATED');
  }
}

function decodeResponseFormat(config: Json): ResponseFormat | undefined {
  const mime = config['responseMimeType'];
  const schema = config['responseJsonSchema'] ?? config['_responseJsonSchema'];
  if (isObject(schema)) return { type: 'schema', schema };
  if (isObject(config['responseSchema'])) return { type: 'schema', schema: schemaFromGemini(config['responseSchema']) };
  if (mime === undefined || mime === null || mime === 'text/plain') return undefined;
  if (mime === 'application/json') return { type: 'json' };
  return wrong('generationConfig.responseMimeType', 'text/plain or application/json');
}

const levels: Readonly<Record<string, Effort>> = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' };

function decodeReasoning(value: unknown): ReasoningOptions | undefined {
  if (value === undefined || value === null) return undefined;
  const config = camel(needObject(value, 'generationConfig.thinkingConfig'));
  const show = optionalFlag(config['includeThoughts'], 'generationConfig.thinkingConfig.includeThoughts') === true;
  const budget = optionalNumber(config['thinkingBudget'], 'generationConfig.thinkingConfig.thinkingBudget');
  const effort = levels[textOr(config['thinkingLevel']).toUpperCase()];
  if (budget === 0) return { effort: 'none', show: false };
  return { show, ...defined({ effort, budget: budget !== undefined && budget > 0 ? budget : undefined }) };
}
