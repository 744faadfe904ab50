// OpenAI Responses answers as neutral events, whole and streamed. Source: OpenAI API reference, "The response object"
// and "Streaming events".

import { validCounts, tokenCount, type Usage } from '../../core/usage';
import { failureKind } from '../openaiChat/decodeResponse';
import { decodeOpenaiLogprobs } from '../shared/logprobs';
import type { Decoder, Frame, Json } from '../codec';
import { countOr, isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import type { StreamEvent } from '../neutral';
import { openEventBuilder, type EventBuilder } from '../shared/eventBuilder';
import { fullName } from './namespaces';

export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = isObject(value['usage']) ? value['usage'] : objectOr(value['response'])['usage'];
  if (!isObject(usage)) return undefined;
  const input = tokenCount(usage['input_tokens']);
  const details = objectOr(usage['input_tokens_details']);
  const cacheRead = Math.min(input, tokenCount(details['cached_tokens']));
  const cacheWrite5m = Math.min(input - cacheRead, tokenCount(details['cache_write_tokens']));
  return validCounts({
    input: input - cacheRead - cacheWrite5m,
    cacheRead,
    cacheWrite5m,
    output: tokenCount(usage['output_tokens']),
    reasoning: tokenCount(objectOr(usage['output_tokens_details'])['reasoning_tokens']),
  });
}

export function decodeResponse(body: Json): readonly StreamEvent[] {
  const builder = openEventBuilder();
  builder.start(textOr(body['id']), textOr(body['model']));
  for (const raw of listOr(body['output'])) {
    const item = objectOr(raw);
    openItem(builder, item);
    switch (item['type']) {
      case 'message':
        for (const part of listOr(item['content'])) decodePart(builder, objectOr(part));
        break;
      case 'reasoning':
        builder.reasoning(thoughtText(item));
        sealItem(builder, item);
        break;
      case 'function_call':
        builder.args(textOr(item['arguments']));
        break;
      case 'custom_tool_call':
        builder.args(textOr(item['input']));
        break;
    }
    builder.close();
  }
  end(builder, body);
  return builder.take();
}

export function openDecoder(): Decoder {
  const builder = openEventBuilder();
  let told = false; // something of the open item's text or arguments has come
  let thoughts = 0; // parts of the open summary
  const push = ({ data }: Frame): readonly StreamEvent[] => {
    const event = parseEvent(data);
    if (event === undefined || builder.finished) return [];
    const delta = textOr(event['delta']);
    switch (event['type']) {
      case 'response.created': {
        const response = objectOr(event['response']);
        builder.start(textOr(response['id']), textOr(response['model']));
        break;
      }
      case 'response.output_item.added':
        told = false;
        thoughts = 0;
        openItem(builder, objectOr(event['item']));
        break;
      case 'response.content_part.added':
        builder.close();
        told = false;
        break;
      case 'response.output_text.delta':
        told = true;
        builder.text(delta, decodeOpenaiLogprobs(event['logprobs']));
        break;
      case 'response.refusal.delta':
        told = true;
        builder.refusal(delta);
        break;
      case 'response.content_part.done':
        if (!told) decodePart(builder, objectOr(event['part']));
        break;
      case 'response.output_text.annotation.added':
        cite(builder, objectOr(event['annotation']));
        break;
      case 'response.reasoning_summary_part.added':
        if (thoughts++ > 0) builder.reasoning('\n\n');
        break;
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        told = true;
        builder.reasoning(delta);
        break;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        told = true;
        builder.args(delta);
        break;
      case 'response.output_item.done': {
        const item = objectOr(event['item']);
        if (item['type'] === 'reasoning') {
          if (!told) builder.reasoning(thoughtText(item));
          sealItem(builder, item);
        } else if (!told) builder.args(textOr(item['arguments']) || textOr(item['input']));
        builder.close();
        break;
      }
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        end(builder, objectOr(event['response']));
        break;
      case 'error': {
        const error = isObject(event['error']) ? event['error'] : event;
        builder.failure(failureKind(error), textOr(error['message']));
        break;
      }
    }
    return builder.take();
  };
  // Without response.completed the answer is not complete, whatever was said before.
  return { push, end: () => (builder.close(), builder.take()) };
}

// ---

function openItem(builder: EventBuilder, item: Json): void {
  switch (item['type']) {
    case 'function_call':
    case 'custom_tool_call': {
      const name = fullName(item['namespace'], textOr(item['name']));
      return builder.call(textOr(item['call_id']), name, item['type'] === 'custom_tool_call');
    }
    case 'message':
    case 'reasoning':
      return;
    default:
      builder.lost(textOr(item['type'], 'item'));
  }
}

function decodePart(builder: EventBuilder, part: Json): void {
  builder.close();
  builder.text(textOr(part['text']), decodeOpenaiLogprobs(part['logprobs']));
  builder.refusal(textOr(part['refusal']));
  for (const annotation of listOr(part['annotations'])) cite(builder, objectOr(annotation));
}

function cite(builder: EventBuilder, annotation: Json): void {
  const url = textOr(annotation['url']);
  if (annotation['type'] !== 'url_citation' || url === '')
    return builder.lost(`annotation ${textOr(annotation['type'])}`);
  const title = annotation['title'];
  builder.citation({
    url,
    start: countOr(annotation['start_index']),
    end: countOr(annotation['end_index']),
    ...(typeof title === 'string' ? { title } : {}),
  });
}

function thoughtText(item: Json): string {
  const texts = listOr(item['summary']).length > 0 ? listOr(item['summary']) : listOr(item['content']);
  return texts.map((part) => textOr(objectOr(part)['text'])).join('\n\n');
}

function sealItem(builder: EventBuilder, item: Json): void {
  const encrypted = item['encrypted_content'];
  if (typeof encrypted === 'string')
    builder.opaqueReasoning({ format: 'responses', value: { id: textOr(item['id']), encrypted_content: encrypted } });
}

function end(builder: EventBuilder, response: Json): void {
  builder.usage(usageIn(response));
  const status = response['status'];
  if (status === 'failed' || isObject(response['error'])) {
    const error = objectOr(response['error']);
    return builder.failure(failureKind(error), textOr(error['message']));
  }
  const reason = textOr(objectOr(response['incomplete_details'])['reason']);
  const refused = listOr(response['output']).some((item) =>
    listOr(objectOr(item)['content']).some((part) => objectOr(part)['type'] === 'refusal'),
  );
  if (status === 'incomplete')
    builder.finish(reason === 'content_filter' ? 'refusal' : reason === 'max_output_tokens' ? 'length' : 'other');
  else builder.finish(refused ? 'refusal' : builder.calls > 0 ? 'tool_calls' : 'stop');
  builder.done();
}
