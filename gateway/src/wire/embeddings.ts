// Embeddings asked for in OpenAI's format and made by Gemini. Sources:
// https://platform.openai.com/docs/api-reference/embeddings/create and https://ai.google.dev/api/embeddings,
// "batchEmbedContents" (2026-11).

import { GatewayError } from '../core/errors';
import type { AnswerFailure } from './formatFacts';
import { formatFacts } from './formats';
import type { Json } from './jsonObject';
import { bytesOf, parseBody, parseResponse } from './shared/jsonBytes';
import { listOr, needList, needText, objectOr, optionalCount, wrong } from './shared/json';

export interface EncodedEmbeddingsRequest {
  readonly body: Uint8Array;
  /** Paths of what Gemini cannot carry. */
  readonly dropped: readonly string[];
  /** The client wants its numbers as base64 instead of a list. */
  readonly base64: boolean;
  /** Texts that are each to be answered. */
  readonly texts: number;
}

/** An OpenAI request in Gemini's format. @throws GatewayError bad_json, bad_request, cannot_translate naming the field */
export function embeddingsToGemini({ body, model }: { body: Uint8Array; model: string }): EncodedEmbeddingsRequest {
  const request = parseBody(body);
  const format = request['encoding_format'] ?? 'float';
  if (format !== 'float' && format !== 'base64') wrong('encoding_format', '"float" or "base64"');
  const requests = geminiRequests(request, model);
  return {
    body: bytesOf({ requests }),
    dropped: request['user'] === undefined ? [] : ['user'],
    base64: format === 'base64',
    texts: requests.length,
  };
}

export interface EmbeddingsResponseTask {
  /** Gemini's response, JSON. */
  readonly bytes: Uint8Array;
  readonly model: string;
  readonly base64: boolean;
  /** Texts that were sent. */
  readonly texts: number;
  /** Input tokens, estimated: Google reports none here. */
  readonly estimate: number;
}

/** A translated response, or the failure that stands in its place. */
export type EmbeddingsTranslation = { readonly body: Uint8Array } | { readonly failure: AnswerFailure };

/** Gemini's response in OpenAI's format. @throws GatewayError upstream_garbage */
export function embeddingsFromGemini({
  bytes,
  model,
  base64,
  texts,
  estimate,
}: EmbeddingsResponseTask): EmbeddingsTranslation {
  const response = parseResponse(bytes);
  const failure = formatFacts.generate.failureIn(response, false);
  if (failure !== undefined) return { failure };
  const rows = listOr(response['embeddings']);
  if (rows.length === 0 || rows.length !== texts) throw new GatewayError('upstream_garbage');
  const data = rows.map((row, index) => ({
    object: 'embedding',
    index,
    embedding: encodeVector(objectOr(row)['values'], base64),
  }));
  const usage = { prompt_tokens: estimate, total_tokens: estimate };
  return { body: bytesOf({ object: 'list', data, model, usage }) };
}

// ---

function geminiRequests(request: Json, model: string): Json[] {
  const input = request['input'];
  const texts = typeof input === 'string' ? [input] : needList(input, 'input');
  const size = optionalCount(request['dimensions'], 'dimensions');
  return texts.map((text, i) => {
    if (typeof text === 'number' || Array.isArray(text))
      throw new GatewayError('cannot_translate', {
        field: `input[${i}]`,
        message: 'Google takes texts, no token numbers: send "input" as text.',
      });
    return {
      model: `models/${model}`,
      content: { parts: [{ text: needText(text, `input[${i}]`) }] },
      ...(size === undefined ? {} : { outputDimensionality: size }),
    };
  });
}

// Base64 of little-endian 32-bit floats is what OpenAI's SDKs ask for by default.
function encodeVector(values: unknown, base64: boolean): unknown {
  const numbers = listOr(values);
  if (numbers.length === 0 || !numbers.every(isNumber)) throw new GatewayError('upstream_garbage');
  if (!base64) return numbers;
  const packed = Buffer.alloc(numbers.length * 4);
  numbers.forEach((value, i) => packed.writeFloatLE(value, i * 4));
  return packed.toString('base64');
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
