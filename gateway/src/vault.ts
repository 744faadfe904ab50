// Keeps sealed thoughts for clients that drop them between turns. A tool loop goes on only with the thoughts that led to
// the call (Gemini refuses it without, the others forget), and many clients send back no more than the call itself.
// Held in memory only, bounded, by application key and call id. It also holds the items of answers in the shape of
// Responses, whose clients take them to be stored and name them in their next turn instead of sending them.

import type { Part, Reasoning, StreamEvent } from './wire/neutral';
import { itemName, type Thoughts } from './wire/translate';

export interface Vault {
  /** Listens to one answer: what is thought before a call is kept under the call's id. */
  listen(keyId: string): (event: StreamEvent) => void;
  /** Keeps one item of an answer, for clients of Responses that will only name it. */
  keepItem(keyId: string, id: string, part: Part): void;
  /** What the key's earlier turns left, by call and by item. */
  of(keyId: string): Thoughts;
  /** The same all at once. */
  all(keyId: string): ReadonlyMap<string, readonly Part[]>;
  readonly bytes: number;
}

/** @param limit bytes of thoughts held; the oldest go first */
export function openVault(limit: number): Vault {
  const held = new Map<string, { thoughts: readonly Part[]; size: number }>();
  let bytes = 0;

  const forget = (key: string) => {
    const entry = held.get(key);
    if (entry === undefined) return;
    bytes -= entry.size;
    held.delete(key);
  };
  const keep = (key: string, thoughts: readonly Part[]) => {
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
  const find = (key: string): readonly Part[] | undefined => {
    const entry = held.get(key);
    if (entry === undefined) return undefined;
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
    keepItem: (keyId, id, part) => keep(`${keyId} ${itemName(id)}`, [part]),
    of: (keyId) => ({ get: (callId) => find(`${keyId} ${callId}`) }),
    all(keyId) {
      const prefix = `${keyId} `;
      const own = [...held].filter(([key]) => key.startsWith(prefix));
      return new Map(own.map(([key, { thoughts }]) => [key.slice(prefix.length), thoughts]));
    },
  };
}

// ---

function sizeOf(part: Part): number {
  return JSON.stringify(part).length;
}
