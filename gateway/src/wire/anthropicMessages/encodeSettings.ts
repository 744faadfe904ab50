// Encodes sampling and the other settings as each Claude model takes them. Sources:
// https://platform.claude.com/docs/en/api/messages and
// https://platform.claude.com/docs/en/about-claude/models/migration-guide (2026-11).

import type { Json } from '../jsonObject';
import type { NeutralRequest } from '../neutral';
import type { DroppedFields } from '../shared/droppedFields';
import { defined } from '../shared/json';
import type { ClaudeProfile } from '../shared/profileRows';

/** Temperature, top_p and top_k, as fields to be spread. @param reasons the model will reason, and refuses them then */
export function encodeSampling(
  request: NeutralRequest,
  profile: ClaudeProfile,
  reasons: boolean,
  droppedFields: DroppedFields,
): Json {
  const { temperature, topP, topK } = request;
  if (!profile.sampling || reasons) {
    if (temperature !== 1) droppedFields.dropIf(temperature, 'temperature');
    if (topP !== 1) droppedFields.dropIf(topP, 'top_p');
    droppedFields.dropIf(topK, 'top_k');
    return {};
  }
  // Claude 4.1 and later refuse temperature and top_p together.
  const both = temperature !== undefined && topP !== undefined;
  if (both && topP !== 1) droppedFields.drop('top_p');
  return defined({
    temperature: temperature === undefined ? undefined : Math.min(1, temperature), // at most 1; in other formats 2
    top_p: both ? undefined : topP,
    top_k: topK,
  });
}

/** Stop sequences without blank ones, which the API refuses. */
export function encodeStop(
  stop: readonly string[] | undefined,
  droppedFields: DroppedFields,
): readonly string[] | undefined {
  const kept = stop?.filter((text) => text.trim() !== '');
  if (kept?.length !== stop?.length) droppedFields.drop('stop');
  return kept === undefined || kept.length === 0 ? undefined : kept;
}

/** The body's `metadata` with an end user's id of at most 256 characters. */
export function encodeUser(user: string | undefined, droppedFields: DroppedFields): Json | undefined {
  if (user === undefined || user === '') return undefined;
  if (user.length <= 256) return { user_id: user };
  droppedFields.drop('user');
  return undefined;
}

/** A service tier in Anthropic's words. Source: https://platform.claude.com/docs/en/api/service-tiers (2026-11). */
export function encodeTier(tier: string | undefined, droppedFields: DroppedFields): string | undefined {
  if (tier === undefined || tier === 'auto' || tier === 'standard_only') return tier;
  if (tier === 'default') return 'standard_only';
  droppedFields.drop('service_tier');
  return undefined;
}
