// Whether a target honours what a request demands of the form of its answer.

import type { Capability } from '../../../config/catalogue';
import type { WireId } from '../../../config/knownProviders';
import type { Target } from '../../../config/target';
import { formatFacts } from './formats';
import type { Format } from './neutral';
import { chatRefuses } from './shared/modelProfiles';
import type { DemandSource, FormDemand, FormDemands } from './shared/formDemands';

const none: FormDemands = { list: [] };

/** The demands of a request; the fields that make some are looked up before anything is parsed. */
export function demandsOf(format: Format, has: (name: string) => boolean, source: DemandSource): FormDemands {
  const { demanding, demands } = formatFacts[format].request;
  return demanding.some(has) ? demands(source) : none;
}

/**
 * The first demand that a target would refuse, or that would be lost on the way to it; undefined where there is none.
 * @param capabilities what the request needs
 */
export function refusedDemand(
  demands: FormDemands,
  from: Format,
  wire: WireId,
  target: Target,
  capabilities: readonly Capability[],
): FormDemand | undefined {
  if (demands.list.length === 0) return undefined;
  const { honours } = formatFacts[spokenFormat(wire, from)].passthrough;
  // What OpenAI refuses in chat completions is asked in Responses, which gives one answer.
  const inResponses =
    wire === 'openai' && chatRefuses(target.row?.chat_refuses, capabilities.includes('tools'), demands.effort);
  return demands.list.find(({ kind }) => (kind === 'n' && inResponses) || !honours(kind, target, demands.effort));
}

/** What a refusal says of a model. */
export const formRefusals: Readonly<Record<FormDemand['kind'], string>> = {
  prefill: 'continues no last turn of the assistant',
  forced_tool: 'cannot be made to call a tool',
  n: 'gives one answer at a time',
  logprobs: 'gives no log probabilities',
  stop: 'takes no stop sequences',
};

// ---

function spokenFormat(wire: WireId, from: Format): Format {
  switch (wire) {
    case 'anthropic':
      return 'messages';
    case 'gemini':
      return 'generate';
    case 'openai':
      return from === 'responses' ? 'responses' : 'chat';
  }
}
