// Mends a messages request for a Claude model that it was not written for. Which model takes what is in
// shared/profileRows.ts, with its sources.

import type { Target } from '../../../../config/target';
import type { SettingReader } from '../formatFacts';
import type { Json } from '../jsonObject';
import { effortOf, isEffort, nearestEffort } from '../reasoning/effort';
import { isObject } from '../shared/json';
import { leftOut, type MendedField, numberOut, reworded, takenOut } from '../shared/mending';
import { knownClaude } from '../shared/modelProfiles';
import type { ClaudeProfile } from '../shared/profileRows';
import { inner } from '../shared/settings';
import { offSwitch } from './encodeReasoning';

/** The top-level fields that `mend` looks at. */
export const mendable = ['temperature', 'top_p', 'top_k', 'thinking', 'output_config'] as const;

/** What is changed for a target's model; nothing for one that is not known. */
export function mend(setting: SettingReader, target: Target): MendedField[] {
  const profile = knownClaude(target);
  if (profile === undefined) return [];
  const thinking = mendThinking(setting('thinking'), setting('output_config'), profile);
  return [...thinking.fields, ...mendSampling(setting, profile, thinking.on)];
}

// ---

interface MendedThinking {
  readonly fields: readonly MendedField[];
  /** Reasoning is asked for, with which no model takes sampling settings. */
  readonly on: boolean;
}

function mendThinking(asked: unknown, output: unknown, profile: ClaudeProfile): MendedThinking {
  const effort = inner(output, 'effort');
  const level = mendEffort(effort, profile);
  const type = inner(asked, 'type');
  if (!isObject(asked) || profile.thinking.some((taken) => taken === type)) {
    const on = type === 'enabled' || type === 'adaptive';
    return { fields: on || !isObject(asked) ? level : [...level, ...capEffort(effort, profile)], on };
  }
  switch (type) {
    case 'disabled':
    case 'between_tools':
      return { fields: [...level, ...switchedOff(effort, profile)], on: false };
    case 'enabled':
      if (profile.thinking.includes('adaptive'))
        return { fields: [...level, ...adaptive(asked, effort, profile)], on: true };
      break;
  }
  return { fields: [...level, takenOut('thinking')], on: false };
}

// Off in the model's words; where it has none, its lowest effort.
function switchedOff(effort: unknown, profile: ClaudeProfile): MendedField[] {
  const type = offSwitch(profile);
  if (type !== undefined && profile.thinking.length > 0)
    return [reworded({ type }, 'thinking'), ...capEffort(effort, profile)];
  return [takenOut('thinking'), ...(effort === undefined ? addedEffort('low', profile) : [])];
}

// A budget as an effort. Its reasoning was shown unless it said otherwise; newer models show none unasked.
function adaptive(asked: Json, effort: unknown, profile: ClaudeProfile): MendedField[] {
  const budget = asked['budget_tokens'];
  const level = typeof budget === 'number' ? effortOf({ budget, show: true }) : undefined;
  const display = asked['display'] ?? 'summarized';
  const added =
    effort === undefined && level !== undefined ? addedEffort(nearestEffort(level, profile.efforts), profile) : [];
  return [reworded({ type: 'adaptive', display }, 'thinking'), ...added];
}

function addedEffort(effort: string, profile: ClaudeProfile): MendedField[] {
  return profile.efforts.length === 0 ? [] : [{ at: ['output_config', 'effort'], value: effort, named: false }];
}

function mendEffort(effort: unknown, { efforts }: ClaudeProfile): MendedField[] {
  if (!isEffort(effort) || efforts.includes(effort)) return [];
  if (efforts.length === 0) return [takenOut('output_config', 'effort')];
  return [reworded(nearestEffort(effort, efforts), 'output_config', 'effort')];
}

function capEffort(effort: unknown, { offUpToHigh }: ClaudeProfile): MendedField[] {
  const above = effort === 'xhigh' || effort === 'max';
  return offUpToHigh && above ? [reworded('high', 'output_config', 'effort')] : [];
}

// Models that take sampling settings take none while they reason, and not temperature and top_p together. The others take
// a temperature of 1 alone: https://platform.claude.com/docs/en/models/haiku-5-5/migration-guide (2026-10).
function mendSampling(setting: SettingReader, profile: ClaudeProfile, reasons: boolean): MendedField[] {
  const temperature = setting('temperature');
  const topP = setting('top_p');
  const isSet = (value: unknown) => value !== undefined && value !== null;
  if (profile.sampling && !reasons)
    return isSet(temperature) && isSet(topP) ? [topP === 1 ? leftOut('top_p') : takenOut('top_p')] : [];
  return [
    ...(temperature === 1 ? [] : numberOut(temperature, [], 'temperature')),
    ...(profile.sampling && typeof topP === 'number' && topP >= 0.95 ? [] : numberOut(topP, [1, 0.99], 'top_p')),
    ...numberOut(setting('top_k'), [], 'top_k'),
  ];
}
