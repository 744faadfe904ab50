// Whether a target honours what a request demands of the form of its answer.

import type { WireId } from '../../../config/knownProviders';
import type { Target } from '../../../config/target';
import { formatFacts } from './formats';
import type { Format } from './neutral';
import type { DemandSource, FormDemand, FormDemands } from './shared/formDemands';

const none: FormDemands = { list: [] };

/** The demands of a request; the fields that make some are looked up before anything is parsed. */
export function demandsOf(format: Format, has: (name: string) => boolean, source: DemandSource): FormDemands {
  const { demanding, demands } = formatFacts[format].request;
  return demanding.some(has) ? demands(source) : none;
}

/** The first demand that a target would refuse, or that would be lost on the way to it; undefined where there is none. */
export function refusedDemand(
  demands: FormDemands,
  from: Format,
  wire: WireId,
  target: Target,
): FormDemand | undefined {
  if (demands.list.length === 0) return undefined;
  const to = spokenFormat(wire, from);
  const { honours } = formatFacts[to].passthrough;
  // Several answers have no neutral form.
  return demands.list.find(({ kind }) => (kind === 'n' && to !== from) || !honours(kind, target, demands.effort));
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
