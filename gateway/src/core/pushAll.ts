// Lists from outside may have any length.

/**
 * Adds items to the end of a list. `push(...items)` would put each on the stack, which holds a hundred thousand: an answer with
 * more log probabilities or citations than that failed as if it were our own mistake.
 */
export function pushAll<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}
