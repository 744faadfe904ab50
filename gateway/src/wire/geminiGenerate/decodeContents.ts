// Decodes the contents of a generateContent request as turns. Source: https://ai.google.dev/api/generate-content, "Content"
// and "Part" (2026-11).

import type { Json } from '../jsonObject';
import type { Message, Part, Reasoning } from '../neutral';
import { decodeOpaque } from '../reasoning/envelope';
import { defined, isObject, listOr, needList, needObject, needText, objectOr, optionalText, lostNames, otherFields, textOr, wrong } from '../shared/json'; // prettier-ignore
import { kindOf } from '../shared/media';
import { type CallIds, openCallIds } from './callIds';
import { camelKeys } from './camelKeys';
import { isHostedPart, isSearchPart, opaqueParts, queriesOfCall } from './hostedParts';
import { isNoSignature } from './signatures';

/** The system instruction, if any, and the contents. @throws GatewayError bad_request naming the field */
export function decodeContents(system: unknown, contents: readonly unknown[]): Message[] {
  const calls = openCallIds();
  return [
    ...decodeSystem(system),
    ...contents.map((content, i) =>
      decodeContent(camelKeys(needObject(content, `contents[${i}]`)), `contents[${i}]`, calls),
    ),
  ];
}

// ---

function decodeSystem(value: unknown): Message[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [{ role: 'system', parts: [{ type: 'text', text: value }] }];
  const parts = decodeParts(camelKeys(objectOr(value))['parts'] ?? [], 'systemInstruction.parts', openCallIds());
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

function decodeContent(content: Json, at: string, calls: CallIds): Message {
  const role = content['role'] ?? (hasFunctionCall(content['parts']) ? 'model' : 'user');
  if (role !== 'user' && role !== 'model' && role !== 'function') return wrong(`${at}.role`, '"user" or "model"');
  // Gemini's own answers may have a content without parts, which clients send back: it is a blank turn.
  const given = content['parts'] ?? (role === 'model' ? [] : undefined);
  return { role: role === 'model' ? 'assistant' : 'user', parts: decodeParts(given, `${at}.parts`, calls) };
}

// Only the model calls functions: a content without a role that holds a call is the model's.
function hasFunctionCall(parts: unknown): boolean {
  return listOr(parts).some((part) => isObject(part) && ('functionCall' in part || 'function_call' in part));
}

function decodeParts(value: unknown, at: string, calls: CallIds): Part[] {
  const list = isObject(value) ? [value] : needList(value, at);
  return joinReasoning(
    list.flatMap((raw, i) => {
      const part = camelKeys(needObject(raw, `${at}[${i}]`));
      const decoded = decodePart(part, `${at}[${i}]`, calls);
      return Object.keys(part).length < 2 ? decoded : [...decoded, ...unknownFields(part, `${at}[${i}]`)];
    }),
  );
}

// Clients send the pieces of streamed reasoning one by one, the signature with the last.
function joinReasoning(parts: readonly Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    const continues = part.type === 'reasoning' && last?.type === 'reasoning' && last.opaque === undefined;
    if (continues) out[out.length - 1] = { ...part, text: last.text + part.text };
    else out.push(part);
  }
  return out;
}

const contentFields = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'toolCall',
  'toolResponse',
];
const partFields = new Set([...contentFields, 'thought', 'thoughtSignature']);

// What stands beside a part's content: how much of a video is meant, at which resolution.
function unknownFields(part: Json, at: string): Part[] {
  if (!contentFields.some((field) => field in part)) return []; // it is named as a whole
  return lostNames(otherFields(part, partFields)).map((key) => ({
    type: 'raw',
    format: 'generate',
    value: undefined,
    at: `${at}.${key}`,
  }));
}

