// What a host has refused of a model that it takes in another form: a request as chat completions, the older name of the
// maximum. The next such request is put that way at once. Learnt from its refusals, for each account, and forgotten after
// a while: what providers refuse changes from one week to the next.

import type { ChatRefusal } from '../../../config/catalogue';
import type { Provider } from '../../../config/load';

/** What is known of one model at one account. */
export interface ModelRefusal {
  /** What it refuses as chat completions, and takes as Responses. */
  readonly chat?: ChatRefusal;
  /** It refuses `max_tokens`, and takes `max_completion_tokens`. */
  readonly olderMaximum?: true;
}

/** Refusals of models, by account. */
export interface ModelRefusals {
  /** @param now milliseconds since 1970 */
  of(provider: Provider, model: string, now: number): ModelRefusal;
  add(provider: Provider, model: string, refusal: ModelRefusal, now: number): void;
}

const rememberedMs = 60 * 60_000;

/** Models' names are the clients' own choice, and therefore bounded. */
const mostModels = 1_000;

/** Nothing has been refused yet. Each refusal is remembered for an hour, those of 1,000 models at most. */
export function openModelRefusals(): ModelRefusals {
  const known = new Map<string, ModelRefusal & { readonly until: number }>();
  const keyOf = ({ name, baseUrl, accounts: [account] }: Provider, model: string) =>
    `${name} ${baseUrl} ${account.name} ${model}`;
  const lookUp = (key: string, now: number): ModelRefusal => {
    const found = known.get(key);
    const left = (found?.until ?? 0) - now;
    return found !== undefined && left > 0 && left <= rememberedMs ? found : nothing; // the clock may have been set back
  };
  return {
    of: (provider, model, now) => (known.size === 0 ? nothing : lookUp(keyOf(provider, model), now)),
    add(provider, model, refusal, now) {
      const key = keyOf(provider, model);
      const both = { ...lookUp(key, now), ...refusal, until: now + rememberedMs };
      known.delete(key);
      known.set(key, both);
      const oldest = known.keys().next();
      if (known.size > mostModels && oldest.done !== true) known.delete(oldest.value);
    },
  };
}

// ---

const nothing: ModelRefusal = {};
