// Mends a Responses request for a model of OpenAI's that it was not written for. Which model takes what is in
// shared/profileRows.ts, with its sources.

import type { Target } from '../../../../config/target';
import type { SettingReader } from '../formatFacts';
import { isEffort } from '../reasoning/effort';
import { listOr } from '../shared/json';
import { type MendedField, numberOut, reworded, takenOut } from '../shared/mending';
import { isOpenaiReasoner, openaiProfile, samplesAt } from '../shared/modelProfiles';
import { effortMended } from '../shared/openaiSettings';
import { inner } from '../shared/settings';
import { isSearch } from './searchTool';

/** The top-level fields that `mend` looks at. */
export const mendable = ['temperature', 'top_p', 'reasoning', 'text'] as const;

/** What is changed for a target's model; nothing for one that is not OpenAI's own. */
export function mend(setting: SettingReader, target: Target): MendedField[] {
  const profile = openaiProfile(target);
  if (profile === undefined) return [];
  const asked = inner(setting('reasoning'), 'effort');
  const effort =
    effortMended(asked, profile, 'reasoning', 'effort') ??
    // The API refuses a search with this effort. Source: https://github.com/openai/codex/issues/3559 (2026-11).
    (asked === 'minimal' && listOr(setting('tools')).some(isSearch)
      ? reworded('low', 'reasoning', 'effort')
      : undefined);
  const taken = effort === undefined ? asked : effort.value;
  const fields = effort === undefined ? [] : [effort];
  if (!samplesAt(target, isEffort(taken) ? taken : undefined)) {
    if (setting('temperature') !== 1) fields.push(...numberOut(setting('temperature'), [], 'temperature'));
    fields.push(...numberOut(setting('top_p'), [1], 'top_p'));
  }
  if (!isOpenaiReasoner(target) && inner(setting('text'), 'verbosity') !== undefined)
    fields.push(takenOut('text', 'verbosity'));
  return fields;
}
