// Settings that chat completions and Responses share. Sources: https://platform.openai.com/docs/api-reference/chat/create
// and https://platform.openai.com/docs/api-reference/responses/create (2026-11).

import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import type { Effort, NeutralRequest } from '../neutral';
import type { FieldChange } from '../../core/jsonEdit';
import { effortOf, isEffort, nearestEffort } from '../reasoning/effort';
import { isStrictForOpenai } from '../schema/toolSchema';
import type { DroppedFields } from './droppedFields';
import type { DemandKind } from './formDemands';
import { leftOut, type MendedField, reworded, takenOut } from './mending';
import { isOpenaiReasoner, openaiProfile, samplesAt } from './modelProfiles';
import type { OpenaiProfile } from './profileRows';

/** The effort OpenAI's API is asked for; undefined where the model decides, or does not reason. */
export function encodeEffort(
  request: NeutralRequest,
  target: Target,
  droppedFields: DroppedFields,
): Effort | undefined {
  const wanted = request.reasoning;
  if (wanted === undefined) return undefined;
  // Reasoning was asked for without a level. From gpt-5.1 on an absent effort means none, so a level is named.
  const effort = effortOf(wanted) ?? (isOpenaiReasoner(target) ? 'medium' : undefined);
  if (effort === undefined) return undefined;
  if (target.provider !== 'openai')
    return effort === 'none' ? undefined : nearestEffort(effort, ['low', 'medium', 'high']);
  const efforts = openaiProfile(target)?.efforts ?? [];
  // One that cannot do without reasoning gets its lowest effort.
  if (effort === 'none' ? efforts.length > 0 && !efforts.includes('none') : efforts.length === 0)
    droppedFields.drop('reasoning');
  return efforts.length === 0 ? undefined : nearestEffort(effort, efforts);
}

const tiers = new Set(['auto', 'default', 'flex', 'scale', 'priority']);

/** A service tier in OpenAI's words; undefined and named as dropped where OpenAI has none such. */
export function encodeTier(tier: string | undefined, droppedFields: DroppedFields): string | undefined {
  const openaiTier = tier === 'standard_only' ? 'default' : tier;
  if (openaiTier === undefined || tiers.has(openaiTier)) return openaiTier;
  droppedFields.drop('service_tier');
  return undefined;
}

/** An end user's id where the provider may have it: not the bundles of account data that some clients put there. */
export function encodeEndUser(user: string | undefined, droppedFields: DroppedFields): string | undefined {
  if (user === undefined || /^[\w.@+:-]{1,64}$/.test(user)) return user;
  droppedFields.drop('user');
  return undefined;
}

/** Whether a tool's arguments are held to its schema. OpenAI refuses `strict` for schemas outside its strict subset. */
export function encodeStrict(
  strict: boolean | undefined,
  schema: Json,
  droppedFields: DroppedFields,
): boolean | undefined {
  if (strict !== true || isStrictForOpenai(schema)) return strict;
  droppedFields.drop('strict');
  return undefined;
}

/** Names the sampling settings as dropped that OpenAI's models refuse while they reason; a default's own value is no loss. */
export function dropSampling(request: NeutralRequest, droppedFields: DroppedFields): void {
  if (request.temperature !== 1) droppedFields.dropIf(request.temperature, 'temperature');
  if (request.topP !== 1) droppedFields.dropIf(request.topP, 'top_p');
}

/** An effort in a body that keeps its format, as the model takes it; undefined where it does as it is. @param at its path */
export function effortMended(
  asked: unknown,
  { efforts }: OpenaiProfile,
  ...at: FieldChange['at']
): MendedField | undefined {
  if (!isEffort(asked) || efforts.includes(asked)) return undefined;
  if (efforts.length === 0) return asked === 'none' ? leftOut(...at) : takenOut(...at);
  return reworded(nearestEffort(asked, efforts), ...at);
}

/** Whether a model behind OpenAI's API does what is demanded of an answer's form; of other hosts' nothing is known. */
export function openaiHonours(kind: DemandKind, target: Target, effort: Effort | undefined): boolean {
  if (openaiProfile(target) === undefined) return true;
  if (kind === 'logprobs') return samplesAt(target, effort);
  if (kind === 'stop') return !isOpenaiReasoner(target);
  return kind !== 'prefill';
}
