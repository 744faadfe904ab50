// Cancelling an exchange before its end: told once, to whoever listens. AbortSignal does the same at ten times the cost (it is
// an EventTarget), and every request has several of these.

export interface CancelSignal {
  /** Why it was cancelled; undefined while it is not. */
  readonly reason: Error | undefined;
  /** Called at most once, when it is cancelled. */
  on(listener: CancelListener): void;
  off(listener: CancelListener): void;
}

export type CancelListener = (reason: Error) => void;

export class CancelSource implements CancelSignal {
  reason: Error | undefined;
  // Most have one listener at a time.
  #first: CancelListener | undefined;
  #others: Set<CancelListener> | undefined;

  on(listener: CancelListener): void {
    if (this.#first === undefined) this.#first = listener;
    else (this.#others ??= new Set()).add(listener);
  }

  off(listener: CancelListener): void {
    if (this.#first === listener) this.#first = undefined;
    else this.#others?.delete(listener);
  }

  /** Only the first reason counts. */
  cancel(reason: Error): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    const listeners = [...(this.#first === undefined ? [] : [this.#first]), ...(this.#others ?? [])];
    this.#first = undefined;
    this.#others = undefined;
    for (const listener of listeners) listener(reason);
  }
}
