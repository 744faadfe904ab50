// What is written: one line a request, and what the gateway itself reports. Named fields only: never a header, a body or a secret.

import { fstatSync, write } from 'node:fs';
import pino from 'pino';
import { GatewayError } from '../core/errors';
import type { RequestRecord } from '../accounting/record';

export interface Log {
  request(record: RequestRecord): void;
  /** A request that was refused before it was admitted. */
  refused(line: {
    id: string;
    method: string;
    path: string;
    status: number;
    code: string;
    address: string;
    key?: string;
    ms: number;
  }): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** As info, whatever level is set. */
  always(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Something of ours failed. @param cause its text is ours or the operating system's, never a client's or provider's */
  error(message: string, cause?: unknown): void;
  setLevel(level: string): void;
  /** Resolves when all is written, or nobody reads it. */
  flush(): Promise<void>;
}

/** JSON lines on standard output, written in batches; `flush` before the process ends. */
export function openLog(level = 'info'): Log {
  const lines = openLines();
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.epochTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  return {
    request(record) {
      const { outcome } = record.row;
      const level = outcome === 'ok' || outcome === 'client_gone' ? 'info' : 'warn';
      // Once a request, so it is put together by hand and printed by the engine: a third of what the logger's walk costs.
      if (logger.isLevelEnabled(level)) lines.write(`${JSON.stringify(requestFields(level, record))}\n`);
    },
    refused: (line) => logger.info(line, 'refused'),
    info: (message, fields = {}) => logger.info(fields, message),
    always(message, fields = {}) {
      lines.write(`${JSON.stringify({ level: 'info', time: Date.now(), ...fields, msg: message })}\n`);
    },
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, cause) => logger.error(describe(cause), message),
    setLevel: (next) => {
      logger.level = next;
    },
    flush: () => lines.flush(),
  };
}

// ---

/** A write to a file goes by another thread, which takes more of both than all that is written. */
const batchLength = 65_536;
const batchMs = 200;

/** Bytes that wait for a reader of the log; lines on top are dropped, and their number is said when there is room again. */
const mostWaiting = 4 * 1024 * 1024;
/** The end of the process waits this long for a reader of the log. */
const flushMs = 400;

// Lines are gathered and written together. Node's own stream never blocks on a pipe that nobody reads, unlike a write to
// the descriptor, which would hold a thread and with it the end of the process.
function openLines() {
  const stdout = standardOutput();
  let waiting = '';
  let dropped = 0;
  const linesIn = (text: string) => text.split('\n').length - 1;
  const pass = () => {
    if (waiting === '') return;
    const text = waiting;
    waiting = '';
    if (stdout.writableLength > mostWaiting) {
      dropped += linesIn(text);
      return;
    }
    const told = dropped;
    dropped = 0;
    const note =
      told === 0
        ? ''
        : `${JSON.stringify({ level: 'warn', time: Date.now(), msg: 'log lines were dropped: they could not be written', dropped: told })}\n`;
    // An error is a full disk or a reader that has gone: the next lines may find room.
    stdout.write(note + text, (error) => {
      if (error) dropped += told + linesIn(text);
    });
  };
  setInterval(pass, batchMs).unref();
  return {
    write(line: string): void {
      waiting += line;
      if (waiting.length >= batchLength) pass();
    },
    flush(): Promise<void> {
      pass();
      return new Promise((resolve) => {
        const late = setTimeout(resolve, flushMs);
        stdout.write('', () => {
          clearTimeout(late);
          resolve();
        });
      });
    },
  };
}

/** Where lines go. */
interface Destination {
  /** Characters or bytes that wait. */
  readonly writableLength: number;
  write(text: string, done: (error?: Error | null) => void): void;
}

// Node writes to files and terminals at once, so that a disk that hangs or a terminal that is stopped would hold every
// request. Source: https://nodejs.org/api/process.html#a-note-on-process-io (2026-11)
function standardOutput(): Destination {
  const { stdout } = process;
  stdout.on('error', () => undefined); // the reader has gone
  const { _handle: handle } = stdout as { _handle?: { setBlocking?(on: boolean): void } };
  if (stdout.isTTY) handle?.setBlocking?.(false);
  return isFile(stdout.fd) ? openFileOutput(stdout.fd) : stdout;
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false; // it is closed
  }
}

// A file is written by a thread of the pool, one write at a time.
function openFileOutput(descriptor: number): Destination {
  const queue: { rest: Buffer; done: (error?: Error | null) => void }[] = [];
  let waiting = 0;
  const next = (): void => {
    const first = queue[0];
    if (first === undefined) return;
    write(descriptor, first.rest, (error, written) => {
      waiting -= error === null ? written : first.rest.length;
      first.rest = first.rest.subarray(written);
      if (error === null && first.rest.length > 0) return next();
      queue.shift();
      first.done(error);
      next();
    });
  };
  return {
    get writableLength() {
      return waiting;
    },
    write(text, done) {
      const rest = Buffer.from(text);
      waiting += rest.length;
      if (queue.push({ rest, done }) === 1) next();
    },
  };
}

// What is undefined is left out.
function requestFields(level: string, record: RequestRecord): Readonly<Record<string, unknown>> {
  const { row, usage } = record;
  return {
    level,
    time: Date.now(),
    id: row.id,
    key: record.keyLabel,
    key_id: row.key,
    old_key: record.oldKey ? true : undefined,
    path: row.wire_in,
    model: row.requested,
    target: `${row.provider}/${row.model}`,
    strategy: record.strategy,
    attempts: record.attempts,
    status: row.status,
    outcome: row.outcome,
    stream: row.stream === 1,
    counted: row.counted,
    cost_nano_usd: row.cost,
    estimated: row.estimated === 1,
    first_byte_ms: row.first_byte_at === null ? undefined : row.first_byte_at - row.started_at,
    ms: row.ended_at - row.started_at,
    input: usage.input,
    cache_read: usage.cacheRead,
    cache_write: usage.cacheWrite5m + usage.cacheWrite1h,
    output: usage.output,
    reasoning: usage.reasoning,
    dropped: record.dropped.length > 0 ? record.dropped : undefined,
    lost: record.lost.length > 0 ? record.lost : undefined,
    repaired: record.repaired.length > 0 ? record.repaired : undefined,
    warning: record.warning,
    ...(record.failure === undefined ? undefined : describe(record.failure)),
    msg: 'request',
  };
}

// Codes and causes, without the messages of other people's errors: those may quote what must not be logged.
function describe(error: unknown): Record<string, unknown> {
  if (error instanceof GatewayError) {
    const cause = error.cause;
    return { code: error.code, ...(cause instanceof Error ? { cause: causeCode(cause) } : {}) };
  }
  if (error instanceof Error) return { code: causeCode(error), at: error.stack?.split('\n')[1]?.trim() };
  return {};
}

function causeCode(error: Error): string {
  const code =
    'code' in error && typeof error.code === 'string'
      ? error.code
      : 'errcode' in error && typeof error.errcode === 'number'
        ? `sqlite ${error.errcode}`
        : undefined;
  return code ?? error.name;
}
