// A real gateway in this process, on a free port, with its own data folder; ended and cleaned up by `close`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isoDay } from '../../config/calendar';
import { type Config, loadConfig } from '../../config/load';
import { Secret } from '../../config/secret';
import { type RunningGateway, startGateway } from '../../gateway/src/app/start';
import type { RequestRecord } from '../../gateway/src/accounting/record';
import type { Usage } from '../../gateway/src/core/usage';
import type { Outcome } from '../../gateway/src/storage/rows';
import type { Log } from '../../gateway/src/telemetry/log';
import { CHECKED } from '../catalogue/overrides';
import { closingOnce } from './opened';

export const masterKey = 'a-master-key-for-tests-that-is-long-enough';

export interface Line {
  readonly kind: 'request' | 'refused' | 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
}

export interface TestGateway {
  readonly url: string;
  readonly dataPath: string;
  readonly lines: Line[];
  readonly requests: RequestLine[];
  readonly running: RunningGateway;
  /** Milliseconds since 1970, as it takes it to be. */
  readonly now: () => number;
  /** Replaces the configuration as a changed file would. */
  reload(text: string): Promise<void>;
  admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>; // eslint-disable-line @typescript-eslint/no-explicit-any
  mint(body?: object): Promise<string>;
  /** Resolves when a request's row is in the ledger. */
  row(id: string): Promise<any>; // eslint-disable-line @typescript-eslint/no-explicit-any
  close(): Promise<void>;
}

export interface TestOptions {
  readonly config: string;
  readonly keys?: Readonly<Record<string, string>>;
  readonly dataPath?: string;
  /** Milliseconds since 1970. Without it, the day is the one that the catalogue was checked on: models end and prices change. */
  readonly now?: () => number;
  /** A number in [0, 1), for `weighted`. */
  readonly random?: () => number;
}

const defaultKeys = {
  OPENAI_API_KEY: 'sk-upstream-openai',
  ANTHROPIC_API_KEY: 'sk-ant-upstream',
  GOOGLE_API_KEY: 'AIza-upstream',
};

const ahead = Date.now() - Date.parse(`${CHECKED}T12:00:00Z`);
const dayOfCatalogue = () => Date.now() - ahead;

export async function startTestGateway(options: TestOptions): Promise<TestGateway> {
  const { now = dayOfCatalogue } = options;
  const dataPath = options.dataPath ?? mkdtempSync(join(tmpdir(), 'ovth-test-'));
  const lines: Line[] = [];
  const requests: RequestLine[] = [];
  let text = options.config;
  const read = (): Config =>
    loadConfig(text, { ...(options.keys ?? defaultKeys), OVTH_MASTER_KEY: masterKey }, isoDay(now()));
  const log = recorder(lines, requests);
  const running = await startGateway({
    host: '127.0.0.1',
    port: 0,
    dataPath,
    log,
    now,
    ...(options.random === undefined ? {} : { random: options.random }),
    readConfig: read,
    masterKeyOf: (config) => config.masterKey ?? new Secret(masterKey),
  });
  const admin: TestGateway['admin'] = async (method, path, body) => {
    const answer = await fetch(running.url + path, {
      method,
      headers: { authorization: `Bearer ${masterKey}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  return {
    url: running.url,
    dataPath,
    lines,
    requests,
    running,
    now,
    reload(next) {
      text = next;
      return running.reload();
    },
    admin,
    mint: async (body = { label: 'test' }) => (await admin('POST', '/admin/keys', body)).body.key as string,
    row: async (id) => {
      for (;;) {
        const { status, body } = await admin('GET', `/admin/requests/${id}`);
        if (status === 200) return body;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close: closingOnce(async () => {
      await running.stop();
      if (options.dataPath === undefined) rmSync(dataPath, { recursive: true, force: true });
    }),
  };
}

// ---

/** What a test wants to know of a request that has ended. */
interface RequestLine {
  readonly id: string;
  readonly key: string;
  readonly key_id: string;
  readonly path: string;
  readonly model: string;
  readonly target: string;
  readonly strategy: string;
  readonly attempts: number;
  readonly status: number;
  readonly outcome: Outcome;
  readonly stream: boolean;
  readonly usage: Usage;
  readonly counted: number;
  readonly cost_nano_usd: number;
  readonly estimated: boolean;
  readonly first_byte_ms: number | undefined;
  readonly ms: number;
  readonly dropped: readonly string[];
  readonly lost: readonly string[];
  readonly warning: string | undefined;
  readonly failure: unknown;
}

function requestLine({ row, usage, ...record }: RequestRecord): RequestLine {
  return {
    id: row.id,
    key: record.keyLabel,
    key_id: row.key,
    path: row.wire_in,
    model: row.requested,
    target: `${row.provider}/${row.model}`,
    strategy: record.strategy,
    attempts: record.attempts,
    status: row.status,
    outcome: row.outcome,
    stream: row.stream === 1,
    usage,
    counted: row.counted,
    cost_nano_usd: row.cost,
    estimated: row.estimated === 1,
    first_byte_ms: row.first_byte_at === null ? undefined : row.first_byte_at - row.started_at,
    ms: row.ended_at - row.started_at,
    dropped: record.dropped,
    lost: record.lost,
    warning: record.warning,
    failure: record.failure,
  };
}

function recorder(lines: Line[], requests: RequestLine[]): Log {
  return {
    request(record) {
      const line = requestLine(record);
      requests.push(line);
      lines.push({ kind: 'request', fields: { ...line } });
    },
    refused: (line) => void lines.push({ kind: 'refused', fields: line }),
    info: (message, fields) => void lines.push({ kind: 'info', fields: { message, ...fields } }),
    always: (message, fields) => void lines.push({ kind: 'info', fields: { message, ...fields } }),
    warn: (message, fields) => void lines.push({ kind: 'warn', fields: { message, ...fields } }),
    error: (message, cause) => void lines.push({ kind: 'error', fields: { message, cause } }),
    setLevel: () => undefined,
    flush: () => Promise.resolve(),
  };
}
