// Answers that were read to their end word while their providers keep the connection open.

/** How long a provider may take to end an answer that is complete. */
const lingerMs = 1_000;

/** Released exchanges whose connections are still open. One timer for all of them, and none while there are none. */
export interface Lingering {
  add(exchange: Cancellable): void;
  delete(exchange: Cancellable): void;
}

interface Cancellable {
  cancel(): void;
}

/**
 * Holds released exchanges until their providers end them, and cancels those that have not ended after `lingerMs`, at most
 * twice that.
 */
export function openLingering(): Lingering {
  let young = new Set<Cancellable>();
  let old = new Set<Cancellable>();
  let timer: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    for (const exchange of old) exchange.cancel();
    old = young;
    young = new Set();
    timer = old.size > 0 ? setTimeout(sweep, lingerMs).unref() : undefined;
  };
  return {
    add(exchange) {
      young.add(exchange);
      timer ??= setTimeout(sweep, lingerMs).unref();
    },
    delete(exchange) {
      if (!young.delete(exchange)) old.delete(exchange);
    },
  };
}
