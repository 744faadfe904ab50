// What a wire could not carry, gathered while a request is encoded. Every name stands once: it ends in a header.

import { GatewayError } from '../../core/errors';
import type { Format, NeutralRequest } from '../neutral';

export interface DroppedFields {
  /** Something that is left out. */
  drop(name: string): void;
  /** A field that is left out where it is there. */
  dropIf(present: unknown, name: string): void;
  readonly list: readonly string[];
}

// Fields that stand for a part of the conversation which only their provider holds.
const held: Readonly<Record<string, string>> = {
  previous_response_id: 'names an answer that only OpenAI has stored. Send the whole conversation as "input".',
  conversation: 'names a conversation that only OpenAI has stored. Send it as "input".',
  prompt: 'names a prompt template that only OpenAI has stored. Send its text as "instructions" and "input".',
  background: 'is something only OpenAI does: nobody would be there to fetch the answer later.',
  cachedContent: 'names content that only Google has stored. Send it as "contents".',
  thread: 'names a conversation that only Anthropic holds. Send all of it as "messages", without "thread".',
  container: 'names a container that only Anthropic has.',
};

/**
 * Begins with what only the request's own format knows.
 * @throws GatewayError cannot_translate, cannot_thread where that is a part of the question
 */
export function openDroppedFields(request: NeutralRequest, format: Format): DroppedFields {
  const native = request.from === format ? [] : Object.keys(request.native);
  for (const name of native)
    if (held[name] !== undefined) refuse(name, `${held[name]} The chosen model is another provider's.`);
  refuseEmptied(request, format);
  const names = new Set<string>(native);
  return {
    drop: (name) => void names.add(name),
    dropIf: (present, name) => {
      if (present !== undefined) names.add(name);
    },
    get list() {
      return [...names];
    },
  };
}

/** What must not be left out, because the question would be another one. @throws GatewayError cannot_translate, cannot_thread */
export function refuse(field: string, why: string): never {
  const code = field === 'thread' ? 'cannot_thread' : 'cannot_translate';
  throw new GatewayError(code, { field, message: `"${field}" ${why}` });
}

// ---

// A user's last turn of which nothing is left, or a conversation, is another question.
function refuseEmptied({ messages }: NeutralRequest, format: Format): void {
  const said = messages.filter(({ role }) => role !== 'system');
  const last = said.at(-1);
  const parts = last?.role === 'user' ? last.parts : said.flatMap((message) => message.parts);
  const [first] = parts;
  if (first?.type === 'raw' && parts.every((part) => part.type === 'raw' && part.format !== format))
    refuse(first.at, "is all that is asked, and the chosen model's provider cannot be told it.");
}
