// What is said of every coding CLI, in one vocabulary: all of them are run through this, and face the same tests.

import type { Format } from '../../gateway/src/wire/neutral';
import type { ToolCall } from '../simulators/answer';

/** How a program is started. */
export interface Invocation {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What lies in its home: path → text. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What it is to do, and where. */
export interface Task {
  /** The gateway, without a path. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly prompt: string;
  readonly home: string;
  /** Goes on with the last conversation. */
  readonly resumes: boolean;
}

export interface Cli {
  readonly name: string;
  /** The format it speaks to a model of that name. */
  readonly format: (model: string) => Format;
  /** What it makes of a model's name, where it makes something of it. */
  readonly renames?: Readonly<Record<string, string>>;
  /** The program and its first arguments; undefined where it is not installed. */
  readonly program: readonly string[] | undefined;
  readonly invoke: (task: Task) => Invocation;
  /** False where another CLI has gone from provider to provider in the same format: a round takes 30 s of a slow one. */
  readonly goesRound?: boolean;
  /** Providers (their models) that refuse what it makes of a resumed conversation, with or without a gateway. */
  readonly refusedBy?: readonly string[];
  /** Calls of its own tools, as a model has to make them. */
  readonly tools: {
    readonly read: (path: string) => ToolCall;
    /** @param given names of the request's tools */
    readonly write: (path: string, text: string, given: ReadonlySet<string>) => ToolCall;
    readonly run: (command: string) => ToolCall;
    /** Where it shows pictures to the model. */
    readonly look?: (path: string) => ToolCall;
  };
  /** What of its requests the provider cannot carry. */
  readonly dropped: (model: string) => readonly string[];
}
