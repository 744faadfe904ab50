// What the hash chain of the ledger costs: the hashes of rows as the gateway writes them, beside whole requests in the same
// run. The hashes are made on the storage's thread, so that no request waits for them longer than its commit takes.

import { chainStart, rowHash } from '../../../gateway/src/storage/sqlite/chainHash';
import { openPeople } from '../../../gateway/src/storage/sqlite/people';
import type { RequestRow } from '../../../gateway/src/storage/rows';
import { microsecondsEach } from '../figures';
import { row, type Row, type Run } from '../run';

const rowsARound = 100_000;
const connections = 64;

/** CPU time of a row's hash, and its share of a small request's. */
export async function chain(run: Run): Promise<Row[]> {
  const each: number[] = [];
  const requests: number[] = [];
  hashRows(rowsARound); // until it is compiled
  for (let round = 0; round < run.effort.rounds; round++) {
    each.push(hashRows(rowsARound));
    const { pid, target } = await run.warm('ovth-process');
    const job = { type: 'load', target, body: '1 KB', connections, rampMs: 250, ms: run.effort.roundMs, pid } as const;
    const { cpuMs, requests: count } = await run.load.do<'load'>(job);
    requests.push(microsecondsEach(cpuMs, count));
  }
  return [
    row('hash chain', 'ovth-process', 'CPU a row', 'µs', each),
    row('hash chain', 'ovth-process', `CPU a request, ${connections} conn`, 'µs', requests),
    row(
      'hash chain',
      'ovth-process',
      'share of a request',
      '%',
      each.map((cost, i) => (cost * 100) / (requests[i] ?? NaN)),
    ),
  ];
}

// ---

/** Microseconds of CPU a row. */
function hashRows(count: number): number {
  const people = openPeople(() => 'a salt of sixteen bytes');
  const rows = Array.from({ length: 1_000 }, (_, i) => sample(i));
  let hash = chainStart('ledger', 'instance');
  const from = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const settled = rows[i % rows.length]!;
    hash = rowHash(hash, settled, people.of(settled));
  }
  const { user, system } = process.cpuUsage(from);
  return (user + system) / count;
}

function sample(i: number): RequestRow {
  const at = 1_795_600_800_000 + i * 7;
  return {
    id: `req_${String(at).padStart(26, '0')}`, instance: 'ins_00000000000000000000000000', kind: 'request', corrects: null,
    key: `key_${String(i % 20).padStart(26, '0')}`, user: `user${i % 20}`, tags: '["team"]', session: null, client: 'openai-sdk',
    end_user: null, address: `10.0.0.${i % 50}`, app_title: null, route: 'auto', requested: 'auto', provider: 'openai',
    account: 'default', model: 'gpt-5.5', wire_in: 'chat', wire_out: 'chat', stream: 1, started_at: at, first_byte_at: at + 300,
    first_token_at: at + 310, ended_at: at + 900 + (i % 100), status: 200, outcome: 'ok', error: null,
    attempts: JSON.stringify([{ target: 'openai/gpt-5.5', account: 'default', status: 200, ms: 900 + i }]),
    input_estimate: 700 + i, max_output: null, needs: '[]', prefix_hash: null, input: 512 + i, cache_read: 0, cache_write_5m: 0,
    cache_write_1h: 0, output: 128, reasoning: 0, audio: 0, searches: 0, counted: 640 + i, raw: 640 + i, cost: 1_234_567 + i,
    provider_cost: null, rates: '0123456789abcdef', estimated: 0, dropped: '[]', shadowed: '[]', uncached: 1_234_567 + i,
    dearest: 'anthropic/claude-opus-4.7', dearest_rates: '0123456789abcdef', dearest_cost: 4_234_567 + i, hash: null,
  }; // prettier-ignore
}
