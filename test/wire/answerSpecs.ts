// What the providers' own descriptions say of answers, whole and event by event.

import type { Format } from '../../gateway/src/wire/neutral';
import type { specs, Validator } from '../support/specs';

export interface AnswerCheck {
  /** What is wrong with a whole answer. */
  whole(format: Format, answer: unknown): string[];
  /** What is wrong with the events of a stream's text. */
  stream(format: Format, text: string): { data: unknown; wrong: string[] }[];
}

/** @param known the descriptions; without them nothing is wrong */
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

// A stream event held against the one description of its type, so that what is wrong can be read.
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

// Real answers say null here (openai-chat:1, openai-responses:2 and most others).
const nulls = new Set([
  '/system_fingerprint must be string',
  '/usage must be object',
  '/response/usage must be object',
]);

// The code of the description's list that OpenAI itself does not keep to: this is what it sends (openai-responses:25), and
// what Codex looks for to shorten a conversation.
function tooLong(data: unknown): boolean {
  const { type, response } = data as { type?: string; response?: { error?: { code?: string } } };
  return type === 'response.failed' && response?.error?.code === 'context_length_exceeded';
}

function relaxed(problems: string[]): string[] {
  return problems.filter((problem) => !nulls.has(problem));
}
