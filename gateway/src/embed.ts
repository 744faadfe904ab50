// Embeddings: OpenAI's request and answer, from OpenAI-compatible hosts as they are and from Gemini translated. Sources:
// OpenAI API reference, "Create embeddings"; Gemini API reference, "batchEmbedContents".

import type { Limits } from '../../config/limits';
import type { Provider } from '../../config/load';
import type { Target } from '../../config/target';
import { type Ask, estimateInput } from './ask';
import { GatewayError } from './errors';
import type { Incoming, Service } from './handle';
import { toClient, toUpstream } from './headers';
import { field, peek, splice } from './peek';
import type { Outgoing } from './prepare';
import { withCredential } from './providers';
import { type Client, endWith, type Passage, relayError } from './relay';
import type { Prepared, Sent } from './send';
import type { Json } from './wire/codec';
import { isObject, listOr, needList, needText, objectOr, optionalCount, wrong } from './wire/json';

interface PreparedEmbedding extends Prepared {
  readonly sameWire: boolean;
  /** How the client wants its numbers. */
  readonly base64: boolean;
  /** Tokens, where the provider does not count them. */
  readonly estimate: number;
}

export const embedding: Service<PreparedEmbedding> = { read, prepare, relay };

// ---

function read(incoming: Incoming, limits: Limits): Ask {
  const seen = peek(incoming.body, { depth: limits.json_depth, nodes: limits.json_nodes });
  const model = field(incoming.body, seen, 'model');
  if (typeof model !== 'string' || model === '') wrong('model', 'the name of an embedding model');
  const input = field(incoming.body, seen, 'input');
  if (typeof input !== 'string' && !(Array.isArray(input) && input.length > 0))
    wrong('input', 'a text or a list of texts');
  return {
    format: 'chat',
    pure: true,
    forRouter: false,
    sealed: false,
    model,
    stream: false,
    asList: false,
    includeUsage: false,
    endUser: undefined,
    needs: { capabilities: [], input: estimateInput(seen), output: 0 },
    seen,
  };
}

function prepare({ ask, body, headers }: Outgoing, target: Target, provider: Provider): PreparedEmbedding {
  const estimate = ask.needs.input;
  switch (provider.wire) {
    case 'openai': {
      const span = ask.seen.fields.get('model');
      const edits =
        span === undefined || ask.model === target.model ? [] : [{ ...span, text: JSON.stringify(target.model) }];
      const url = new URL(`${provider.baseUrl}/embeddings`);
      const call = { url, headers: withCredential(provider, toUpstream(headers)), body: splice(body, edits) };
      return { call, dropped: [], sameWire: true, base64: false, estimate };
    }
    case 'gemini': {
      const request = objectOr(JSON.parse(body.toString('utf8')));
      const url = new URL(`${provider.baseUrl}/v1beta/models/${encodeURIComponent(target.model)}:batchEmbedContents`);
      const call = {
        url,
        headers: withCredential(provider, ['accept', 'application/json']),
        body: Buffer.from(JSON.stringify(forGemini(request, target.model))),
      };
      const format = request['encoding_format'] ?? 'float';
      if (format !== 'float' && format !== 'base64') wrong('encoding_format', '"float" or "base64"');
      return {
        call,
        dropped: request['user'] === undefined ? [] : ['user'],
        sameWire: false,
        base64: format === 'base64',
        estimate,
      };
    }
    case 'anthropic':
      throw new GatewayError('no_capable_target', {
        field: 'model',
        message: `${target.label} makes no embeddings: name an embedding model of another provider.`,
      });
  }
}

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

async function relay(sent: Sent<PreparedEmbedding>, client: Client, passage: Passage): Promise<void> {
  const { answer, sameWire } = sent;
  passage.status = answer.status;
  if (answer.status >= 400) return relayError(sent, client, passage);
  const bytes = await answer.whole(client.limits.answer_bytes);
  const body = objectOr(parsed(bytes));
  if (sameWire) {
    const usage = objectOr(body['usage']);
    passage.usage = isObject(body['usage']) ? { input: Number(usage['prompt_tokens'] ?? 0), output: 0 } : undefined;
    return endWith(client, passage, answer.status, toClient(answer.headers), bytes);
  }
  const rows = listOr(body['embeddings']);
  if (rows.length === 0) throw new GatewayError('upstream_garbage');
  // Google counts nothing here: what is booked is the estimate, and is marked so.
  passage.usage = undefined;
  const printed = {
    object: 'list',
    data: rows.map((row, index) => ({
      object: 'embedding',
      index,
      embedding: numbers(objectOr(row)['values'], sent.base64),
    })),
    model: sent.target.model,
    usage: { prompt_tokens: sent.estimate, total_tokens: sent.estimate },
  };
  endWith(
    client,
    passage,
    200,
    { 'content-type': 'application/json', 'x-ovth-tokens': 'estimated' },
    Buffer.from(JSON.stringify(printed)),
  );
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
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
