// Loading texts and values in tests, and the problems they have.

import { checkSettings, parseSettings } from '../../config/check';
import { type Config, loadConfig } from '../../config/load';
import { ConfigError } from '../../config/problems';
import { stackSchema } from '../../config/schema';

export const keys = { ANTHROPIC_API_KEY: 'sk-ant-x', OPENAI_API_KEY: 'sk-x', GOOGLE_API_KEY: 'AIzax' };

/** A configuration with all three keys, on a fixed day. */
export const load = (text: string | undefined, environment: Record<string, string> = keys): Config =>
  loadConfig(text, environment, '2026-11-23');

/** What `work` throws as a ConfigError, a line a problem; none when it does not throw. */
export function problemsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

export const problems = (text: string, environment?: Record<string, string>) =>
  problemsOf(() => load(text, environment));

/** The settings of a value as YAML or JSON would give it. */
export const settingsOf = (value: unknown) => parseSettings(JSON.stringify(value));

/** The problems of stack settings. */
export const stackProblems = (value: unknown) => problemsOf(() => checkSettings(value, stackSchema));
