// Keeps sealed thoughts for clients that drop them between turns. A tool loop goes on only with the thoughts that led to
// the call (Gemini refuses it without, the others forget), and many clients send back no more than the call itself.
// Held in memory only, bounded, by application key and call id; what is lost here is lost quality, never an answer.

import type { Format, Message, NeutralRequest, Part, Reasoning, StreamEvent } from './wire/neutral';

export interface Vault {
  /** Listens to one answer: what is thought before a call is kept under the call's id. */
  listen(keyId: string): (event: StreamEvent) => void;
  /** The request with the thoughts put back that its history lacks and this format has made. */
  restore(keyId: string, request: NeutralRequest, format: Format): NeutralRequest;
  readonly bytes: number;
}

/** @param limit bytes of thoughts held; the oldest go first */
export function openVault(limit: number): Vault {
  const held = new Map<string, { thoughts: readonly Reasoning[]; size: number }>();
  let bytes = 0;

  const forget = (key: string) => {
    const entry = held.get(key);
    if (entry === undefined) return;
    bytes -= entry.size;
    held.delete(key);
  };
  const keep = (key: string, thoughts: readonly Reasoning[]) => {
    forget(key);
    const size = key.length + thoughts.reduce((sum, thought) => sum + sizeOf(thought), 0);
    if (size > limit / 8) return; // one answer must not push out all others
    held.set(key, { thoughts, size });
    bytes += size;
    for (const oldest of held.keys()) {
      if (bytes <= limit) break;
      forget(oldest);
    }
  };
  const find = (key: string): readonly Reasoning[] => {
    const entry = held.get(key);
    if (entry === undefined) return [];
    held.delete(key); // the last used goes to the end
    held.set(key, entry);
    return entry.thoughts;
  };

  return {
    get bytes() {
      return bytes;
    },
    listen(keyId) {
      let thoughts: Reasoning[] = [];
      let text: string[] | undefined;
      return (event) => {
        if (event.type === 'open') {
          text = event.part.type === 'reasoning' ? [] : undefined;
          if (event.part.type !== 'toolCall') return;
          if (thoughts.length > 0) keep(`${keyId} ${event.part.id}`, thoughts);
          thoughts = [];
        } else if (event.type === 'delta') text?.push(event.text);
        else if (event.type === 'close' && text !== undefined) {
          if (event.opaque !== undefined)
            thoughts.push({ type: 'reasoning', text: text.join(''), opaque: event.opaque });
          text = undefined;
        }
      };
    },
    restore(keyId, request, format) {
      if (held.size === 0) return request;
      const messages = request.messages.map((message): Message => {
        if (message.role !== 'assistant' || !message.parts.some((part) => part.type === 'toolCall')) return message;
        let given = false; // the thoughts before the next call are in the history already
        const parts = message.parts.flatMap((part): Part[] => {
          if (part.type === 'reasoning' && part.opaque?.format === format) given = true;
          if (part.type !== 'toolCall') return [part];
          const missing = given
            ? []
            : find(`${keyId} ${part.id}`).filter((thought) => thought.opaque?.format === format);
          given = false;
          return [...missing, part];
        });
        return { ...message, parts };
      });
      return { ...request, messages };
    },
  };
}

// ---

function sizeOf(thought: Reasoning): number {
  return thought.text.length + JSON.stringify(thought.opaque ?? null).length;
}
