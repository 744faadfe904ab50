// What an answer used: integer tokens by class, as far as its provider reported them.

/** Token counts of one answer. `input` excludes everything cached, on every wire. */
export interface Usage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  /** Includes reasoning. */
  readonly output: number;
  readonly reasoning: number;
  /** Of `input`, tokens of sound, where the provider prices them apart. */
  readonly inputAudio?: number;
  /** Searches of the web that the provider charges for. */
  readonly searches?: number;
  /** Of `searches`, those by an older tool that some models price apart. */
  readonly previewSearches?: number;
  /** Input or output was not reported, or was no count: it stands here as 0 and is estimated where it is booked. */
  readonly incomplete?: true;
}

/**
 * Most tokens that one request may reserve or one answer report. No model's window is a hundredth of it; what is above is
 * a mistake or an attack, and would take sums in the ledger beyond 2^53, where a number no longer holds every integer.
 */
export const maxTokensPerRequest = 1_000_000_000;

/** A provider's count of tokens: 0 where there is none, NaN for what is no count (negative, fractional, a text, absurd). */
export function tokenCount(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxTokensPerRequest
    ? value
    : NaN;
}

/** Most searches that one answer may report: at the dearest price far from what a number of nano-USD holds exactly. */
export const maxSearchesPerRequest = 10_000;

/** A provider's count of searches; NaN for what is no count, as `tokenCount`, and for an absurd one. */
export function searchCount(value: unknown): number {
  const count = tokenCount(value);
  return count <= maxSearchesPerRequest ? count : NaN;
}

/**
 * A report with another number of searches: the one given here wins over the one reported, whichever is larger; at most as many
 * as one answer may report.
 */
export function withSearches(reported: Partial<Usage> | undefined, searches: number): Partial<Usage> | undefined {
  if (searches === (reported?.searches ?? 0)) return reported;
  return { ...reported, searches: Math.min(searches, maxSearchesPerRequest) };
}

type Counts = Omit<Usage, 'incomplete'>;

/** The fields of a report that are counts. What is left out was not reported: it is estimated, and booked as such. */
export function validCounts(reported: { readonly [K in keyof Counts]?: number | undefined }): Partial<Usage> {
  const out: Partial<Record<keyof Counts, number>> = {};
  for (const name of counts) {
    const value = reported[name];
    if (value !== undefined && value >= 0 && value <= maxTokensPerRequest) out[name] = value;
  }
  return out;
}

const counts = [
  'input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output', 'reasoning', 'inputAudio', 'searches', 'previewSearches',
] as const satisfies readonly (keyof Counts)[]; // prettier-ignore

/** The sum, at most what a number holds exactly: a counter that is full refuses, and stays readable. */
export function saturatingAdd(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

/** What was reported, with 0 for what was not. */
export function usageOf(reported: Partial<Usage>): Usage {
  const missing = reported.input === undefined || reported.output === undefined;
  return { ...noUsage, ...reported, ...(missing ? { incomplete: true as const } : {}) };
}

export const noUsage: Usage = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };
