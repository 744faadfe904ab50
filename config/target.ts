// A target: one model at one provider, with all that routing and billing need to know of it.

import { capabilities, type Capability, type Model, type ModelKind, type Price, UNKNOWN_PRICE } from './catalogue';
import { isKnownProvider } from './knownProviders';
import type { CustomModel } from './providerSettings';

/** A model at a provider. */
export interface Target {
  /** The provider's name in the settings. */
  readonly provider: string;
  /** The model id that goes upstream. */
  readonly model: string;
  /** `provider/model`, as shown in `x-ovth-route`, logs and reports. */
  readonly label: string;
  /**
   * What it can be a candidate for: an embedding model takes no chat, and the other way round. `undefined` where nobody
   * says (`provider/anything`, a configured model without `kind`): then it may be either.
   */
  readonly kind: ModelKind | undefined;
  /** Tokens of input and output together; undefined where nobody says. */
  readonly context: number | undefined;
  /** Most output tokens of one answer; undefined where nobody says. */
  readonly maxOutput: number | undefined;
  /** All of them where nothing is known of the model, so that nothing is ruled out; web search only of known providers. */
  readonly capabilities: ReadonlySet<Capability>;
  /** Nano-USD per token, ascending by the day they hold from; at least one. */
  readonly prices: readonly Price[];
  /** Where the price comes from: `unknown` is the stated conservative tier, never zero. */
  readonly priced: 'catalogue' | 'config' | 'unknown';
  /** Where the model is in the catalogue, its row. */
  readonly row: Model | undefined;
}

const everything: ReadonlySet<Capability> = new Set(capabilities);

// Of the three providers every chat model searches the web; another host only where the configuration says so.
const everythingOfHosts: ReadonlySet<Capability> = new Set(capabilities.filter((name) => name !== 'web_search'));

/** A row of the catalogue as a target. @param send the id to send upstream: the row's own, or a dated one the caller pinned. */
export function catalogueTarget(row: Model, send: string): Target {
  return {
    provider: row.provider,
    model: send,
    label: `${row.provider}/${send}`,
    kind: row.kind,
    context: row.context,
    maxOutput: row.max_output,
    capabilities: capabilitySet(row),
    prices: row.prices,
    priced: 'catalogue',
    row,
  };
}

/** A model described in the configuration; a price that is not given is the conservative tier's. */
export function configuredTarget(provider: string, model: string, custom: CustomModel): Target {
  const input = nano(custom.input) ?? UNKNOWN_PRICE.input;
  const price: Price = {
    from: UNKNOWN_PRICE.from,
    input,
    output: nano(custom.output) ?? UNKNOWN_PRICE.output,
    cache_read: nano(custom.cache_read) ?? input,
    cache_write_5m: input,
    cache_write_1h: input,
    ...(custom.search === undefined ? {} : { search: Math.round(custom.search * 1_000_000) }),
  };
  return {
    provider,
    model,
    label: `${provider}/${model}`,
    kind: custom.kind,
    context: custom.context,
    maxOutput: custom.max_output,
    capabilities: new Set(custom.capabilities),
    prices: [price],
    priced: custom.input === undefined || custom.output === undefined ? 'unknown' : 'config',
    row: undefined,
  };
}

/** `provider/anything`: nothing is known of it, so nothing is ruled out and the price is the conservative tier. */
export function unknownTarget(provider: string, model: string): Target {
  return {
    provider,
    model,
    label: `${provider}/${model}`,
    kind: undefined,
    context: undefined,
    maxOutput: undefined,
    capabilities: isKnownProvider(provider) ? everything : everythingOfHosts,
    prices: [UNKNOWN_PRICE],
    priced: 'unknown',
    row: undefined,
  };
}

/** The rates that hold on a day, in nano-USD per token; before the first known day, the first. @param day ISO date */
export function rateOn(target: Target, day: string): Price {
  let held = target.prices[0] ?? UNKNOWN_PRICE;
  for (const price of target.prices) if (price.from <= day) held = price;
  return held;
}

// ---

const sets = new Map<string, ReadonlySet<Capability>>();

function capabilitySet(row: Model): ReadonlySet<Capability> {
  let set = sets.get(row.id);
  if (set === undefined) sets.set(row.id, (set = new Set(row.capabilities)));
  return set;
}

// USD per million tokens → nano-USD per token.
function nano(dollarsPerMillion: number | undefined): number | undefined {
  return dollarsPerMillion === undefined ? undefined : Math.round(dollarsPerMillion * 1_000);
}
