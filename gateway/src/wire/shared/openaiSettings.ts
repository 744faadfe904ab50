// Settings that chat completions and Responses share. Sources: https://platform.openai.com/docs/api-reference/chat/create
// and https://platform.openai.com/docs/api-reference/responses/create (2026-11).

import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import type { Effort, NeutralRequest } from '../neutral';
import { effortOf, nearestEffort } from '../reasoning/effort';
import { isStrictForOpenai } from '../schema/toolSchema';
import type { DroppedFields } from './droppedFields';
import { isOpenaiReasoner } from './modelProfiles';

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
  if (!isOpenaiReasoner(target)) {
    if (effort !== 'none') droppedFields.drop('reasoning');
    return undefined;
  }
  return nearestEffort(effort, effortsOf(target.model));
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

/** Names the sampling settings as dropped that OpenAI's reasoning models refuse; a default's own value is no loss. */
export function dropSampling(request: NeutralRequest, droppedFields: DroppedFields): void {
  if (request.temperature !== 1) droppedFields.dropIf(request.temperature, 'temperature');
  if (request.topP !== 1) droppedFields.dropIf(request.topP, 'top_p');
}

// ---

// Source: https://platform.openai.com/docs/guides/reasoning and the models' own pages, "reasoning.effort" (2026-11).
function effortsOf(model: string): readonly Effort[] {
  const version = Number(/^gpt-(\d+(?:\.\d+)?)/.exec(model)?.[1] ?? 0);
  if (version >= 5.6) return ['none', 'low', 'medium', 'high', 'xhigh', 'max'];
  if (version >= 5.2) return ['none', 'low', 'medium', 'high', 'xhigh'];
  if (version > 5) return ['none', 'low', 'medium', 'high'];
  return version === 5 ? ['minimal', 'low', 'medium', 'high'] : ['low', 'medium', 'high'];
}
