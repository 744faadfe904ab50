// The end of each instance's chain of settled rows: read once, moved on by each row, written with the batch.

import type { RequestRow } from '../rows';
import { chainStart, rowHash } from './chainHash';
import { requestColumns, requestValues } from './columns';
import { newSalt, openPeople } from './people';
import type { Writer } from './statements';

export interface HashChain {
  /** Writes a settled row, with its hash. */
  add(row: RequestRow): void;
  /** Writes the ends of the chains that rows were added to since the last call. @param now milliseconds since 1970 */
  write(now: number): void;
  forget(): void;
}

/** Where the chain of an instance ends. */
interface Head {
  readonly seq: number;
  readonly hash: string;
}

const hashColumn = requestColumns.indexOf('hash');

/** Instances remembered: this one, and those whose open requests it settles. */
const mostHeads = 100;

/** @param ledgerId is asked once */
export function openHashChain(sql: Writer, ledgerId: () => string): HashChain {
  let ledger: string | undefined;
  const heads = new Map<string, Head>();
  const changed = new Set<string>();
  const people = openPeople((name) => {
    const known = sql.person.get(name) as { salt: string | null } | undefined;
    if (known !== undefined) return known.salt;
    const salt = newSalt();
    sql.addPerson.run(name, salt);
    return salt;
  });
  const hashBefore = (instance: string): string => {
    const known = heads.get(instance) ?? (sql.head.get(instance) as Head | undefined);
    return known?.hash ?? chainStart((ledger ??= ledgerId()), instance);
  };
  return {
    add(row) {
      const hash = rowHash(hashBefore(row.instance), row, people.of(row));
      const values = requestValues(row);
      values[hashColumn] = hash;
      const { lastInsertRowid } = sql.addRequest.run(...values);
      heads.set(row.instance, { seq: Number(lastInsertRowid), hash });
      changed.add(row.instance);
    },
    write(now) {
      for (const instance of changed) {
        const head = heads.get(instance);
        if (head !== undefined) sql.putHead.run(instance, head.seq, head.hash, now);
      }
      changed.clear();
      if (heads.size > mostHeads) heads.clear();
    },
    forget() {
      heads.clear();
      changed.clear();
      people.forget();
    },
  };
}
