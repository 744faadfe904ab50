// The columns of sums of use, and how a settled row is read as one of them.

/** What sums are kept by, beside their hour or day; in the order of the columns. What a request does not have is the empty text. */
export const usageNames = ['key', 'user', 'tags', 'route', 'provider', 'account', 'model', 'client'] as const;

/** What is summed. */
export const usageAmounts = [
  'requests', 'errors', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'searches', 'counted', 'raw', 'cost',
  'uncached', 'dearest_cost',
] as const; // prettier-ignore

/** Columns of `requests` as sums have them. */
export const namesOfRow = `key, coalesce(user, '') user, tags, coalesce(route, '') route, provider, account, model,
  coalesce(client, '') client`;
/** The same of amounts. */
export const amountsOfRow = `iif(kind = 'correction', 0, 1) requests,
  iif(kind <> 'correction' and outcome not in ('ok', 'client_gone'), 1, 0) errors, input, cache_read,
  cache_write_5m + cache_write_1h cache_write, output, reasoning, searches, counted, raw, cost, uncached, dearest_cost`;

/** Days are in UTC. */
export const dayMs = 86_400_000;

/** In an upsert of sums: adds to those that are there, within what a number holds. */
export const addAmounts = usageAmounts
  .map((name) => `${name} = max(-9007199254740991, min(9007199254740991, ${name} + excluded.${name}))`)
  .join(', ');
