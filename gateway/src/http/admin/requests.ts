// The ledger's rows for the administration.

import { GatewayError } from '../../core/errors';
import type { Reports, RequestRow } from '../../storage/storage';

export interface RequestAdmin {
  /** The newest rows of the ledger. */
  list(): Promise<object>;
  /** @throws GatewayError not_found */
  show(id: string): Promise<object>;
}

const newestRows = 100;

/** The administration of settled requests. */
export function openRequestAdmin(reports: Pick<Reports, 'lastRequests' | 'requestById'>): RequestAdmin {
  return {
    list: async () => ({ object: 'list', data: (await reports.lastRequests(newestRows)).map(describeRequest) }),
    async show(id) {
      const row = await reports.requestById(id);
      if (row === undefined)
        throw new GatewayError('not_found', { message: `There is no settled request "${id.slice(0, 60)}".` });
      return describeRequest(row);
    },
  };
}

// ---

// Amounts in people's units, lists as lists, moments as ISO dates.
function describeRequest(row: RequestRow): object {
  const {
    started_at,
    ended_at,
    first_byte_at,
    first_token_at,
    stream,
    estimated,
    cost,
    provider_cost,
    counted,
    raw,
    ...rest
  } = row;
  const moment = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    object: 'request',
    ...rest,
    target: `${row.provider}/${row.model}`,
    tags: JSON.parse(row.tags) as unknown,
    needs: JSON.parse(row.needs) as unknown,
    attempts: JSON.parse(row.attempts) as unknown,
    dropped: JSON.parse(row.dropped) as unknown,
    shadowed: JSON.parse(row.shadowed) as unknown,
    started_at: moment(started_at),
    first_byte_at: moment(first_byte_at),
    first_token_at: moment(first_token_at),
    first_byte_ms: first_byte_at === null ? null : first_byte_at - started_at,
    ended_at: moment(ended_at),
    stream: stream === 1,
    estimated: estimated === 1,
    tokens: counted,
    raw_tokens: raw,
    cost_usd: cost / 1e9,
    provider_cost_usd: provider_cost === null ? null : provider_cost / 1e9,
  };
}
