// What every client can do, in one vocabulary: each SDK is driven through this, so that all of them face the same tests.

import type { Format } from '../../gateway/src/wire/neutral';

export interface Usage {
  readonly input: number | undefined;
  readonly output: number | undefined;
}

/** An answer in words. */
export interface Told {
  readonly text: string;
  /** The text as it came; one piece when it was not streamed. */
  readonly pieces: readonly string[];
  readonly usage: Usage;
  /** Why it ended, in the SDK's own word. */
  readonly reason: string | null | undefined;
}

export interface TellOptions {
  readonly stream: boolean;
  /** A PNG in base64. */
  readonly image?: string;
  readonly system?: string;
}

export interface Call {
  readonly name: string;
  readonly args: unknown;
}

/** A loop of tools, played to its end. */
export interface Played {
  readonly text: string;
  readonly calls: readonly Call[];
  /** What was to be read of the thoughts, of all turns. */
  readonly thoughts: string;
}

export interface PlayOptions {
  readonly stream: boolean;
  /** Asks for thoughts, in the SDK's own way. */
  readonly think: boolean;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly schema: {
    readonly type: 'object';
    readonly properties: Readonly<Record<string, unknown>>;
    readonly required?: readonly string[];
  };
  readonly run: (args: unknown) => string;
}

/** What an SDK raised. */
export interface Raised {
  readonly error: unknown;
  /** The SDK's own class for such errors. */
  readonly own: boolean;
  readonly status: number | undefined;
  readonly message: string;
}

export interface Connection {
  /** The gateway, without a path. */
  readonly url: string;
  readonly key: string;
  /** The SDK's own default when absent. */
  readonly retries?: number;
}

export interface Client {
  tell(model: string, prompt: string, options: TellOptions): Promise<Told>;
  play(model: string, prompt: string, tools: readonly Tool[], options: PlayOptions): Promise<Played>;
  /** The answer as a value of a schema. */
  shape(model: string, prompt: string, schema: Record<string, unknown>): Promise<unknown>;
}

export interface Driver {
  readonly name: string;
  /** The format it speaks. */
  readonly format: Format;
  /** Whether it obeys `x-should-retry: false`, or never retries. */
  readonly obeysNoRetry: boolean;
  /** False for one that reads no thoughts from its API, though they come. */
  readonly readsThoughts?: boolean;
  /** It asks for thoughts in a field that its API's maker does not know (OpenRouter's). */
  readonly fieldsOfItsOwn?: boolean;
  open(connection: Connection): Client;
  raised(error: unknown): Raised;
  /** Class of the error for a status, where the SDK has one for each. */
  classOf?(status: number): new (...args: never[]) => Error;
}

/** The tool of that name. */
export function toolNamed(tools: readonly Tool[], name: string): Tool {
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`the model called ${name}, which nobody gave it`);
  return tool;
}
