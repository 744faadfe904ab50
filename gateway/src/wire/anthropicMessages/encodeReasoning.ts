// Encodes reasoning settings as each Claude model takes them. Sources:
// https://platform.claude.com/docs/en/build-with-claude/extended-thinking,
// https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking and
// https://platform.claude.com/docs/en/about-claude/models/migration-guide (2026-11).

import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import type { Effort, NeutralRequest, Reasoning, ReasoningOptions } from '../neutral';
import { budgetOf, effortOf, nearestEffort, wantsReasoning } from '../reasoning/effort';
import type { DroppedFields } from '../shared/droppedFields';
import type { ClaudeProfile, Thinking } from '../shared/profileRows';

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
  /** A tool must be called, which the API refuses together with a budget for reasoning. */
  readonly forced: boolean;
  readonly droppedFields: DroppedFields;
}

/** The reasoning settings of a request; what the model cannot do is named as dropped. */
export function encodeReasoning(context: ReasoningContext): EncodedReasoning {
  const { request, profile, droppedFields } = context;
  const wanted = request.reasoning;
  if (wanted === undefined) return { on: offSwitch(profile) === undefined };
  if (profile.thinking.length === 0) {
    if (wantsReasoning(wanted)) droppedFields.drop('reasoning');
    return { on: false };
  }
  if (!profile.thinking.includes('adaptive')) return encodeBudget(wanted, context);
  if (!wantsReasoning(wanted)) {
    const type = offSwitch(profile);
    if (type !== undefined) return { on: false, thinking: { type } };
    droppedFields.drop('reasoning'); // it cannot be switched off: the lowest effort is sent
    return { on: true, effort: 'low' };
  }
  return encodeAdaptive(wanted, context);
}

/** What switches a model's reasoning off: a value of `thinking.type`; undefined where nothing does. */
export function offSwitch({ thinking }: ClaudeProfile): Thinking | undefined {
  if (thinking.length === 0) return 'disabled';
  return thinking.find((type) => type === 'disabled' || type === 'between_tools');
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

function encodeAdaptive(wanted: ReasoningOptions, { profile }: ReasoningContext): EncodedReasoning {
  const effort = effortOf(wanted);
  return {
    on: true,
    thinking: { type: 'adaptive', display: wanted.show ? 'summarized' : 'omitted' },
    ...(effort === undefined ? {} : { effort: nearestEffort(effort, profile.efforts) }),
  };
}

// A turn that called a tool while reasoning must come back with its reasoning, or reasoning must be off.
function lacksLoopReasoning(request: NeutralRequest, target: Target): boolean {
  const last = request.messages.findLast((message) => message.role === 'assistant');
  if (last === undefined || request.messages.at(-1)?.parts.some((part) => part.type === 'toolResult') !== true)
    return false;
  return !last.parts.some((part) => part.type === 'reasoning' && isReasoningOf(part, target));
}
