// Encodes reasoning settings as each Claude model takes them. Sources:
// https://platform.claude.com/docs/en/build-with-claude/extended-thinking,
// https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking and
// https://platform.claude.com/docs/en/about-claude/models/migration-guide (2026-11).

import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import type { Effort, NeutralRequest, Reasoning, ReasoningOptions } from '../neutral';
import { budgetOf, effortOf, nearestEffort, wantsReasoning } from '../reasoning/effort';
import type { DroppedFields } from '../shared/droppedFields';
import type { ClaudeProfile } from '../shared/modelProfiles';

export interface EncodedReasoning {
  /** The model will reason. */
  readonly on: boolean;
  /** The body's `thinking`. */
  readonly thinking?: Json;
  /** `output_config.effort`. */
  readonly effort?: Effort;
}

export interface ReasoningContext {
  readonly request: NeutralRequest;
  readonly target: Target;
  readonly profile: ClaudeProfile;
  /** The body's `max_tokens`. */
  readonly maxTokens: number;
  /** A tool must be called, which the API refuses together with reasoning. */
  readonly forced: boolean;
  readonly droppedFields: DroppedFields;
}

/** The reasoning settings of a request; what the model cannot do is named as dropped. */
export function encodeReasoning(context: ReasoningContext): EncodedReasoning {
  const { request, profile, forced, droppedFields } = context;
  const wanted = request.reasoning;
  if (wanted === undefined) return { on: profile.thinking === 'always' };
  if (profile.thinking === 'none') {
    if (wantsReasoning(wanted)) droppedFields.drop('reasoning');
    return { on: false };
  }
  if (profile.thinking === 'budget') return encodeBudget(wanted, context);
  if (!wantsReasoning(wanted)) {
    if (profile.thinking === 'adaptive') return { on: false, thinking: { type: 'disabled' } };
    droppedFields.drop('reasoning'); // it cannot be switched off: the lowest effort is sent
    return { on: true, effort: 'low' };
  }
  if (forced) {
    droppedFields.drop('reasoning');
    return { on: false };
  }
  return encodeAdaptive(wanted, context);
}

/** Whether opaque reasoning is this provider's, and this model's where its maker is known. */
export function isReasoningOf(part: Reasoning, target: Target): boolean {
  if (part.opaque?.format !== 'messages') return false;
  const maker = part.opaque.model;
  return maker === undefined || maker.startsWith(target.model) || target.model.startsWith(maker);
}

// ---

// The API refuses a budget together with a forced tool, without room for it, and in a tool loop whose reasoning is missing.
function encodeBudget(wanted: ReasoningOptions, context: ReasoningContext): EncodedReasoning {
  const { request, target, maxTokens, forced, droppedFields } = context;
  if (!wantsReasoning(wanted)) return { on: false };
  if (forced || maxTokens <= 1_024 || lacksLoopReasoning(request, target)) {
    droppedFields.drop('reasoning');
    return { on: false };
  }
  return { on: true, thinking: { type: 'enabled', budget_tokens: budgetOf(wanted, maxTokens) } };
}

function encodeAdaptive(wanted: ReasoningOptions, { target }: ReasoningContext): EncodedReasoning {
  const effort = effortOf(wanted);
  const levels: readonly Effort[] = /-4[-.]6/.test(target.model)
    ? ['low', 'medium', 'high', 'max']
    : ['low', 'medium', 'high', 'xhigh', 'max'];
  return {
    on: true,
    thinking: { type: 'adaptive', display: wanted.show ? 'summarized' : 'omitted' },
    ...(effort === undefined ? {} : { effort: nearestEffort(effort, levels) }),
  };
}

// A turn that called a tool while reasoning must come back with its reasoning, or reasoning must be off.
function lacksLoopReasoning(request: NeutralRequest, target: Target): boolean {
  const last = request.messages.findLast((message) => message.role === 'assistant');
  if (last === undefined || request.messages.at(-1)?.parts.some((part) => part.type === 'toolResult') !== true)
    return false;
  return !last.parts.some((part) => part.type === 'reasoning' && isReasoningOf(part, target));
}
