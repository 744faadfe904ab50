// What waits for one of a few places, by whose it is.

export interface OwnerQueue<T> {
  readonly size: number;
  add(owner: string, item: T): void;
  /** The next one; undefined where nothing waits. */
  take(): T | undefined;
}

/** Owners take turns: a hundred items of one key make another key's single one wait for one of them, not for all. */
export function openOwnerQueue<T>(): OwnerQueue<T> {
  const byOwner = new Map<string, T[]>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(owner, item) {
      const items = byOwner.get(owner);
      if (items === undefined) byOwner.set(owner, [item]);
      else items.push(item);
      size++;
    },
    take() {
      for (const [owner, items] of byOwner) {
        const item = items.shift();
        byOwner.delete(owner); // and behind the others again, where it has more
        if (items.length > 0) byOwner.set(owner, items);
        if (item === undefined) continue;
        size--;
        return item;
      }
      return undefined;
    },
  };
}
