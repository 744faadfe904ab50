// Pseudonyms of the people in settled rows. Each person has a random salt: with it a name's pseudonym can be computed, and
// the hash chain covers that. When somebody leaves, the pseudonyms take the place of the names and the salt is deleted; then
// nobody can find the names again by trying (there are few addresses), and the rows still have the hash they had.

import { hash, randomBytes } from 'node:crypto';
import type { RequestRow } from '../rows';
import { type PersonalField, personalFields, type Pseudonyms } from './chainHash';

/** What is known of a person: the salt; null where the names were replaced; undefined where the person is new. */
export type SaltOf = (person: string) => string | null | undefined;

export interface People {
  /** The pseudonyms of a row's names. */
  of(row: Pick<RequestRow, PersonalField | 'key'>): Pseudonyms;
  forget(): void;
}

/** People, and pseudonyms of one of them, that are remembered. */
const mostPeople = 2_000;
const mostNames = 200;

/** @param saltOf is asked once for each person, as long as they are remembered */
export function openPeople(saltOf: SaltOf): People {
  let people = new Map<string, Person>();
  const find = (name: string): Person => {
    let person = people.get(name);
    if (person === undefined) {
      if (people.size >= mostPeople) people = new Map();
      people.set(name, (person = { salt: saltOf(name), names: new Map() }));
    }
    return person;
  };
  return {
    of(row) {
      const person = find(personOf(row));
      return {
        user: nameIn(person, 'user', row.user),
        end_user: nameIn(person, 'end_user', row.end_user),
        address: nameIn(person, 'address', row.address),
        session: nameIn(person, 'session', row.session),
      };
    },
    forget() {
      people = new Map();
    },
  };
}

/** Whose names a row holds: its user's, or those of whoever has its key. */
export function personOf({ user, key }: Pick<RequestRow, 'user' | 'key'>): string {
  return user ?? key;
}

/** A salt for somebody new. */
export function newSalt(): string {
  return randomBytes(16).toString('base64url');
}

/** What stands for a name of a person. */
export function pseudonym(salt: string, field: PersonalField, name: string): string {
  return `~${hash('sha256', `${salt} ${field} ${name}`, 'base64url').slice(0, 22)}`;
}

/** The row's names as pseudonyms, by column. */
export function pseudonymsOf(salt: string, row: Readonly<Record<PersonalField, string | null>>): Pseudonyms {
  const names = personalFields.map((field) => {
    const name = row[field];
    return [field, name === null ? null : pseudonym(salt, field, name)] as const;
  });
  return Object.fromEntries(names) as Record<PersonalField, string | null>;
}

// ---

interface Person {
  readonly salt: string | null | undefined;
  /** By field and name. */
  readonly names: Map<string, string>;
}

// Of somebody whose names were replaced, they are the pseudonyms.
function nameIn({ salt, names }: Person, field: PersonalField, name: string | null): string | null {
  if (name === null || salt === null || salt === undefined) return name;
  const known = names.get(field + name);
  if (known !== undefined) return known;
  if (names.size >= mostNames) names.clear();
  const made = pseudonym(salt, field, name);
  names.set(field + name, made);
  return made;
}
