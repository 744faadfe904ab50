// Google's generateContent, towards the provider. Source: Gemini API reference, "Generating content" and "Function calling".

import type { Usage } from '../money';
import { parseEvent } from './chat';
import type { Codec, Encoded, Frame, Json } from './codec';
import { GatewayError } from '../errors';
import { countOr, defined, isObject, listOr, objectOr, parseArgs, textOr } from './json';
import { type FinishReason, type NeutralRequest, type Part, type StreamEvent, type ToolChoice } from './neutral';

export const generate: Codec = {
  format: 'generate',
  decodeRequest: notYet,
  encodeRequest,
  decodeResponse,
  encodeResponse: notYet,
  decodeStream,
  encodeStream: notYet,
  usageIn,
  isEnd: (data) => /"finishReason":\s*"/.test(data),
};

// Gemini clients are served by a later version; until then the server answers their paths with not_built.
function notYet(): never {
  throw new GatewayError('not_built');
}

// --- requests

function encodeRequest(request: NeutralRequest): Encoded {
  const names = new Map<string, string>(); // tool call id → function name: Gemini answers calls by name
  for (const message of request.messages)
    for (const part of message.parts) if (part.type === 'toolCall') names.set(part.id, part.name);
  const dropped = [...request.leftOver];
  const system = request.messages.filter((message) => message.role === 'system').flatMap((message) => message.parts);
  const contents: { role: 'user' | 'model'; parts: Json[] }[] = [];
  for (const message of request.messages) {
    if (message.role === 'system') continue;
    const role = message.role === 'assistant' ? 'model' : 'user';
    const parts = message.parts.flatMap((part) => encodePart(part, names, dropped));
    if (parts.length === 0) continue;
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else contents.push({ role, parts });
  }
  if (request.endUser !== undefined) dropped.push('user');
  const config = defined({
    maxOutputTokens: request.maxOutput,
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    stopSequences: request.stop,
  });
  return {
    body: {
      contents,
      ...defined({
        systemInstruction:
          system.length === 0
            ? undefined
            : { parts: system.map((part) => ({ text: part.type === 'text' ? part.text : '' })) },
        generationConfig: Object.keys(config).length === 0 ? undefined : config,
        tools:
          request.tools === undefined || request.tools.length === 0
            ? undefined
            : [
                {
                  functionDeclarations: request.tools.map((tool) => ({
                    name: tool.name,
                    ...defined({ description: tool.description }),
                    parametersJsonSchema: tool.schema,
                  })),
                },
              ],
        toolConfig: request.toolChoice && { functionCallingConfig: encodeToolChoice(request.toolChoice) },
      }),
    },
    dropped,
  };
}

function encodePart(part: Part, names: ReadonlyMap<string, string>, dropped: string[]): Json[] {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'media':
      return [
        part.url === undefined
          ? { inlineData: { mimeType: part.mime, data: part.data ?? '' } }
          : { fileData: { mimeType: part.mime, fileUri: part.url } },
      ];
    case 'toolCall':
      return [{ functionCall: { name: part.name, args: parseArgs(part.args) } }];
    case 'toolResult': {
      const text = part.parts.map((inner) => (inner.type === 'text' ? inner.text : '')).join('');
      if (part.parts.some((inner) => inner.type !== 'text')) dropped.push('tool_result media');
      return [
        {
          functionResponse: {
            name: names.get(part.id) ?? part.id,
            response: part.isError ? { error: text } : { result: text },
          },
        },
      ];
    }
    case 'reasoning':
      return [];
  }
}

function encodeToolChoice(choice: ToolChoice): Json {
  switch (choice.type) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'named':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  }
}

// --- answers

const refusals = new Set([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'LANGUAGE',
]);

function reasonOf(raw: string, called: boolean): FinishReason {
  if (raw === 'MAX_TOKENS') return 'length';
  if (refusals.has(raw)) return 'refusal';
  if (raw === 'STOP') return called ? 'tool_calls' : 'stop'; // Gemini says STOP for tool calls too
  return 'other';
}

