// Mends a chat completions request for a model of OpenAI's that it was not written for. Which model takes what is in
// shared/profileRows.ts, with its sources.

import type { Target } from '../../../../config/target';
import type { SettingReader } from '../formatFacts';
import { isEffort } from '../reasoning/effort';
import { isObject } from '../shared/json';
import { leftOut, type MendedField, numberOut, takenOut } from '../shared/mending';
import { isOpenaiReasoner, openaiProfile, samplesAt, searchesInChat } from '../shared/modelProfiles';
import { effortMended } from '../shared/openaiSettings';

/** Arguments that hosts other than OpenAI take; OpenAI refuses those it does not know. */
export const foreign = ['top_k', 'min_p', 'top_a', 'repetition_penalty'] as const;

/** The top-level fields that `mend` looks at. */
export const mendable = [
  'temperature', 'top_p', 'frequency_penalty', 'presence_penalty', 'logit_bias', 'reasoning_effort', 'verbosity', 'logprobs', 'top_logprobs',
  'web_search_options', ...foreign,
] as const; // prettier-ignore

/** What is changed for a target's model; nothing for one that is not OpenAI's own. */
export function mend(setting: SettingReader, target: Target): MendedField[] {
  const profile = openaiProfile(target);
  if (profile === undefined) return [];
  const asked = setting('reasoning_effort');
  const effort = effortMended(asked, profile, 'reasoning_effort');
  const taken = effort === undefined ? asked : effort.value;
  const samples = samplesAt(target, isEffort(taken) ? taken : undefined);
  const fields = effort === undefined ? [] : [effort];
  if (!samples) {
    if (setting('temperature') !== 1) fields.push(...numberOut(setting('temperature'), [], 'temperature'));
    fields.push(...numberOut(setting('top_p'), [1], 'top_p'));
    if (setting('logprobs') === false) fields.push(leftOut('logprobs'), leftOut('top_logprobs')); // true is a demand
  }
  if (isOpenaiReasoner(target)) {
    fields.push(...numberOut(setting('frequency_penalty'), [0], 'frequency_penalty'));
    fields.push(...numberOut(setting('presence_penalty'), [0], 'presence_penalty'));
    const bias = setting('logit_bias');
    if (isGiven(bias)) fields.push(isEmpty(bias) ? leftOut('logit_bias') : takenOut('logit_bias'));
  } else if (isGiven(setting('verbosity'))) fields.push(takenOut('verbosity'));
  if (isGiven(setting('web_search_options')) && !searchesInChat(target)) fields.push(takenOut('web_search_options'));
  for (const name of foreign) if (isGiven(setting(name))) fields.push(takenOut(name));
  return fields;
}

// ---

function isEmpty(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
