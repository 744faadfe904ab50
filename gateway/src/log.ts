// What is written: one line a request, and the gateway's own news. Named fields only: never a header, a body or a secret.

import pino from 'pino';
import { GatewayError } from './errors';
import type { Outcome } from './ledger';
import type { Usage } from './money';

/** The fields of a request's line. */
export interface RequestLine {
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

export interface RequestLog {
  request(line: RequestLine): void;
  /** A request that was refused before it was admitted. */
  refused(line: {
    id: string;
    method: string;
    path: string;
    status: number;
    code: string;
    key?: string;
    ms: number;
  }): void;
  news(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Something of ours failed. @param cause its text is ours or the operating system's, never a client's or provider's */
  problem(message: string, cause?: unknown): void;
  setLevel(level: string): void;
  flush(): void;
}

/** JSON lines on standard output, written in batches; `flush` before the process ends. */
export function openLog(level = 'info'): RequestLog {
  const destination = pino.destination({
    dest: 1,
    sync: false,
    minLength: 32_768,
    maxWrite: 65_536,
    periodicFlush: 200,
  });
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.epochTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    request(line) {
      const { usage, failure, dropped, lost, warning, ...rest } = line;
      const fields = {
        ...rest,
        input: usage.input,
        cache_read: usage.cacheRead,
        cache_write: usage.cacheWrite5m + usage.cacheWrite1h,
        output: usage.output,
        reasoning: usage.reasoning,
        ...(dropped.length > 0 ? { dropped } : {}),
        ...(lost.length > 0 ? { lost } : {}),
        ...(warning === undefined ? {} : { warning }),
        ...(failure === undefined ? {} : describe(failure)),
      };
      if (rest.outcome === 'ok' || rest.outcome === 'client_gone') logger.info(fields, 'request');
      else logger.warn(fields, 'request');
    },
    refused: (line) => logger.info(line, 'refused'),
    news: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    problem: (message, cause) => logger.error(describe(cause), message),
    setLevel: (next) => {
      logger.level = next;
    },
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // nothing is left to tell it to
      }
    },
  };
}

// ---

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
