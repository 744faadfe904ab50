// Embeddings asked for in OpenAI's shape and made by Gemini. Sources: OpenAI API reference, "Create embeddings"; Gemini API
// reference, "batchEmbedContents".

import { GatewayError } from '../core/errors';
import type { Json } from './codec';
import { listOr, needList, needText, objectOr, optionalCount, wrong } from './shared/json';
import { bytesOf, parseBody } from './translateRequest';

export interface EmbeddingsAsked {
  readonly body: Uint8Array;
  readonly dropped: readonly string[];
  /** How the client wants its numbers. */
  readonly base64: boolean;
}

/** @throws GatewayError bad_json, bad_request, cannot_translate naming the field */
export function embeddingsToGemini({ body, model }: { body: Uint8Array; model: string }): EmbeddingsAsked {
  const asked = parseBody(body);
  const format = asked['encoding_format'] ?? 'float';
  if (format !== 'float' && format !== 'base64') wrong('encoding_format', '"float" or "base64"');
  return {
    body: bytesOf(forGemini(asked, model)),
    dropped: asked['user'] === undefined ? [] : ['user'],
    base64: format === 'base64',
  };
}

export interface EmbeddingsMade {
  readonly bytes: Uint8Array;
  readonly model: string;
  readonly base64: boolean;
  /** Tokens: Google counts none here. */
  readonly estimate: number;
}

/** @throws GatewayError upstream_garbage */
export function embeddingsFromGemini({ bytes, model, base64, estimate }: EmbeddingsMade): Uint8Array {
  const rows = listOr(parsedAnswer(bytes)['embeddings']);
  if (rows.length === 0) throw new GatewayError('upstream_garbage');
  const data = rows.map((row, index) => ({
    object: 'embedding',
    index,
    embedding: numbers(objectOr(row)['values'], base64),
  }));
  return bytesOf({ object: 'list', data, model, usage: { prompt_tokens: estimate, total_tokens: estimate } });
}

// ---

function forGemini(request: Json, model: string): Json {
  const input = request['input'];
  const texts = typeof input === 'string' ? [input] : needList(input, 'input');
  const size = optionalCount(request['dimensions'], 'dimensions');
  return {
    requests: texts.map((text, i) => {
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
    }),
  };
}

function parsedAnswer(bytes: Uint8Array): Json {
  try {
    return parseBody(bytes);
  } catch (cause) {
    throw new GatewayError('upstream_garbage', { cause });
  }
}

// Base64 of little-endian 32-bit floats, as OpenAI's SDKs ask for by default.
function numbers(values: unknown, base64: boolean): unknown {
  const list = listOr(values).map(Number);
  if (!base64) return list;
  const packed = Buffer.alloc(list.length * 4);
  list.forEach((value, i) => packed.writeFloatLE(value, i * 4));
  return packed.toString('base64');
}
