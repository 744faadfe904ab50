// The words that the HTTP edge and the providers' wires share. A wire knows shapes and refusals; sockets and time are the edge's.
import type { IncomingHttpHeaders } from 'node:http';
import type { Fault } from './fault';
import type { Memory } from './memory';

export type Provider = 'openai' | 'anthropic' | 'google';

/** Tokens as a provider reports them, whatever it calls them. */
export interface Usage {
  /** all of the prompt, what came from a cache included */
  input: number;
  /** all that came out, thoughts included */
  output: number;
  /** of the output: thoughts */
  reasoning?: number;
  /** of the input: read from a cache, and written to one (Anthropic's, for five minutes and for an hour) */
  cached?: number;
  written?: number;
  writtenForAnHour?: number;
}

/** One HTTP request, read to its end. */
export interface Request {
  /** the request id that the answer's headers (and Anthropic's error bodies) carry */
  id: string;
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** what the simulator has kept of earlier requests */
  memory: Memory;
}

/** What goes back: one piece for a JSON document, one for each event of a stream. */
export interface Reply {
  status: number;
  contentType: string;
  headers?: Record<string, string>;
  pieces: readonly string[];
  streamed: boolean;
  usage?: Usage | undefined;
}

/** A valid request, understood; `reply` is lazy because a fault may answer in its stead. */
export interface Asked {
  model: string;
  stream: boolean;
  /** the last thing the user said: where instructions are looked for */
  prompt: string;
  reply(fault: Fault): Reply;
}

/** One path of a provider. */
export interface Operation {
  method: 'GET' | 'POST';
  path: RegExp;
  read(request: Request, match: RegExpExecArray): Asked;
}

/** One provider's dialect. */
export interface Wire {
  provider: Provider;
  /** what the provider's SDK expects its base URL to end in */
  basePath: '' | '/v1';
  /** the key that is right unless the test says otherwise */
  key: string;
  operations: readonly Operation[];
  newRequestId(): string;
  /** the headers of every answer, the good and the bad */
  headers(requestId: string): Record<string, string>;
  /** throws the provider's own refusal of a wrong credential */
  authenticate(request: Request, key: string): void;
  /** how a refusal of this request is printed */
  refuse(refusal: Refusal, request: Request): Reply;
  noSuchPath(request: Request, allowed: string | undefined): Refusal;
  /** a 400 of the simulator's own making: an instruction it does not know */
  invalid(message: string): Refusal;
  /** what the provider says with this status */
  failure(status: number, model: string, retryAfter: number | undefined): Refusal;
  /** the account has run dry */
  noCredit(model: string): Refusal;
  /** the input does not fit the model's context window */
  tooLong(model: string, tokens: number, request: Request): Refusal;
  /** the input is not to be answered, by the provider's policy; where that is no error, the reply says so */
  blocked?(): Refusal;
  /** the event that reports a failure in a stream already under way, after so many events */
  streamError(request: Request, status: number, sent: number): string;
}

/** How a provider says no. `body` is printed by its wire; a string is a page of HTML. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly headers: Record<string, string> = {},
  ) {
    super(`refused with ${status}`);
  }
}

export type Json = Record<string, unknown>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it is quoted in a complaint. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}

/** How the providers name a JSON type in their complaints. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'decimal';
  return typeof value;
}