// Thoughts are counted apart from candidates, and both are output. The cache is part of the prompt count.
function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = value['usageMetadata'];
  if (!isObject(usage)) return undefined;
  const prompt = countOr(usage['promptTokenCount']) + countOr(usage['toolUsePromptTokenCount']);
  const cacheRead = Math.min(prompt, countOr(usage['cachedContentTokenCount']));
  const reasoning = countOr(usage['thoughtsTokenCount']);
  const audio = listOr(usage['promptTokensDetails'])
    .map(objectOr)
    .find((detail) => detail['modality'] === 'AUDIO');
  return {
    input: prompt - cacheRead,
    cacheRead,
    output: countOr(usage['candidatesTokenCount']) + reasoning,
    reasoning,
    inputAudio: countOr(audio?.['tokenCount']),
  };
}

function fullUsage(value: Json): Usage | undefined {
  const usage = usageIn(value);
  return usage && { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0, ...usage };
}

interface Reading {
  open: 'text' | undefined;
  calls: number;
  started: boolean;
  finished: boolean;
}

// One answer object, whole or a piece of a stream: the shape is the same.
function* readPiece(body: Json, reading: Reading): Generator<StreamEvent> {
  if (!reading.started) {
    reading.started = true;
    yield { type: 'start', id: textOr(body['responseId']), model: textOr(body['modelVersion']) };
  }
  const candidate = objectOr(listOr(body['candidates'])[0]);
  for (const raw of listOr(objectOr(candidate['content'])['parts'])) {
    const part = objectOr(raw);
    const text = textOr(part['text']);
    if (part['thought'] === true) {
      yield { type: 'lost', what: 'thoughts' };
    } else if (text !== '') {
      if (reading.open === undefined) yield { type: 'open', part: { type: 'text' } };
      reading.open = 'text';
      yield { type: 'delta', text };
    } else if (isObject(part['functionCall'])) {
      if (reading.open !== undefined) yield { type: 'close' };
      reading.open = undefined;
      const call = part['functionCall'];
      reading.calls++;
      const id = textOr(call['id']) || `call_${textOr(body['responseId'], 'gemini')}_${reading.calls}`;
      yield { type: 'open', part: { type: 'toolCall', id, name: textOr(call['name']) } };
      yield { type: 'delta', text: JSON.stringify(call['args'] ?? {}) };
      yield { type: 'close' };
    } else if (part['text'] === undefined) {
      yield { type: 'lost', what: Object.keys(part)[0] ?? 'part' };
    }
  }
  const usage = fullUsage(body);
  if (usage !== undefined) yield { type: 'usage', usage };
  const blocked = textOr(objectOr(body['promptFeedback'])['blockReason']);
  const raw = textOr(candidate['finishReason']);
  if (raw !== '' || blocked !== '') {
    if (reading.open !== undefined) yield { type: 'close' };
    reading.open = undefined;
    reading.finished = true;
    yield { type: 'finish', reason: blocked === '' ? reasonOf(raw, reading.calls > 0) : 'refusal' };
  }
}

const fresh = (): Reading => ({ open: undefined, calls: 0, started: false, finished: false });

function* decodeResponse(body: Json): Generator<StreamEvent> {
  const reading = fresh();
  yield* readPiece(body, reading);
  if (reading.open !== undefined) yield { type: 'close' };
  if (!reading.finished) yield { type: 'finish', reason: 'other' };
}

async function* decodeStream(frames: AsyncIterable<Frame>): AsyncGenerator<StreamEvent> {
  const reading = fresh();
  let finish: StreamEvent | undefined;
  for await (const { data } of frames) {
    const piece = parseEvent(data);
    if (piece === undefined) continue;
    if (isObject(piece['error'])) {
      const status = textOr(piece['error']['status']);
      yield {
        type: 'failure',
        kind: status === 'UNAVAILABLE' ? 'overloaded' : status === 'RESOURCE_EXHAUSTED' ? 'rate_limited' : 'other',
        message: textOr(piece['error']['message']),
      };
      return;
    }
    for (const event of readPiece(piece, reading)) {
      if (event.type === 'finish')
        finish = event; // the last word: usage may come in the same piece or after it
      else yield event;
    }
  }
  if (finish === undefined) return;
  yield finish;
}
