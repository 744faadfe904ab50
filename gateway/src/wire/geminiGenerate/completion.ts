// When a GenerateContentResponse is a finished answer. Sources: https://ai.google.dev/api/generate-content ("FinishReason",
// "BlockReason"), https://cloud.google.com/apis/design/errors, and messages as recorded (2026-11).

import type { AnswerFailure, CompletionFacts } from '../formatFacts';
import type { Json } from '../jsonObject';
import type { FinishReason } from '../neutral';
import { kindOfError } from '../shared/failureKinds';
import { countOr, isObject, listOr, objectOr, textOr } from '../shared/json';
import { tooLongIn } from '../shared/tooLong';

/**
 * Gemini's reasons to finish: those of its filters are refusals. Any other is a failure, after which the same request may
 * well succeed: MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, TOO_MANY_TOOL_CALLS, MISSING_THOUGHT_SIGNATURE,
 * MALFORMED_RESPONSE, IMAGE_OTHER, NO_IMAGE, OTHER.
 */
export const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'refusal'],
  ['RECITATION', 'refusal'],
  ['BLOCKLIST', 'refusal'],
  ['PROHIBITED_CONTENT', 'refusal'],
  ['SPII', 'refusal'],
  ['LANGUAGE', 'refusal'],
  ['ESCALATION', 'refusal'],
  ['IMAGE_SAFETY', 'refusal'],
  ['IMAGE_PROHIBITED_CONTENT', 'refusal'],
  ['IMAGE_RECITATION', 'refusal'],
]);

export const completion: CompletionFacts = {
  failureIn(value, whole) {
    const { error } = value;
    if (isObject(error)) return failureOf(error);
    if (textOr(error) !== '') return { kind: 'other', message: textOr(error) }; // of a host that copies the format
    if (isObject(value['promptFeedback']) && textOr(value['promptFeedback']['blockReason']) !== '') return undefined;
    const candidates = listOr(value['candidates']).map(objectOr);
    for (const candidate of candidates) {
      const reason = textOr(candidate['finishReason']);
      if (reason !== '' && !finishReasons.has(reason))
        return { kind: 'other', message: `The answer finished with "${reason.slice(0, 100)}".` };
    }
    if (!whole) return undefined;
    if (candidates.length === 0) return { kind: 'other', message: 'The answer holds no candidates.' };
    return candidates.every((candidate) => textOr(candidate['finishReason']) === '' && !isFilled(candidate))
      ? { kind: 'other', message: 'The answer is empty and has no reason to finish.' }
      : undefined;
  },
  hasContent: (event) => listOr(event['candidates']).some((candidate) => isFilled(objectOr(candidate))),
  endWords: ['finishReason', 'blockReason'],
  isEnd: (event) =>
    textOr(objectOr(event['promptFeedback'])['blockReason']) !== '' || answersIn(event).some(({ ends }) => ends),
  answersIn,
  isLast: () => false, // usage and grounding may follow the reason
};

// ---

function answersIn(event: Json) {
  return listOr(event['candidates']).map((candidate) => {
    const { index, finishReason: reason } = objectOr(candidate);
    return { index: countOr(index), ends: textOr(reason) !== '' };
  });
}

// A signature may come with a text that is empty.
function isFilled(candidate: Json): boolean {
  return listOr(objectOr(candidate['content'])['parts']).some((part) => {
    const { text, thoughtSignature: _signature, thought: _thought, ...others } = objectOr(part);
    return typeof text === 'string' ? text !== '' : Object.keys(others).length > 0;
  });
}

/** The HTTP status that the name of one comes with. Source: https://cloud.google.com/apis/design/errors (2026-11). */
const statuses: ReadonlyMap<string, number> = new Map([
  ['INVALID_ARGUMENT', 400],
  ['FAILED_PRECONDITION', 400],
  ['UNAUTHENTICATED', 401],
  ['PERMISSION_DENIED', 403],
  ['NOT_FOUND', 404],
  ['RESOURCE_EXHAUSTED', 429],
  ['INTERNAL', 500],
  ['UNAVAILABLE', 503],
  ['DEADLINE_EXCEEDED', 504],
]);

function failureOf(error: Json): AnswerFailure {
  const message = textOr(error['message']);
  if (tooLongIn(error) !== undefined) return { kind: 'too_long', message };
  const code = countOr(error['code']);
  return { kind: kindOfError(error, statuses.get(textOr(error['status'])) ?? (code >= 400 ? code : 500)), message };
}
