// Checks responses against the providers' published schemas, whole and event by event.

import type { Format } from '../../gateway/src/wire/neutral';
import type { specs, Validator } from '../support/specs';

export interface AnswerCheck {
  /** The problems of a whole response. */
  whole(format: Format, answer: unknown): string[];
  /** The problems of each event in a stream's text. */
  stream(format: Format, text: string): { data: unknown; wrong: string[] }[];
}

/** @param known the schemas; without them there are no problems */
export function openAnswerCheck(known: ReturnType<typeof specs>): AnswerCheck {
  if (known === undefined) return { whole: () => [], stream: () => [] };
  const whole: Record<Format, Validator> = {
    chat: known.openai('CreateChatCompletionResponse'),
    responses: known.openai('Response'),
    messages: known.anthropic('Message'),
    generate: known.gemini('GenerateContentResponse'),
  };
  const event: Record<Format, Validator> = {
    chat: known.openai('CreateChatCompletionStreamResponse'),
    responses: byType(known.openai),
    messages: known.anthropic('MessageStreamEvent'),
    generate: known.gemini('GenerateContentResponse'),
  };

  return {
    whole: (format, answer) => relaxed(whole[format](answer)),
    stream: (format, text) =>
      dataOf(text).flatMap((data) => {
        const wrong = tooLong(data) ? [] : relaxed(event[format](data));
        return wrong.length > 0 ? [{ data, wrong }] : [];
      }),
  };
}

// ---

// Checks a stream event against the schema of its type alone, so that the problems are readable.
function byType(openai: (name: string) => Validator): Validator {
  const schemas: Record<string, string> = {
    'response.created': 'ResponseCreatedEvent',
    'response.in_progress': 'ResponseInProgressEvent',
    'response.completed': 'ResponseCompletedEvent',
    'response.incomplete': 'ResponseIncompleteEvent',
    'response.failed': 'ResponseFailedEvent',
    'response.output_item.added': 'ResponseOutputItemAddedEvent',
    'response.output_item.done': 'ResponseOutputItemDoneEvent',
    'response.content_part.added': 'ResponseContentPartAddedEvent',
    'response.content_part.done': 'ResponseContentPartDoneEvent',
    'response.output_text.delta': 'ResponseTextDeltaEvent',
    'response.output_text.done': 'ResponseTextDoneEvent',
    'response.output_text.annotation.added': 'ResponseOutputTextAnnotationAddedEvent',
    'response.web_search_call.in_progress': 'ResponseWebSearchCallInProgressEvent',
    'response.web_search_call.searching': 'ResponseWebSearchCallSearchingEvent',
    'response.web_search_call.completed': 'ResponseWebSearchCallCompletedEvent',
    'response.refusal.delta': 'ResponseRefusalDeltaEvent',
    'response.refusal.done': 'ResponseRefusalDoneEvent',
    'response.reasoning_summary_part.added': 'ResponseReasoningSummaryPartAddedEvent',
    'response.reasoning_summary_part.done': 'ResponseReasoningSummaryPartDoneEvent',
    'response.reasoning_summary_text.delta': 'ResponseReasoningSummaryTextDeltaEvent',
    'response.reasoning_summary_text.done': 'ResponseReasoningSummaryTextDoneEvent',
    'response.function_call_arguments.delta': 'ResponseFunctionCallArgumentsDeltaEvent',
    'response.function_call_arguments.done': 'ResponseFunctionCallArgumentsDoneEvent',
    'response.custom_tool_call_input.delta': 'ResponseCustomToolCallInputDeltaEvent',
    'response.custom_tool_call_input.done': 'ResponseCustomToolCallInputDoneEvent',
  };
  const validators = new Map<string, Validator>();
  return (value) => {
    const type = String((value as { type?: unknown }).type);
    const name = schemas[type];
    if (name === undefined) return [`no such event: ${type}`];
    if (!validators.has(name)) validators.set(name, openai(name));
    return validators.get(name)?.(value) ?? [];
  };
}

function dataOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data:') && !line.includes('[DONE]') && !line.includes('"ping"'))
    .map((line) => JSON.parse(line.slice(5)) as unknown);
}

// Recorded responses have null here (openai-chat:1, openai-responses:2 and most others).
const nulls = new Set([
  '/system_fingerprint must be string',
  '/usage must be object',
  '/response/usage must be object',
]);

// OpenAI sends a code that is not in its own schema's list (openai-responses:25); Codex shortens the conversation on it.
function tooLong(data: unknown): boolean {
  const { type, response } = data as { type?: string; response?: { error?: { code?: string } } };
  return type === 'response.failed' && response?.error?.code === 'context_length_exceeded';
}

function relaxed(problems: string[]): string[] {
  return problems.filter((problem) => !nulls.has(problem));
}
