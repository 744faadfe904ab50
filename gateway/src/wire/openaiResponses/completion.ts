// When a response of OpenAI's is a finished answer. Sources: https://platform.openai.com/docs/api-reference/responses/object,
// https://platform.openai.com/docs/api-reference/responses-streaming (2026-11).

import type { AnswerFailure, CompletionFacts } from '../formatFacts';
import type { Json } from '../jsonObject';
import type { FinishReason } from '../neutral';
import { isObject, listOr, objectOr, textOr } from '../shared/json';
import { openaiFailure } from '../shared/openaiErrors';

/** Why a response may be incomplete; any other reason is a failure. */
export const incompleteReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['max_output_tokens', 'length'],
  ['content_filter', 'refusal'],
]);

const lastEvents = ['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled'];

export const completion: CompletionFacts = {
  failureIn(value, whole) {
    if (whole) return failureOfResponse(value) ?? failureOfOutput(value);
    switch (value['type']) {
      // The error stands in a field of its own, or its fields in the event itself.
      case 'error':
        return openaiFailure(value['error']) ?? openaiFailure(value);
      case 'response.failed':
      case 'response.cancelled':
        return failureOfResponse({ status: 'failed', ...objectOr(value['response']) }) ?? unexplained;
      case 'response.completed':
        return failureOfResponse(objectOr(value['response'])) ?? failureOfStatus(objectOr(value['response']));
      case 'response.incomplete':
        return failureOfResponse({ status: 'incomplete', ...objectOr(value['response']) });
      default:
        return openaiFailure(value['error']);
    }
  },
  hasContent(event) {
    const type = textOr(event['type']);
    if (typeof event['delta'] === 'string') return event['delta'] !== '';
    // A call has a name from the beginning; messages and reasoning are empty there.
    if (type === 'response.output_item.added')
      return !['message', 'reasoning', ''].includes(textOr(objectOr(event['item'])['type']));
    return /\.done$|partial_image$/.test(type);
  },
  preamble: /^\{"type":"response\.(created|in_progress|queued)"/,
  endWords: lastEvents,
  isEnd: isLast,
  isLast,
};

// ---

const unexplained: AnswerFailure = { kind: 'other', message: 'The response failed.' };

function isLast(event: Json): boolean {
  return lastEvents.includes(textOr(event['type']));
}

function failureOfResponse(response: Json): AnswerFailure | undefined {
  const reported = openaiFailure(response['error']);
  if (reported !== undefined) return reported;
  const { status } = response;
  if (status === 'failed' || status === 'cancelled') return unexplained;
  if (status === 'incomplete') {
    const reason = textOr(objectOr(response['incomplete_details'])['reason']);
    return incompleteReasons.has(reason)
      ? undefined
      : { kind: 'other', message: `The response is incomplete: "${reason.slice(0, 100)}".` };
  }
  return undefined;
}

// Hosts leave the status out of the event that says it by its name; one that says another thing has not finished.
function failureOfStatus({ status }: Json): AnswerFailure | undefined {
  return status === undefined || status === null || status === 'completed' || status === 'incomplete'
    ? undefined
    : notCompleted(status);
}

function failureOfOutput(response: Json): AnswerFailure | undefined {
  const { status, output, background } = response;
  if (background === true) return undefined; // it is fetched later
  if (!Array.isArray(output)) return { kind: 'other', message: 'The response holds no output.' };
  // Some hosts leave the status out of a whole response, too: then its output must show that it is one.
  const isShown = (status !== undefined && status !== null) || listOr(output).some(isObject);
  return isShown ? failureOfStatus(response) : notCompleted(status);
}

function notCompleted(status: unknown): AnswerFailure {
  return { kind: 'other', message: `The response is not completed: "${textOr(status).slice(0, 100)}".` };
}
