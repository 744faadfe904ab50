// Decodes Responses, whole and streamed. Sources: https://platform.openai.com/docs/api-reference/responses/object and
// https://platform.openai.com/docs/api-reference/responses-streaming (2026-11).

import { searchCount, tokenCount, type Usage, validCounts } from '../../core/usage';
import type { Decoder } from '../codec';
import type { Json } from '../jsonObject';
import type { StreamEvent } from '../neutral';
import { type EventBuilder, openEventBuilder } from '../shared/eventBuilder';
import { countOr, isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import { decodeOpenaiLogprobs } from '../shared/logprobs';
import { completion, incompleteReasons } from './completion';
import { fullName } from './namespaces';
import { citedTitles, decodeSearch } from './searches';

/** The usage in a response or event; undefined where it has none. `input_tokens` includes everything cached. */
export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = isObject(value['usage']) ? value['usage'] : objectOr(value['response'])['usage'];
  if (!isObject(usage)) return undefined;
  const input = tokenCount(usage['input_tokens']);
  const response = isObject(value['usage']) ? value : objectOr(value['response']);
  const searches = searchesIn(response);
  const details = objectOr(usage['input_tokens_details']);
  const cacheRead = Math.min(input, tokenCount(details['cached_tokens']));
  const cacheWrite5m = Math.min(input - cacheRead, tokenCount(details['cache_write_tokens']));
  return validCounts({
    input: input - cacheRead - cacheWrite5m,
    cacheRead,
    cacheWrite5m,
    output: tokenCount(usage['output_tokens']),
    reasoning: tokenCount(objectOr(usage['output_tokens_details'])['reasoning_tokens']),
    searches,
    previewSearches: usesPreview(response) ? searches : undefined,
  });
}

