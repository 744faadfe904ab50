// Thinking, sampling and the other settings as each Claude model takes them. Source: Anthropic API reference, "Messages",
// and the migration guides of Opus 4.7, 5 and 5.5.

import type { Target } from '../../../../config/target';
import type { Json } from '../codec';
import { budgetOf, effortOf, nearestEffort, wantsReasoning } from '../reasoning/effort';
import { defined } from '../shared/json';
import type { DroppedFields } from '../shared/droppedFields';
import type { ClaudeProfile } from '../shared/modelProfiles';
import type { Effort, NeutralRequest } from '../neutral';
import { isOwn } from './encodeMessages';

interface Thought {
  readonly on: boolean;
  readonly thinking?: Json;
  readonly effort?: Effort;
}

export function encodeReasoning(
  request: NeutralRequest,
  target: Target,
  rules: ClaudeProfile,
  maxTokens: number,
  forced: boolean,
  droppedFields: DroppedFields,
): Thought {
  // prettier-ignore
  const wanted = request.reasoning;
  if (wanted === undefined) return { on: rules.thinking === 'always' };
  const show = { display: wanted.show ? 'summarized' : 'omitted' };
  const effort = effortOf(wanted);
  if (rules.thinking === 'none') {
    if (wantsReasoning(wanted)) droppedFields.drop('reasoning');
    return { on: false };
  }
  if (rules.thinking === 'budget') {
    if (!wantsReasoning(wanted)) return { on: false };
    // Refused by the API: together with a forced tool, without room, or in a tool loop whose own thoughts are missing.
    if (forced || maxTokens <= 1_024 || loopWithoutReasoning(request, target)) {
      droppedFields.drop('reasoning');
      return { on: false };
    }
    return { on: true, thinking: { type: 'enabled', budget_tokens: budgetOf(wanted, maxTokens) } };
  }
  if (!wantsReasoning(wanted)) {
    if (rules.thinking === 'adaptive') return { on: false, thinking: { type: 'disabled' } };
    droppedFields.drop('reasoning'); // it cannot be switched off: as little as possible
    return { on: true, effort: 'low' };
  }
  if (forced) {
    droppedFields.drop('reasoning');
    return { on: false };
  }
  const levels: readonly Effort[] = /-4[-.]6/.test(target.model)
    ? ['low', 'medium', 'high', 'max']
    : ['low', 'medium', 'high', 'xhigh', 'max'];
  return {
    on: true,
    thinking: { type: 'adaptive', ...show },
    ...(effort === undefined ? {} : { effort: nearestEffort(effort, levels) }),
  };
}

// A turn that called a tool while thinking must come back with its thoughts, or thinking must be off.
function loopWithoutReasoning(request: NeutralRequest, target: Target): boolean {
  const last = request.messages.findLast((message) => message.role === 'assistant');
  if (last === undefined || request.messages.at(-1)?.parts.some((part) => part.type === 'toolResult') !== true)
    return false;
  return !last.parts.some((part) => part.type === 'reasoning' && isOwn(part, target));
}

export function encodeSampling(
  request: NeutralRequest,
  rules: ClaudeProfile,
  thinking: boolean,
  droppedFields: DroppedFields,
): Json {
  const { temperature, topP, topK } = request;
  if (!rules.sampling || thinking) {
    if (temperature !== 1) droppedFields.dropIf(temperature, 'temperature');
    if (topP !== 1) droppedFields.dropIf(topP, 'top_p');
    droppedFields.dropIf(topK, 'top_k');
    return {};
  }
  // Claude 4.1 and later refuse both together.
  const both = temperature !== undefined && topP !== undefined;
  if (both && topP !== 1) droppedFields.drop('top_p');
  return defined({
    temperature: temperature === undefined ? undefined : Math.min(1, temperature), // its scale ends at 1, the others' at 2
    top_p: both ? undefined : topP,
    top_k: topK,
  });
}

export function encodeStops(
  stop: readonly string[] | undefined,
  droppedFields: DroppedFields,
): readonly string[] | undefined {
  const kept = stop?.filter((text) => text.trim() !== ''); // blank ones are refused
  if (kept?.length !== stop?.length) droppedFields.drop('stop');
  return kept === undefined || kept.length === 0 ? undefined : kept;
}

export function encodeUser(user: string | undefined, droppedFields: DroppedFields): Json | undefined {
  if (user === undefined || user === '') return undefined;
  if (user.length <= 256) return { user_id: user };
  droppedFields.drop('user');
  return undefined;
}

export function encodeTier(tier: string | undefined, droppedFields: DroppedFields): string | undefined {
  if (tier === undefined || tier === 'auto' || tier === 'standard_only') return tier;
  if (tier === 'default') return 'standard_only';
  droppedFields.drop('service_tier');
  return undefined;
}
