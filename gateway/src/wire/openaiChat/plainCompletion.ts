// When an answer of OpenAI's older completions, whose choices hold a `text`, is a finished one. Mistral's and Codestral's
// fill-in-the-middle answers in the form of chat completions at the same kind of path, so that both are read. Sources:
// https://platform.openai.com/docs/api-reference/completions/object, https://docs.mistral.ai/api/#tag/fim (2026-11).

import type { AnswerFacts } from '../codec';
import { listOr, objectOr, textOr } from '../shared/json';
import { completion } from './completion';
import { usageIn } from './decodeResponse';
import { facts } from './facts';

/** Facts about these answers. */
export const plainCompletion: AnswerFacts = {
  ...completion,
  failureIn(value, whole) {
    return completion.failureIn(value, whole && !hasText(value));
  },
  hasContent: (event) => hasText(event) || completion.hasContent(event),
  output: { ...facts.output, texts: [['text'], ...facts.output.texts] },
  usageField: facts.usageField,
  isUsageOnly: (event) => facts.isUsageOnly(event),
  errorWord: facts.errorWord,
  usageIn,
};

// ---

function hasText(value: Readonly<Record<string, unknown>>): boolean {
  return listOr(value['choices']).some((choice) => textOr(objectOr(choice)['text']) !== '');
}
