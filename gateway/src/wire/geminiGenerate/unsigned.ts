// Google's own words for a call without a signature: one that another model made, in a turn that is still going on. They
// say that there is none; they are none. Source: "Thought signatures", FAQ.

export const unsigned = 'skip_thought_signature_validator';

export function saysUnsigned(signature: unknown): boolean {
  return signature === unsigned || signature === 'context_engineering_is_the_way_to_go';
}
