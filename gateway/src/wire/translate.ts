// One request from a client's format into the one a provider is spoken to in. Pure: it may as well run in a worker.

import type { Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import { GatewayError } from '../errors';
import { codecs, upstreamFormat } from './index';
import type { Undo } from './codec';
import { isObject } from './json';
import { refuse } from './loss';
import type { Format, Message, NeutralRequest, Part } from './neutral';

export interface Task {
  readonly from: Format;
  /** JSON. */
  readonly body: Uint8Array;
  readonly stream: boolean;
  readonly provider: Pick<Provider, 'wire' | 'responses'>;
  /** The host has turned out not to serve Responses. */
  readonly chatOnly: boolean;
  readonly target: Target;
  /** What was thought before a tool call, by the call's id. */
  readonly thoughts: Thoughts;
}

export interface Thoughts {
  /** @param name a call's id, or `itemName` of an item's */
  get(name: string): readonly Part[] | undefined;
}

/** Under which an item of an earlier answer is kept. */
export const itemName = (id: string): string => `item ${id}`;

export interface Translation {
  readonly spoken: Format;
  readonly body: Uint8Array;
  readonly dropped: readonly string[];
  readonly undo: Undo | undefined;
  /** The request as it was understood, but for its messages: what the answer needs to know of it. */
  readonly request: NeutralRequest;
}

/** @throws GatewayError bad_json, bad_request naming the field, cannot_translate */
export function translate({ from, body, stream, provider, chatOnly, target, thoughts }: Task): Translation {
  const request = withItems({ ...codecs[from].decodeRequest(parse(body)), stream }, thoughts);
  const spoken = upstreamFormat(provider, target, from, chatOnly, () => request);
  const {
    body: encoded,
    dropped,
    undo,
  } = codecs[spoken].encodeRequest(withThoughts(request, spoken, thoughts), target);
  return {
    spoken,
    body: Buffer.from(JSON.stringify(encoded)),
    dropped,
    undo,
    request: { ...request, messages: [] },
  };
}

/** The request with the thoughts put back that its history lacks and this format has made. */
export function withThoughts(request: NeutralRequest, format: Format, thoughts: Thoughts): NeutralRequest {
  const messages = request.messages.map((message): Message => {
    if (message.role !== 'assistant' || !message.parts.some((part) => part.type === 'toolCall')) return message;
    let given = false; // the thoughts before the next call are in the history already
    const parts = message.parts.flatMap((part): Part[] => {
      if (part.type === 'reasoning' && part.opaque?.format === format) given = true;
      if (part.type !== 'toolCall') return [part];
      const missing = given
        ? []
        : (thoughts.get(part.id) ?? []).filter(
            (thought) => thought.type === 'reasoning' && thought.opaque?.format === format,
          );
      given = false;
      return [...missing, part];
    });
    return { ...message, parts };
  });
  return { ...request, messages };
}

// Items that a client only names, because it takes this API to have stored them, as the answer they stood in gave them.
function withItems(request: NeutralRequest, thoughts: Thoughts): NeutralRequest {
  if (request.from !== 'responses') return request;
  const found = (part: Part): readonly Part[] => {
    if (part.type !== 'raw' || part.refersTo === undefined) return [part];
    const held = thoughts.get(itemName(part.refersTo));
    return (
      held ??
      refuse(part.at, 'names an item that is not, or no longer, held here. Send the item itself (`store: false`).')
    );
  };
  return {
    ...request,
    messages: request.messages.map((message) => ({ ...message, parts: message.parts.flatMap(found) })),
  };
}

// ---

function parse(body: Uint8Array): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable';
    throw new GatewayError('bad_json', { message: `The body is not valid JSON: ${why}.`, cause });
  }
  if (!isObject(json)) throw new GatewayError('bad_json');
  return json;
}
