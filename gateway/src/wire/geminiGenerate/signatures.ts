// Google's own values for a call without a signature: one that another model made, in a turn that still goes on. They say
// that there is no signature, and stand in its field.
// Source: https://ai.google.dev/gemini-api/docs/thought-signatures, FAQ (2026-11).

/** What is sent in place of a signature. */
export const noSignature = 'skip_thought_signature_validator';

/** Whether a signature is one of the values that stand for none. */
export function isNoSignature(signature: unknown): boolean {
  return signature === noSignature || signature === 'context_engineering_is_the_way_to_go';
}