function decodePart(part: Json, at: string, calls: CallIds): Part[] {
  if (isHostedPart(part)) return decodeHosted(part, at);
  const signature = part['thoughtSignature'];
  const opaque = isNoSignature(signature)
    ? undefined
    : decodeOpaque(signature, (value) => ({ format: 'generate', value }));
  const signed: Reasoning[] = opaque === undefined ? [] : [{ type: 'reasoning', text: '', opaque }];
  if (part['text'] !== undefined && part['text'] !== null) {
    const text = needText(part['text'], `${at}.text`);
    if (part['thought'] === true) return [{ type: 'reasoning', text, ...defined({ opaque }) }];
    if (text === '') return signed;
    // Google signs the end of its words. Reasoning from elsewhere is written on the words that follow it.
    return opaque?.format === 'generate' ? [{ type: 'text', text }, ...signed] : [...signed, { type: 'text', text }];
  }
  if (part['inlineData'] !== undefined) return [decodeInlineData(part['inlineData'], at)];
  if (part['fileData'] !== undefined) return [decodeFileData(part, at)];
  if (part['functionCall'] !== undefined) {
    const call = needObject(part['functionCall'], `${at}.functionCall`);
    const name = needText(call['name'], `${at}.functionCall.name`);
    const id = calls.ofCall(name, optionalText(call['id'], `${at}.functionCall.id`));
    return [...signed, { type: 'toolCall', id, name, args: JSON.stringify(call['args'] ?? {}) }];
  }
  if (part['functionResponse'] !== undefined) return decodeFunctionResponse(part['functionResponse'], at, calls);
  if (Object.keys(part).length === 0 || (opaque !== undefined && Object.keys(part).length === 1)) return signed;
  return [{ type: 'raw', format: 'generate', value: part, at: `${at}.${Object.keys(part)[0] ?? ''}` }];
}

// A search that Google has run is told to other providers by its queries.
function decodeHosted(part: Json, at: string): Part[] {
  if (!isSearchPart(part)) return [{ type: 'raw', format: 'generate', value: part, at }];
  const own: Reasoning = { type: 'reasoning', text: '', opaque: opaqueParts([part]) };
  const queries = queriesOfCall(part);
  const id = textOr(objectOr(part['toolCall'])['id']);
  return queries.length === 0 ? [own] : [own, { type: 'webSearch', id, queries }];
}

function decodeInlineData(value: unknown, at: string): Part {
  const blob = camelKeys(needObject(value, `${at}.inlineData`));
  const mime = needText(blob['mimeType'], `${at}.inlineData.mimeType`);
  const data = needText(blob['data'], `${at}.inlineData.data`);
  const name = optionalText(blob['displayName'], at);
  return { type: 'media', kind: kindOf(mime), mime, data, ...defined({ name }) };
}

function decodeFileData(part: Json, at: string): Part {
  const file = camelKeys(needObject(part['fileData'], `${at}.fileData`));
  const url = needText(file['fileUri'], `${at}.fileData.fileUri`);
  // Only Google can read the files of its own store.
  if (!/^https?:\/\//.test(url) || url.includes('generativelanguage.googleapis.com'))
    return { type: 'raw', format: 'generate', value: part, at: `${at}.fileData.fileUri` };
  const mime = textOr(file['mimeType'], 'application/pdf');
  return { type: 'media', kind: kindOf(mime), mime, url };
}

function decodeFunctionResponse(value: unknown, at: string, calls: CallIds): Part[] {
  const result = needObject(value, `${at}.functionResponse`);
  const name = needText(result['name'], `${at}.functionResponse.name`);
  const id = calls.ofResponse(name, optionalText(result['id'], `${at}.functionResponse.id`));
  const response = needObject(result['response'] ?? {}, `${at}.functionResponse.response`);
  const media =
    result['parts'] === undefined ? [] : decodeParts(result['parts'], `${at}.functionResponse.parts`, calls);
  return [{ type: 'toolResult', id, name, parts: [...resultText(response), ...media], isError: 'error' in response }];
}

// A function's result: the text of the field that Google's page names for it, or else the whole object.
// Source: https://ai.google.dev/gemini-api/docs/function-calling (2026-11).
function resultText(response: Json): Part[] {
  const [key, ...others] = Object.keys(response);
  if (key === undefined) return [];
  const text = others.length === 0 ? response[key] : undefined;
  if (['output', 'result', 'error', 'content'].includes(key) && typeof text === 'string')
    return [{ type: 'text', text }];
  return [{ type: 'text', text: JSON.stringify(response) }];
}
