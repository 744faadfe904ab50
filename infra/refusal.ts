// How a mistake in settings or code stops the engine: one sentence for each thing that is wrong, and no stack trace.

import * as pulumi from '@pulumi/pulumi';
import { ConfigError, formatProblem, type Problem } from '../config/problems';
import { BuildError } from './bundle';

/** An error whose message the engine prints unchanged. Its stack is the message: Node 20 takes 15 s to colour a stack. */
export function refusal(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}

/** A refusal that lists problems, one on each line. */
export function refusalOf(problems: readonly Problem[]): pulumi.RunError {
  return refusal(problems.map(formatProblem).join('\n'));
}

/** Runs it, and turns its error about settings or code into a refusal. */
export function orRefuse<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigError) throw refusalOf(error.problems);
    if (error instanceof BuildError) throw refusal(error.message);
    throw error;
  }
}
