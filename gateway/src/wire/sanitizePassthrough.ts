// Takes out of a body that is about to be passed through on its own wire what would be refused there: our envelopes, in
// the history of a conversation that another provider took part in, which are forged signatures to this one; and the
// system's words in mid-conversation, which Claude Code sends to every model whose name it does not know, a route's too.

import type { Json } from './codec';
import { isObject, listOr, textOr } from './shared/json';
import type { Format } from './neutral';
import { isEnvelope } from './reasoning/envelope';
import { bytesOf, parseBody } from './translateRequest';

export interface SanitizeTask {
  readonly format: Format;
  /** JSON. */
  readonly body: Uint8Array;
  /** The system's words in mid-conversation are to be the user's, marked: the model takes none. */
  readonly plainTurns: boolean;
}

/** Whether the system may speak in mid-conversation, by the bytes of a body of messages. */
export function mayHoldSystemTurns(body: Buffer): boolean {
  return body.includes('"role":"system"') || body.includes('"role": "system"');
}

/** A body printed anew without what its own wire would refuse. @throws GatewayError bad_json */
export function sanitizePassthrough({ format, body, plainTurns }: SanitizeTask): Uint8Array {
  const kept = withoutEnvelopes(format, parseBody(body));
  return bytesOf(plainTurns ? { ...kept, messages: listOr(kept['messages']).map(asUserMessage) } : kept);
}

/** The body without envelopes; all else as it was. */
export function withoutEnvelopes(format: Format, body: Json): Json {
  switch (format) {
    case 'messages':
      return {
        ...body,
        messages: listOr(body['messages']).map((message) => withBlocks(message)),
      };
    case 'responses':
      return {
        ...body,
        input: listOr(body['input']).filter((item) => !(isObject(item) && isEnvelope(item['encrypted_content']))),
      };
    case 'generate':
      return { ...body, contents: listOr(body['contents']).map((content) => withParts(content)) };
    case 'chat':
      return { ...body, messages: listOr(body['messages']).map((message) => without(message, 'reasoning_details')) };
  }
}

// ---

function asUserMessage(message: unknown): unknown {
  if (!isObject(message) || message['role'] !== 'system') return message;
  const marked = (text: unknown) => `<system>\n${textOr(text)}\n</system>`;
  const { content } = message;
  const said = Array.isArray(content)
    ? content.map((block: unknown) => (isObject(block) ? { ...block, text: marked(block['text']) } : block))
    : marked(content);
  return { ...message, role: 'user', content: said };
}

// Without sealed thoughts, and without citations that another provider made.
function withBlocks(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message['content'])) return message;
  const content = message['content'].flatMap((block: unknown): unknown[] => {
    if (!isObject(block)) return [block];
    if (isEnvelope(block['signature']) || isEnvelope(block['data'])) return [];
    if (!Array.isArray(block['citations'])) return [block];
    const { citations, ...rest } = block;
    const own = listOr(citations).filter(
      (citation) => !(isObject(citation) && isEnvelope(citation['encrypted_index'])),
    );
    return [own.length === 0 ? rest : { ...rest, citations: own }];
  });
  return { ...message, content };
}

function without(holder: unknown, field: string): unknown {
  if (!isObject(holder) || !(field in holder)) return holder;
  const { [field]: _gone, ...kept } = holder;
  return kept;
}

// A sealed part that says something keeps its words; thoughts of another model go altogether.
function withParts(content: unknown): unknown {
  if (!isObject(content) || !Array.isArray(content['parts'])) return content;
  const parts = content['parts'].flatMap((part: unknown): unknown[] => {
    if (!isObject(part)) return [part];
    const signature = part['thoughtSignature'] ?? part['thought_signature'];
    if (!isEnvelope(signature)) return [part];
    const { thoughtSignature: _a, thought_signature: _b, ...kept } = part;
    return kept['thought'] === true || kept['text'] === '' ? [] : [kept];
  });
  return { ...content, parts };
}
