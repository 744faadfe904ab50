// What is wrong with a configuration: every problem with its path, what was found and the remedy.

import { nearest } from './nearest';

/** One thing that is wrong. */
export interface Problem {
  /** Where, as one would write it: `routes.auto.providers[0]`. Empty for the file as a whole. */
  readonly path: string;
  /** What was found, what is expected, and the remedy; ends with a full stop. */
  readonly message: string;
}

/** A configuration that cannot be used, with everything that is wrong with it; the process that meets it at start ends with code 78 (EX_CONFIG). */
export class ConfigError extends Error {
  /** At least one. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** The first hundred problems, and how many more there are: a file that is something else altogether has thousands. */
export function firstOf(problems: readonly Problem[]): Problem[] {
  const listed = problems.slice(0, mostListed);
  const left = problems.length - listed.length;
  return left === 0
    ? listed
    : [...listed, { path: '', message: `${left.toLocaleString('en-US')} more are not listed.` }];
}

/** One line for one problem: `path: message`, or the message alone where there is no path. */
export function formatProblem(problem: Problem): string {
  const line = problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`;
  // A name may be of several lines.
  return line.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** ` Did you mean "x"?`, or nothing when no name is near. */
export function suggest(found: string, allowed: readonly string[]): string {
  const [first] = nearest(found, allowed, 1);
  return first === undefined ? '' : ` Did you mean "${first}"?`;
}

// ---

const mostListed = 100;
