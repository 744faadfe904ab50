// One form for every limit on what is spent: an amount of one measure in one period.

import * as z from 'zod';
import { type Period, periods } from './calendar';

/** What a limit counts. */
export const measures = ['tokens', 'usd', 'requests'] as const;
/** One of them. */
export type Measure = (typeof measures)[number];

const count = z.int().min(1).max(1_000_000_000_000);

/** An amount of each measure, as it is written. */
export const amountShape = {
  tokens: count.optional().describe('Tokens of input and output together, counted as `quota.count` says.'),
  usd: z.number().positive().max(1_000_000).optional().describe('US dollars, at the prices fixed at admission.'),
  requests: count.optional().describe('Requests.'),
};

/** A limit as it is written: `{tokens: 500000, per: day}`. The file, the stack's settings and `/admin/keys` share it. */
export const limitSchema = z
  .strictObject({
    ...amountShape,
    per: z
      .enum(periods)
      .describe(
        'The window, in UTC: days begin at 00:00, weeks on Monday, months on the 1st; `lifetime` never resets.',
      ),
    enforce: z
      .boolean()
      .default(true)
      .describe('`false`: a shadow limit, which counts what it would have admitted and refuses nothing.'),
  })
  .refine((limit) => measuresOf(limit).length === 1, {
    error: 'must name exactly one of tokens, usd and requests',
  })
  .meta({ oneOf: measures.map((measure) => ({ required: [measure] })) }); // the same, for editors
/** A limit as it is written, with its defaults. */
export type LimitSettings = z.output<typeof limitSchema>;

/** The settings that limit one subject: a key, a user, a tag, or everybody. */
export const budgetShape = {
  daily_tokens: count.optional().describe('Short for `limits: [{tokens: N, per: day}]`; resets at 00:00 UTC.'),
  limits: z.array(limitSchema).max(16).optional().describe('Limits that hold together, in the form of `quota.limits`.'),
};

/** Limits of one subject. */
export const budgetSchema = z.strictObject(budgetShape).superRefine((budget, context) => {
  refuseRepeats(writtenRules(budget), context);
});

/** A limit in the one form that code works with. */
export interface LimitRule {
  readonly measure: Measure;
  /** Tokens, requests, or integer nano-USD (one USD is 1,000,000,000). */
  readonly amount: number;
  readonly per: Period;
  /** `false`: counted, never refused. */
  readonly enforce: boolean;
  /** The setting that this rule is short for, where it does not stand among `limits`. */
  readonly short?: 'rpm' | 'tpm';
}

/** A rule and where it was written, below the subject's own path. */
export interface WrittenRule {
  readonly path: readonly (string | number)[];
  readonly rule: LimitRule;
}

/** The measures that amounts are named of. */
export function measuresOf(amounts: { readonly [measure in Measure]?: number | undefined }): Measure[] {
  return measures.filter((measure) => amounts[measure] !== undefined);
}

/** An amount as code works with it: tokens, requests, or integer nano-USD. */
export function amountOf(measure: Measure, written: number): number {
  return measure === 'usd' ? Math.round(written * 1e9) : written;
}

/** The rules of a budget in the order written, short forms first. Empty when nothing is limited. */
export function writtenRules(budget: Budget | undefined): WrittenRule[] {
  const daily = budget?.daily_tokens;
  return [
    ...(daily === undefined
      ? []
      : [{ path: ['daily_tokens'], rule: { measure: 'tokens', amount: daily, per: 'day', enforce: true } as const }]),
    ...(budget?.limits ?? []).flatMap((limit, i) => {
      const rule = ruleOf(limit);
      return rule === undefined ? [] : [{ path: ['limits', i], rule }];
    }),
  ];
}

/** The rules that a key's `rpm` and `tpm` stand for. */
export function minuteRules({ rpm, tpm }: MinuteLimits): WrittenRule[] {
  const rule = (short: 'rpm' | 'tpm', measure: Measure, amount: number | null | undefined): WrittenRule[] =>
    amount == null ? [] : [{ path: [short], rule: { measure, amount, per: 'minute', enforce: true, short } }];
  return [...rule('rpm', 'requests', rpm), ...rule('tpm', 'tokens', tpm)];
}

/** Adds an issue for each rule of a kind (measure, period, enforced or not) that stands twice on one subject. */
export function refuseRepeats(rules: readonly WrittenRule[], context: z.RefinementCtx): void {
  const seen = new Map<string, WrittenRule>();
  for (const written of rules) {
    const { measure, per, enforce } = written.rule;
    const kind = `${measure} ${per} ${enforce}`;
    const first = seen.get(kind);
    if (first === undefined) {
      seen.set(kind, written);
      continue;
    }
    context.addIssue({
      code: 'custom',
      path: [...written.path],
      message: `must not limit ${measure} per ${per} a second time; ${pathText(first.path)} does already, so keep one`,
    });
  }
}

// ---

interface MinuteLimits {
  readonly rpm?: number | null | undefined;
  readonly tpm?: number | null | undefined;
}

interface Budget {
  readonly daily_tokens?: number | undefined;
  readonly limits?: readonly LimitSettings[] | undefined;
}

/** `undefined` for a limit that names none of the measures, or several: the schema refuses it. */
function ruleOf(limit: LimitSettings): LimitRule | undefined {
  const [measure, ...others] = measuresOf(limit);
  const amount = measure === undefined ? undefined : limit[measure];
  if (measure === undefined || amount === undefined || others.length > 0) return undefined;
  const { per, enforce } = limit;
  return { measure, amount: amountOf(measure, amount), per, enforce };
}

function pathText(path: readonly (string | number)[]): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${step}`)).join('');
}
