// What is changed of a request that keeps its format, for a model that the gateway chose and that would refuse it.

import type { FieldChange } from '../../core/jsonEdit';

/** A field that is changed; `named` where something is lost, as opposed to a default that is not said. */
export interface MendedField extends FieldChange {
  readonly named: boolean;
}

/** Takes a field out that asks for something. */
export function takenOut(...at: FieldChange['at']): MendedField {
  return { at, value: undefined, named: true };
}

/** Takes a field out that asks for the default. */
export function leftOut(...at: FieldChange['at']): MendedField {
  return { at, value: undefined, named: false };
}

/** Takes a number out where it is given: named, but for values that change nothing. */
export function numberOut(value: unknown, defaults: readonly number[], ...at: FieldChange['at']): MendedField[] {
  if (value === undefined || value === null) return [];
  return [defaults.some((one) => one === value) ? leftOut(...at) : takenOut(...at)];
}

/** Says the same in the model's own words, as nearly as it can. */
export function reworded(value: unknown, ...at: FieldChange['at']): MendedField {
  return { at, value, named: true };
}
