// OpenAI Responses answers as neutral events, whole and streamed. Source: OpenAI API reference, "The response object"
// and "Streaming events".

import { believable, tokenCount, type Usage } from '../../core/usage';
import { failureKind } from '../openaiChat/decodeResponse';
import { chancesOfOpenai } from '../shared/logprobs';
import type { Decoder, Frame, Json } from '../codec';
import { countOr, isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import type { StreamEvent } from '../neutral';
import { openScribe, type Scribe } from '../shared/eventBuilder';
import { fullName } from './namespaces';

export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = isObject(value['usage']) ? value['usage'] : objectOr(value['response'])['usage'];
  if (!isObject(usage)) return undefined;
  const input = tokenCount(usage['input_tokens']);
  const details = objectOr(usage['input_tokens_details']);
  const cacheRead = Math.min(input, tokenCount(details['cached_tokens']));
  const cacheWrite5m = Math.min(input - cacheRead, tokenCount(details['cache_write_tokens']));
  return believable({
    input: input - cacheRead - cacheWrite5m,
    cacheRead,
    cacheWrite5m,
    output: tokenCount(usage['output_tokens']),
    reasoning: tokenCount(objectOr(usage['output_tokens_details'])['reasoning_tokens']),
  });
}

export function readAnswer(body: Json): readonly StreamEvent[] {
  const scribe = openScribe();
  scribe.start(textOr(body['id']), textOr(body['model']));
  for (const raw of listOr(body['output'])) {
    const item = objectOr(raw);
    openItem(scribe, item);
    switch (item['type']) {
      case 'message':
        for (const part of listOr(item['content'])) readPart(scribe, objectOr(part));
        break;
      case 'reasoning':
        scribe.reasoning(thoughtText(item));
        sealItem(scribe, item);
        break;
      case 'function_call':
        scribe.args(textOr(item['arguments']));
        break;
      case 'custom_tool_call':
        scribe.args(textOr(item['input']));
        break;
    }
    scribe.close();
  }
  end(scribe, body);
  return scribe.take();
}

export function openDecoder(): Decoder {
  const scribe = openScribe();
  let told = false; // something of the open item's text or arguments has come
  let thoughts = 0; // parts of the open summary
  const push = ({ data }: Frame): readonly StreamEvent[] => {
    const event = parseEvent(data);
    if (event === undefined || scribe.finished) return [];
    const delta = textOr(event['delta']);
    switch (event['type']) {
      case 'response.created': {
        const response = objectOr(event['response']);
        scribe.start(textOr(response['id']), textOr(response['model']));
        break;
      }
      case 'response.output_item.added':
        told = false;
        thoughts = 0;
        openItem(scribe, objectOr(event['item']));
        break;
      case 'response.content_part.added':
        scribe.close();
        told = false;
        break;
      case 'response.output_text.delta':
        told = true;
        scribe.text(delta, chancesOfOpenai(event['logprobs']));
        break;
      case 'response.refusal.delta':
        told = true;
        scribe.refusal(delta);
        break;
      case 'response.content_part.done':
        if (!told) readPart(scribe, objectOr(event['part']));
        break;
      case 'response.output_text.annotation.added':
        cite(scribe, objectOr(event['annotation']));
        break;
      case 'response.reasoning_summary_part.added':
        if (thoughts++ > 0) scribe.reasoning('\n\n');
        break;
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        told = true;
        scribe.reasoning(delta);
        break;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        told = true;
        scribe.args(delta);
        break;
      case 'response.output_item.done': {
        const item = objectOr(event['item']);
        if (item['type'] === 'reasoning') {
          if (!told) scribe.reasoning(thoughtText(item));
          sealItem(scribe, item);
        } else if (!told) scribe.args(textOr(item['arguments']) || textOr(item['input']));
        scribe.close();
        break;
      }
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        end(scribe, objectOr(event['response']));
        break;
      case 'error': {
        const error = isObject(event['error']) ? event['error'] : event;
        scribe.failure(failureKind(error), textOr(error['message']));
        break;
      }
    }
    return scribe.take();
  };
  // Without response.completed the answer is not complete, whatever was said before.
  return { push, end: () => (scribe.close(), scribe.take()) };
}

// ---

function openItem(scribe: Scribe, item: Json): void {
  switch (item['type']) {
    case 'function_call':
    case 'custom_tool_call': {
      const name = fullName(item['namespace'], textOr(item['name']));
      return scribe.call(textOr(item['call_id']), name, item['type'] === 'custom_tool_call');
    }
    case 'message':
    case 'reasoning':
      return;
    default:
      scribe.lost(textOr(item['type'], 'item'));
  }
}

function readPart(scribe: Scribe, part: Json): void {
  scribe.close();
  scribe.text(textOr(part['text']), chancesOfOpenai(part['logprobs']));
  scribe.refusal(textOr(part['refusal']));
  for (const annotation of listOr(part['annotations'])) cite(scribe, objectOr(annotation));
}

function cite(scribe: Scribe, annotation: Json): void {
  const url = textOr(annotation['url']);
  if (annotation['type'] !== 'url_citation' || url === '')
    return scribe.lost(`annotation ${textOr(annotation['type'])}`);
  const title = annotation['title'];
  scribe.citation({
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

function sealItem(scribe: Scribe, item: Json): void {
  const encrypted = item['encrypted_content'];
  if (typeof encrypted === 'string')
    scribe.sealed({ format: 'responses', value: { id: textOr(item['id']), encrypted_content: encrypted } });
}

function end(scribe: Scribe, response: Json): void {
  scribe.usage(usageIn(response));
  const status = response['status'];
  if (status === 'failed' || isObject(response['error'])) {
    const error = objectOr(response['error']);
    return scribe.failure(failureKind(error), textOr(error['message']));
  }
  const reason = textOr(objectOr(response['incomplete_details'])['reason']);
  const refused = listOr(response['output']).some((item) =>
    listOr(objectOr(item)['content']).some((part) => objectOr(part)['type'] === 'refusal'),
  );
  if (status === 'incomplete')
    scribe.finish(reason === 'content_filter' ? 'refusal' : reason === 'max_output_tokens' ? 'length' : 'other');
  else scribe.finish(refused ? 'refusal' : scribe.calls > 0 ? 'tool_calls' : 'stop');
  scribe.done();
}
