// Encodes the neutral form as a request for Anthropic messages. Source: https://platform.claude.com/docs/en/api/messages
// (2026-11). Which model takes what is in shared/modelProfiles.ts.

import type { Target } from '../../../../config/target';
import type { EncodedRequest } from '../codec';
import type { NeutralRequest } from '../neutral';
import { wrapNonObjectSchema } from '../schema/wrapNonObject';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { defined, restore } from '../shared/json';
import { claudeProfile } from '../shared/modelProfiles';
import { renamed } from '../shared/names';
import { searchFor } from '../shared/webSearch';
import { encodeMessages, encodeSystem } from './encodeMessages';
import { encodeReasoning } from './encodeReasoning';
import { encodeResponseFormat } from './encodeResponseFormat';
import { encodeSampling, encodeStop, encodeTier, encodeUser } from './encodeSettings';
import { encodeToolChoice, encodeTools, withFreeName } from './encodeTools';

/** Output tokens for a model whose limit is not known: above any answer people wait for, and taken by every current model. */
const unknownMaxOutput = 32_000;

/** @throws GatewayError cannot_translate for a conversation of nothing but blank turns, and what only its provider holds */
export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'messages', target);
  const profile = claudeProfile(target);
  const custom = new Set<string>();
  const maxTokens = maxTokensOf(request, target);
  const { format, wrapped } = wrapNonObjectSchema(request.responseFormat);
  const encodedFormat = encodeResponseFormat(request, format, profile);
  const search = searchFor(withFreeName(request, droppedFields), target, 'messages', droppedFields);
  const tools = [...encodeTools(request, search, profile, custom, droppedFields), ...encodedFormat.tools];
  const choice = encodeToolChoice(request, encodedFormat.choice, search, profile, tools.length > 0, droppedFields);
  const forced = choice !== undefined && (choice['type'] === 'any' || choice['type'] === 'tool');
  const reasoning = encodeReasoning({ request, target, profile, maxTokens, forced, droppedFields });
  const { system, turns } = encodeMessages(request, target, profile, droppedFields);
  if (encodedFormat.instruction !== undefined) system.push({ type: 'text', text: encodedFormat.instruction });
  dropUnsupported(request, droppedFields);
  const output = defined({ effort: reasoning.effort, format: encodedFormat.format });
  const body = {
    model: target.model,
    max_tokens: maxTokens,
    messages: turns,
    ...defined({
      system: system.length === 0 ? undefined : encodeSystem(system),
      ...encodeSampling(request, profile, reasoning.on, droppedFields),
      stop_sequences: encodeStop(request.stop, droppedFields),
      metadata: encodeUser(request.endUser, droppedFields),
      service_tier: encodeTier(request.serviceTier, droppedFields),
      thinking: reasoning.thinking,
      output_config: Object.keys(output).length > 0 ? output : undefined,
      tools: tools.length > 0 ? tools : undefined,
      tool_choice: choice,
      stream: request.stream ? true : undefined,
    }),
  };
  return {
    body: restore(body, request.from === 'messages' ? request.native : {}),
    dropped: droppedFields.list,
    repaired: droppedFields.repaired,
    fixups: { names: renamed('messages', request), custom, answerTool: encodedFormat.answerTool, wrapped },
  };
}

// ---

// The API demands a maximum. Where the client names none, the model's own limit is sent: a smaller constant would cut
// answers that nobody asked to cut.
function maxTokensOf(request: NeutralRequest, target: Target): number {
  const most = target.maxOutput ?? (request.maxOutput === undefined ? unknownMaxOutput : Infinity);
  return Math.min(request.maxOutput ?? Infinity, most);
}

function dropUnsupported(request: NeutralRequest, droppedFields: DroppedFields): void {
  if (request.frequencyPenalty !== 0) droppedFields.dropIf(request.frequencyPenalty, 'frequency_penalty');
  if (request.presencePenalty !== 0) droppedFields.dropIf(request.presencePenalty, 'presence_penalty');
  droppedFields.dropIf(request.seed, 'seed');
  droppedFields.dropIf(request.answers, 'n');
  droppedFields.dropIf(request.topLogprobs, 'logprobs');
  if (request.verbosity !== 'medium') droppedFields.dropIf(request.verbosity, 'verbosity');
  droppedFields.dropIf(request.metadata, 'metadata');
}
