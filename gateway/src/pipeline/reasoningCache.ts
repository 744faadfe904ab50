// Keeps the reasoning of answers for clients that drop it between turns. A tool loop goes on only with the reasoning that
// led to the call (Gemini refuses it without, other models reason anew), and many clients send back no more than the call
// itself. Held in memory only, bounded, by application key and call id. It also holds the items of answers in the shape of
// Responses, whose clients take them to be stored and name them in their next turn instead of sending them.

import type { Part } from '../wire/neutral';
import type { Left, Remember, ReasoningLookup } from '../wire/reasoning/restore';

export interface ReasoningCache {
  /** What one application key's answers leave. */
  rememberFor(keyId: string): Remember;
  /** What the key's earlier turns left. */
  of(keyId: string): ReasoningLookup;
}

/** @param limit bytes of reasoning held at this moment's settings; the oldest goes first */
export function openReasoningCache(limit: () => number): ReasoningCache {
  const held = new Map<string, Left>();
  let bytes = 0;

  const forget = (key: string) => {
    const entry = held.get(key);
    if (entry === undefined) return;
    bytes -= entry.bytes;
    held.delete(key);
  };
  const keep = (key: string, parts: readonly Part[]) => {
    forget(key);
    const size = entryBytes + key.length + parts.reduce((sum, part) => sum + sizeOf(part), 0);
    if (size > limit() / 8) return; // one answer must not push out all others
    held.set(key, { parts, bytes: size });
    bytes += size;
    for (const oldest of held.keys()) {
      if (bytes <= limit()) break;
      forget(oldest);
    }
  };
  const find = (key: string): Left | undefined => {
    const entry = held.get(key);
    if (entry === undefined) return undefined;
    held.delete(key); // the last used goes to the end
    held.set(key, entry);
    return entry;
  };

  return {
    rememberFor: (keyId) => (name, parts) => keep(`${keyId} ${name}`, parts),
    of: (keyId) => ({ get: (name) => find(`${keyId} ${name}`) }),
  };
}

// ---

/** What keeping an entry costs beside its texts. */
const entryBytes = 300;

function sizeOf(part: Part): number {
  return JSON.stringify(part).length;
}