/** A whole response as neutral events. */
export function decodeResponse(body: Json): readonly StreamEvent[] {
  const builder = openEventBuilder();
  builder.start(textOr(body['id']), textOr(body['model']));
  const titles = citedTitles(body['output']);
  for (const raw of listOr(body['output'])) {
    const item = objectOr(raw);
    if (item['type'] === 'web_search_call') {
      addSearch(builder, item, titles);
      continue;
    }
    openItem(builder, item);
    switch (item['type']) {
      case 'message':
        for (const part of listOr(item['content'])) decodePart(builder, objectOr(part));
        break;
      case 'reasoning':
        builder.reasoning(reasoningText(item));
        addEncrypted(builder, item);
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
  decodeEnd(builder, body);
  builder.done(completion.failureIn(body, true));
  return builder.take();
}

/** A decoder of one stream. */
export function openDecoder(): Decoder {
  const builder = openEventBuilder();
  const state: StreamState = { builder, filled: false, summaryParts: 0 };
  return {
    push: ({ data }) => {
      const event = parseEvent(data);
      if (event === undefined || builder.finished) return [];
      decodeEvent(state, event);
      const failure = completion.failureIn(event, false);
      if (failure !== undefined) builder.failure(failure);
      else if (builder.ending) builder.done();
      return builder.take();
    },
    // Without response.completed the response is not complete, whatever came before.
    end: () => (builder.close(), builder.take()),
    get ending() {
      return builder.ending;
    },
    get usage() {
      return builder.reported;
    },
    kept: 0,
  };
}

// ---

interface StreamState {
  readonly builder: EventBuilder;
  /** Something of the open item's text or arguments has come. */
  filled: boolean;
  /** Parts of the open summary so far. */
  summaryParts: number;
}

function decodeEvent(state: StreamState, event: Json): void {
  const { builder } = state;
  switch (event['type']) {
    case 'response.created': {
      const response = objectOr(event['response']);
      return builder.start(textOr(response['id']), textOr(response['model']));
    }
    case 'response.output_item.added':
      state.filled = false;
      state.summaryParts = 0;
      return openItem(builder, objectOr(event['item']));
    case 'response.content_part.added':
      state.filled = false;
      return builder.close();
    case 'response.content_part.done':
      if (!state.filled) decodePart(builder, objectOr(event['part']));
      return;
    case 'response.output_text.annotation.added':
      return decodeAnnotation(builder, objectOr(event['annotation']));
    case 'response.reasoning_summary_part.added':
      if (state.summaryParts++ > 0) builder.reasoning('\n\n');
      return;
    case 'response.output_item.done':
      return decodeItemDone(state, objectOr(event['item']));
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed':
      return decodeEnd(builder, objectOr(event['response']));
    default:
      return decodeDelta(state, event);
  }
}

function decodeDelta(state: StreamState, event: Json): void {
  const { builder } = state;
  const delta = textOr(event['delta']);
  switch (event['type']) {
    case 'response.output_text.delta':
      builder.text(delta, decodeOpenaiLogprobs(event['logprobs']));
      break;
    case 'response.refusal.delta':
      builder.refusal(delta);
      break;
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      builder.reasoning(delta);
      break;
    case 'response.function_call_arguments.delta':
    case 'response.custom_tool_call_input.delta':
      builder.args(delta);
      break;
    default:
      return;
  }
  state.filled = true;
}

function decodeItemDone({ builder, filled }: StreamState, item: Json): void {
  if (item['type'] === 'web_search_call') return addSearch(builder, item, undefined);
  if (item['type'] === 'reasoning') {
    if (!filled) builder.reasoning(reasoningText(item));
    addEncrypted(builder, item);
  } else if (!filled) builder.args(textOr(item['arguments']) || textOr(item['input']));
  builder.close();
}

// Searches are charged for, and opened pages are not. Where the response does not tell how many, its items are counted.
function searchesIn(response: Json): number | undefined {
  const told = objectOr(objectOr(response['tool_usage'])['web_search'])['num_requests'];
  if (typeof told === 'number') return searchCount(told);
  const made = listOr(response['output']).filter((raw) => {
    const item = objectOr(raw);
    return item['type'] === 'web_search_call' && decodeSearch(item) !== undefined;
  });
  return made.length === 0 ? undefined : searchCount(made.length);
}

// The response repeats the tools of its request.
function usesPreview(response: Json): boolean {
  return listOr(response['tools']).some((tool) => /^web_search_preview/.test(textOr(objectOr(tool)['type'])));
}

function addSearch(builder: EventBuilder, item: Json, titles: ReadonlyMap<string, string> | undefined): void {
  const search = decodeSearch(item, titles);
  if (search === undefined) return builder.lost(`web_search_call ${textOr(objectOr(item['action'])['type'])}`);
  const { native: _native, ...found } = search;
  builder.search(found);
}

function openItem(builder: EventBuilder, item: Json): void {
  switch (item['type']) {
    case 'function_call':
    case 'custom_tool_call': {
      const name = fullName(item['namespace'], textOr(item['name']));
      return builder.call(textOr(item['call_id']), name, item['type'] === 'custom_tool_call');
    }
    case 'message':
    case 'reasoning':
    case 'web_search_call': // it is told when it is done
      return;
    default:
      builder.lost(textOr(item['type'], 'item'));
  }
}

function decodePart(builder: EventBuilder, part: Json): void {
  builder.close();
  builder.text(textOr(part['text']), decodeOpenaiLogprobs(part['logprobs']));
  builder.refusal(textOr(part['refusal']));
  for (const annotation of listOr(part['annotations'])) decodeAnnotation(builder, objectOr(annotation));
}

function decodeAnnotation(builder: EventBuilder, annotation: Json): void {
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

function reasoningText(item: Json): string {
  const texts = listOr(item['summary']).length > 0 ? listOr(item['summary']) : listOr(item['content']);
  return texts.map((part) => textOr(objectOr(part)['text'])).join('\n\n');
}

function addEncrypted(builder: EventBuilder, item: Json): void {
  const encrypted = item['encrypted_content'];
  if (typeof encrypted === 'string')
    builder.opaqueReasoning({ format: 'responses', value: { id: textOr(item['id']), encrypted_content: encrypted } });
}

function decodeEnd(builder: EventBuilder, response: Json): void {
  builder.usage(usageIn(response));
  const reason = textOr(objectOr(response['incomplete_details'])['reason']);
  const refused = listOr(response['output']).some((item) =>
    listOr(objectOr(item)['content']).some((part) => objectOr(part)['type'] === 'refusal'),
  );
  if (response['status'] === 'incomplete') builder.finish(incompleteReasons.get(reason) ?? 'other');
  else builder.finish(refused ? 'refusal' : 'stop');
}
