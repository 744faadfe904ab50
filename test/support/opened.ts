// What a test file has opened: a server or a process that a failing test leaves behind would keep the whole run from ending.

const open = new Set<() => Promise<void>>();

/** A function that closes once, whoever calls it; at the end of its test file closingEnvironment.js does. */
export function closingOnce(close: () => Promise<unknown>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  const once = (): Promise<void> => {
    open.delete(once);
    return (closing ??= close().then(() => undefined));
  };
  open.add(once);
  return once;
}

// ---

Object.assign(globalThis, {
  closeOpened: () => Promise.all([...open].map((close) => close().catch(() => undefined))),
});
