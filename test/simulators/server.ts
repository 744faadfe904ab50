// The HTTP edge of one simulator: reads a request to its end, asks the wire what to say, and keeps the record.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCallLog, type CallLog, type Counts, type SimulatorCall } from './calls';
import { deliver, deliverFaulty, type Gates, type Line } from './delivery';
import { BadInstruction, instructionsIn, merge, NO_FAULT, parseFault, type Fault } from './fault';
import { createMemory, type Memory } from './memory';
import { isJson, Refusal, type Asked, type Provider, type Reply, type Request, type Wire } from './wire';

/** A provider that runs on this machine. */
export interface Simulator {
  provider: Provider;
  /** as the provider's SDK spells it: OpenAI's ends in /v1, Anthropic's and Google's name no version */
  baseUrl: string;
  /** the one key it accepts */
  key: string;
  /** every call, in order of arrival; see `SimulatorCall` */
  calls: SimulatorCall[];
  /** also kept with `record: false` */
  counts: Counts;
  /** resolves with the calls that have ended (or were aborted) once there are n, rejects after ms */
  waitForCalls(n: number, ms?: number): Promise<SimulatorCall[]>;
  /** the same for calls that have been read and may not be answered yet */
  waitForStarted(n: number, ms?: number): Promise<SimulatorCall[]>;
  /** what happens to the next call; several wait in line */
  next(fault: Fault): void;
  /** what happens to every call from now on */
  always(fault: Fault | undefined): void;
  /** forgets calls, faults, prompt caches and kept answers; for the space between two tests */
  reset(): void;
  close(): Promise<void>;
}

export interface SimulatorOptions {
  key?: string | undefined;
  port?: number | undefined;
  record: boolean;
  gates: Gates;
}

