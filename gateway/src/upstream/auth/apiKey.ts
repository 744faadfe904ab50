// The credential of accounts that have a key: one header.

import type { Account } from '../../../../config/accounts';

/**
 * A function that adds an account's key to the headers of a call. An account without a key is called without one.
 * @param header its name, in lower case
 * @param print the key as the header wants it
 */
export function withApiKey(header: string, print: (key: string) => string = (key) => key) {
  return ({ key }: Account, headers: string[]): string[] => {
    if (key !== undefined) headers.push(header, print(key.reveal()));
    return headers;
  };
}
