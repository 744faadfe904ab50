// A whole request as a provider's token counter takes it. Sources: Anthropic "Count tokens in a Message", Gemini
// "models.countTokens", OpenAI "Get input token counts".

import type { Target } from '../../../config/target';
import type { Json } from './codec';
import { codecs } from './index';
import { isObject } from './shared/json';
import { decodeRequest as readMessages } from './anthropicMessages/decodeRequest';
import type { Format, NeutralRequest } from './neutral';
import { bytesOf, parseBody } from './translateRequest';

/** The formats whose providers count. */
export type CountFormat = Exclude<Format, 'chat'>;

export interface CountTask {
  readonly from: Format;
  /** JSON. */
  readonly body: Uint8Array;
  readonly to: CountFormat;
  readonly target: Target;
}

/** @throws GatewayError bad_json, bad_request naming the field, cannot_translate */
export function encodeCountRequest({ from, body, to, target }: CountTask): Uint8Array {
  const asked = parseBody(body);
  return bytesOf(
    from === to
      ? named(asked, to, target)
      : shapes[to](codecs[to].encodeRequest(decodeCountRequest(from, asked), target).body, target),
  );
}

/** Reads a request whose tokens nobody counts: what is none is refused here as anywhere. @throws GatewayError */
export function checkCountRequest({ from, body }: Omit<CountTask, 'to' | 'target'>): void {
  decodeCountRequest(from, parseBody(body));
}

// ---

// A request to count the tokens of says less than one to be answered.
function decodeCountRequest(format: Format, body: Json): NeutralRequest {
  if (format === 'messages') return readMessages(body, true);
  const inner = body['generateContentRequest'];
  return codecs[format].decodeRequest(format === 'generate' && isObject(inner) ? inner : body);
}

const shapes: Readonly<Record<CountFormat, (request: Json, target: Target) => Json>> = {
  messages: (request) => only(request, ['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking']),
  generate: (request, target) => ({ generateContentRequest: { model: `models/${target.model}`, ...request } }),
  // prettier-ignore
  responses: (request) => only(request, ['model', 'input', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'text', 'reasoning']),
};

function only(request: Json, fields: readonly string[]): Json {
  return Object.fromEntries(fields.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])));
}

function named(body: Json, format: Format, target: Target): Json {
  if (format !== 'generate') return { ...body, model: target.model };
  const inner = body['generateContentRequest'];
  return isObject(inner) ? { ...body, generateContentRequest: { ...inner, model: `models/${target.model}` } } : body;
}