/** Starts one provider on the loopback address. */
export async function startSimulator(wire: Wire, options: SimulatorOptions): Promise<Simulator> {
  const log = createCallLog(wire.provider, options.record);
  const key = options.key ?? wire.key;
  const faults: Faults = { queue: [], always: undefined };
  const memory = createMemory();
  const server = createServer((message, response) => {
    receive(
      { message, response, wire, memory, record: options.record, sent: [], cut: false },
      log,
      (request, call, exchange) => {
        const { reply, fault } = understand(wire, key, faults, request, call);
        if (reply.usage) call.usage = reply.usage;
        const line = lineOf(exchange, call, request, reply);
        const failure = (sent: number) => wire.streamError(request, failureStatus(wire, fault), sent);
        const sent =
          fault === NO_FAULT ? deliver(line, reply) : deliverFaulty(line, reply, fault, options.gates, failure);
        // Nothing that can be asked for throws; if the simulator itself is wrong, the peer must notice.
        sent.catch((error: unknown) => response.destroy(error as Error));
      },
    );
  });
  // A pool on the other side may use a connection long after its last answer: closing it early would look like a fault.
  server.keepAliveTimeout = 10 * 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    provider: wire.provider,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}${wire.basePath}`,
    key,
    calls: log.calls,
    counts: log.counts,
    waitForCalls: (n, ms = 5_000) => log.wait('ended', n, ms),
    waitForStarted: (n, ms = 5_000) => log.wait('started', n, ms),
    next: (fault) => void faults.queue.push(fault),
    always: (fault) => void (faults.always = fault),
    reset() {
      log.reset();
      memory.forget();
      faults.queue.length = 0;
      faults.always = undefined;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      log.close();
      await closed;
    },
  };
}

// ---

interface Faults {
  queue: Fault[];
  always: Fault | undefined;
}

interface Exchange {
  message: IncomingMessage;
  response: ServerResponse;
  wire: Wire;
  memory: Memory;
  record: boolean;
  /** what went out, if it is recorded */
  sent: Buffer[];
  /** the simulator broke the connection itself */
  cut: boolean;
}

const NOTHING = Buffer.alloc(0);

const GARBAGE: Reply = {
  status: 200,
  contentType: 'text/html; charset=utf-8',
  pieces: ['<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>It works!</body></html>\n'],
  streamed: false,
};

/** Reads the request to its end, answers, and records the end whichever way it comes. */
function receive(
  exchange: Exchange,
  log: CallLog,
  answer: (request: Request, call: SimulatorCall, exchange: Exchange) => void,
): void {
  const { message, response } = exchange;
  const call = newCall(exchange);
  const chunks: Buffer[] = [];
  let begun = false;
  const begin = () => {
    begun = true;
    call.body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    log.started(call);
  };
  message.on('data', (chunk: Buffer) => chunks.push(chunk));
  message.on('end', () => {
    begin();
    answer(requestOf(message, call, exchange), call, exchange);
  });
  response.once('close', () => {
    if (!begun) begin();
    call.endedAt = Date.now();
    call.aborted = !response.writableFinished && !exchange.cut;
    log.ended(call);
  });
}

function newCall({ message, wire, record, sent }: Exchange): SimulatorCall {
  return {
    provider: wire.provider,
    method: message.method ?? '',
    path: message.url ?? '/',
    headers: record ? joined(message.headers) : {},
    body: NOTHING,
    model: '',
    stream: false,
    status: 0,
    startedAt: Date.now(),
    aborted: false,
    get answer() {
      return Buffer.concat(sent);
    },
  };
}

function joined(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}

function lineOf(exchange: Exchange, call: SimulatorCall, request: Request, reply: Reply): Line {
  const { response, record, sent, wire } = exchange;
  return {
    response,
    head(status) {
      call.status = status;
      const headers = { ...wire.headers(request.id), 'content-type': reply.contentType, ...reply.headers };
      if (reply.streamed) response.writeHead(status, headers);
      else response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(reply.pieces.join('')) });
    },
    write(piece, written) {
      call.firstByteAt ??= Date.now();
      if (record) sent.push(Buffer.from(piece));
      return response.write(piece, written);
    },
    cut() {
      exchange.cut = true;
      response.destroy();
    },
  };
}

function requestOf(message: IncomingMessage, call: SimulatorCall, { wire, memory }: Exchange): Request {
  const [path = '/', query = ''] = call.path.split('?', 2);
  return {
    id: wire.newRequestId(),
    method: call.method,
    path,
    query: new URLSearchParams(query),
    headers: message.headers,
    body: call.body,
    memory,
  };
}

/** Decides what to say and what shall go wrong with it. */
function understand(
  wire: Wire,
  key: string,
  faults: Faults,
  request: Request,
  call: SimulatorCall,
): { reply: Reply; fault: Fault } {
  const next = faults.queue.shift();
  let fault = merge(faults.always, next);
  try {
    const header = headerFault(request);
    fault = merge(faults.always, next, header);
    wire.authenticate(request, key);
    const asked = findOperation(wire, request);
    call.model = asked.model;
    call.stream = asked.stream;
    fault = merge(faults.always, instructionsIn(asked.prompt, wire.provider, asked.model), next, header);
    return { reply: fault.garbage ? GARBAGE : replyTo(asked, fault, wire, request), fault };
  } catch (error) {
    Object.assign(call, peek(request));
    if (error instanceof Refusal) return { reply: wire.refuse(error, request), fault };
    // A misspelt instruction, or a mistake in the simulator: neither may look like the provider's doing.
    const refusal = error instanceof BadInstruction ? wire.invalid(error.message) : new Refusal(500, String(error));
    return { reply: wire.refuse(refusal, request), fault: NO_FAULT };
  }
}

/** What a refused request says of itself, so that its record can be told from others. */
function peek(request: Request): { model: string; stream: boolean } {
  const inPath = /\/models\/([^/:]+)/.exec(request.path)?.[1];
  const streams = request.path.includes(':stream');
  try {
    const body: unknown = JSON.parse(request.body.toString());
    if (isJson(body) && typeof body.model === 'string') return { model: body.model, stream: body.stream === true };
  } catch {
    // not JSON: nothing to be learnt
  }
  return { model: inPath ?? '', stream: streams };
}

function headerFault(request: Request): Fault {
  const words = request.headers['x-sim'];
  return typeof words === 'string' ? parseFault(words) : NO_FAULT;
}

function findOperation(wire: Wire, request: Request): Asked {
  let allowed: string | undefined;
  for (const operation of wire.operations) {
    const match = operation.path.exec(request.path);
    if (!match) continue;
    if (operation.method === request.method) return operation.read(request, match);
    allowed = operation.method;
  }
  throw wire.noSuchPath(request, allowed);
}

function replyTo(asked: Asked, fault: Fault, wire: Wire, request: Request): Reply {
  if (fault.noCredit) throw wire.noCredit(asked.model);
  if (fault.tooLong) throw wire.tooLong(asked.model, 10_000_000, request);
  const inStream = asked.stream && fault.errorAfter !== undefined && fault.errorAfter > 0;
  if (!inStream && (fault.status !== undefined || fault.errorAfter !== undefined)) {
    throw wire.failure(failureStatus(wire, fault), asked.model, fault.retryAfter);
  }
  if (fault.block && wire.blocked) throw wire.blocked();
  return asked.reply(fault);
}

/** What each provider says when it is overloaded. */
function failureStatus(wire: Wire, fault: Fault): number {
  return fault.status ?? { openai: 500, anthropic: 529, google: 503 }[wire.provider];
}
