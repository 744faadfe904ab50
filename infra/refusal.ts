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

/**
 * Ends the program with one sentence. An error that an output throws would reach the operator behind the name of every
 * property on its way.
 * @param resource what it concerns
 */
export async function giveUp(sentence: string, resource?: pulumi.Resource): Promise<never> {
  await pulumi.log.error(sentence, resource);
  // By this code the language host knows that the reason has been said (@pulumi/pulumi, cmd/run/run.ts).
  process.exit(32);
}

/** For a promise on which outputs depend: ends the program with what a refusal says, and passes other errors on. */
export async function orGiveUp<T>(work: Promise<T>, resource: pulumi.Resource): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof pulumi.RunError) return giveUp(error.message, resource);
    throw error;
  });
}

/** Runs it, and turns its error about settings or code into a refusal. */
export function orRefuse<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asRefusal(error);
  }
}

/** The same for work that goes on already. */
export async function orRefuseLater<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw asRefusal(error);
  });
}

// ---

function asRefusal(error: unknown): unknown {
  if (error instanceof ConfigError) return refusalOf(error.problems);
  return error instanceof BuildError ? refusal(error.message) : error;
}
