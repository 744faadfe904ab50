// The settings as a preview may show them. What goes to the box is one secret text, of which a preview says only that it
// changes; this is the same without secrets, kept in the state by components/serving.ts.

import { stringify } from 'yaml';
import type { Settings } from '../../config/schema';
import type { LastState } from './lastState';

/** The type of the resource that keeps it. */
export const servingType = 'ovth:index:Serving';

/** Setting → its value as text: `routes.auto.providers` → `[openai, anthropic]`. */
export type SettingsSummary = Readonly<Record<string, string>>;

/** What a summary is made from. */
export interface SummaryInput {
  readonly settings: Settings;
  /** The names of the providers that have a key. */
  readonly keyed: readonly string[];
  /** `ovth:NAME` of each setting that the stack keeps as a secret; no value of it is shown. */
  readonly secretKeys: readonly string[];
}

/** The summary: no key, no hash of a key, no value of a header, nothing of a setting that the stack keeps as a secret. */
export function summarize({ settings, keyed, secretKeys }: SummaryInput): SettingsSummary {
  const entries = Object.entries(settings).flatMap(([name, value]) =>
    secretKeys.includes(`ovth:${name}`) ? [[name, '[secret]'] as const] : flatten(name, value),
  );
  return Object.fromEntries([...entries, ['provider_keys', `[${[...keyed].sort().join(', ')}]`]]);
}

/**
 * One line for each setting that differs from what the box serves: `routes.auto.providers: [openai] => [anthropic]`.
 * @returns no line when nothing differs, or when the state holds no summary yet
 */
export function settingsDiff(now: SettingsSummary, state: LastState): string[] {
  const before = state.resources.find(({ type }) => type === servingType)?.inputs['settings'] as
    SettingsSummary | undefined;
  if (before === undefined) return [];
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].sort().flatMap((name) => {
    const [old, fresh] = [before[name], now[name]];
    if (old === fresh) return [];
    if (old === undefined) return [`+ ${name}: ${fresh}`];
    if (fresh === undefined) return [`- ${name}: ${old}`];
    return [`~ ${name}: ${old} => ${fresh}`];
  });
}

// ---

type Entry = readonly [name: string, value: string];

/** Mappings become several settings, lists stay one value. */
function flatten(name: string, value: unknown): Entry[] {
  if (value === undefined || hidden.test(name)) return [];
  if (shownAsName.test(name)) return [[name, '[not shown]']];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const inner = Object.entries(value);
    if (inner.length === 0) return listed.test(name) ? [[name, '{}']] : [];
    return inner.flatMap(([key, each]) => flatten(`${name}.${key}`, each));
  }
  return [[name, typeof value === 'string' ? value : inOneLine(value)]];
}

/** Hashes say nothing to a reader. */
const hidden = /^(keys|credentials)\..+\.sha256$/;

/** An entry says something by being there. */
const listed = /^(keys|routes|providers)\.[^.]+$/;

/** A header may carry a credential, although it should not. */
const shownAsName = /^providers\..+\.headers\..+$/;

function inOneLine(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
