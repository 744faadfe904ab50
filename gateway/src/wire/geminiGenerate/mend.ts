// Mends a generateContent request for a Gemini model that it was not written for. Which model takes what is in
// shared/profileRows.ts, with its sources. Google's servers take every field in camelCase and in snake_case:
// https://protobuf.dev/programming-guides/json/ (2026-11).

import type { Target } from '../../../../config/target';
import type { SettingReader } from '../formatFacts';
import type { Json } from '../jsonObject';
import { budgetOf, effortOf, isEffort, nearestEffort } from '../reasoning/effort';
import { isObject, textOr } from '../shared/json';
import { leftOut, type MendedField, numberOut, reworded, takenOut } from '../shared/mending';
import { combinesSearch, knownGemini } from '../shared/modelProfiles';
import type { GeminiProfile } from '../shared/profileRows';
import { countOf, inner } from '../shared/settings';

/** The top-level fields that `mend` looks at. */
export const mendable = ['generationConfig', 'generation_config', 'toolConfig', 'tool_config'] as const;

const configs = ['generationConfig', 'generation_config'] as const;

/** What is changed for a target's model; nothing for one that is not known. */
export function mend(setting: SettingReader, target: Target): MendedField[] {
  const profile = knownGemini(target);
  const name = configs.find((one) => isObject(setting(one)));
  const fields = mendToolConfig(setting, target);
  if (profile === undefined || name === undefined) return fields;
  return [...fields, ...mendConfig(name, setting(name) as Json, profile, target)];
}

// ---

// Only models that take Google's own tools beside functions tell what those do.
function mendToolConfig(setting: SettingReader, target: Target): MendedField[] {
  if (combinesSearch(target)) return [];
  return ['toolConfig', 'tool_config'].flatMap((name) =>
    ['includeServerSideToolInvocations', 'include_server_side_tool_invocations'].flatMap((field) =>
      inner(setting(name), field) === true ? [takenOut(name, field)] : [],
    ),
  );
}

function mendConfig(name: string, config: Json, profile: GeminiProfile, target: Target): MendedField[] {
  const penalties = ['frequencyPenalty', 'frequency_penalty', 'presencePenalty', 'presence_penalty'];
  const fields = penalties.flatMap((one) => numberOut(config[one], [0], name, one));
  const off = ['responseLogprobs', 'response_logprobs'].filter((one) => config[one] === false); // true is a demand
  for (const one of off.length > 0 ? [...off, 'logprobs'] : []) if (one in config) fields.push(leftOut(name, one));
  // One candidate is the default, and not to be asked for where there are never more.
  const counts = profile.candidates ? [] : ['candidateCount', 'candidate_count'];
  for (const one of counts) if (config[one] === 1) fields.push(leftOut(name, one));
  for (const one of ['thinkingConfig', 'thinking_config']) {
    const thinking = config[one];
    if (!isObject(thinking)) continue;
    const mended = mendThinking(thinking, config, profile, target);
    if (mended === 'none') fields.push(takenOut(name, one));
    else if (mended !== undefined) fields.push(reworded(mended, name, one));
  }
  return fields;
}

// `thinkingConfig` in the model's words: a level from Gemini 3 on, a budget before; undefined where it does as it is.
function mendThinking(thinking: Json, config: Json, profile: GeminiProfile, target: Target): Json | 'none' | undefined {
  if (!target.capabilities.has('reasoning')) return 'none';
  const { thinkingBudget, thinking_budget, thinkingLevel, thinking_level, ...rest } = thinking;
  const budget = thinkingBudget ?? thinking_budget;
  const asked = textOr(thinkingLevel ?? thinking_level).toLowerCase();
  const level = isEffort(asked) ? asked : undefined;
  if (profile.levels.length > 0) return withLevel(rest, level, budget, profile);
  const most = countOf(config['maxOutputTokens'] ?? config['max_output_tokens']) ?? target.maxOutput ?? 65_536;
  return withBudget(rest, level, budget, most, profile);
}

function withLevel(
  rest: Json,
  level: ReturnType<typeof effortOf>,
  budget: unknown,
  { levels, budget: tolerated }: GeminiProfile,
): Json | undefined {
  const wanted = level ?? (typeof budget === 'number' && budget >= 0 ? effortOf({ budget, show: false }) : undefined);
  const asIs = level === undefined ? tolerated !== undefined && budget !== 0 : levels.includes(level);
  const both = level !== undefined && budget !== undefined; // refused, even in a model that takes either
  if ((asIs && !both) || (level === undefined && budget === undefined)) return undefined;
  return wanted === undefined ? rest : { ...rest, thinkingLevel: nearestEffort(wanted, levels).toUpperCase() };
}

function withBudget(
  rest: Json,
  level: ReturnType<typeof effortOf>,
  budget: unknown,
  maxOutput: number,
  { budget: taken }: GeminiProfile,
): Json | undefined {
  if (taken === undefined) return undefined;
  const { least, most, off } = taken;
  if (level === undefined) {
    if (typeof budget !== 'number' || budget < 0 || (budget === 0 && off)) return undefined;
    const within = Math.max(least, Math.min(budget, most));
    return within === budget ? undefined : { ...rest, thinkingBudget: within };
  }
  if (level === 'none' && off) return { ...rest, thinkingBudget: 0 };
  const share = budgetOf({ effort: level, show: false }, Math.min(maxOutput, most));
  return { ...rest, thinkingBudget: Math.max(least, Math.min(share, most)) };
}
