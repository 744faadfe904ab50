// What a simulator keeps between requests: prompts it has read before, and answers it was asked to store. Bounded.

/** One simulator's memory. */
export interface Memory {
  /** the prompt caches: what is known by a fingerprint of everything up to a point, and until when (ms) */
  prompts: Bounded<number>;
  /** OpenAI's stored responses: the items that went before and those that were answered */
  responses: Bounded<readonly unknown[]>;
  forget(): void;
}

/** The newest entries of a map; what has not been used for long goes first. */
export interface Bounded<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  clear(): void;
}

/** Nothing yet. */
export function createMemory(): Memory {
  const prompts = bounded<number>(50_000);
  const responses = bounded<readonly unknown[]>(1_000);
  return {
    prompts,
    responses,
    forget() {
      prompts.clear();
      responses.clear();
    },
  };
}

// ---

function bounded<T>(most: number): Bounded<T> {
  const entries = new Map<string, T>();
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      // A map gives its keys in the order in which they came.
      if (entries.size > most) for (const oldest of entries.keys()) return void entries.delete(oldest);
    },
    clear: () => entries.clear(),
  };
}
