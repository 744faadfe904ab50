// The events of a streamed response: each item is added, filled and done, and the whole of it ends the stream.
import type { Fault } from './fault';
import { newId } from './id';
import { fragmentsOf, piecesOf } from './speech';
import { isJson, shown, type Json } from './wire';

/** The events, numbered without a gap. The response is the one that ends the stream. */
export function responseEvents(response: Json, fault: Fault, obfuscate: boolean): string[] {
  const pieces: string[] = [];
  const emit = (type: string, data: Json) => {
    const padded =
      obfuscate && typeof data.delta === 'string' ? { obfuscation: newId('', 1 + (pieces.length % 15)) } : {};
    const event = { type, ...data, ...padded, sequence_number: pieces.length };
    pieces.push(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  const begun = {
    status: 'in_progress',
    completed_at: null,
    output: [],
    usage: null,
    error: null,
    incomplete_details: null,
  };
  emit('response.created', { response: { ...response, ...begun, service_tier: 'auto' } });
  emit('response.in_progress', { response: { ...response, ...begun, service_tier: 'auto' } });
  for (const [index, item] of (response.output as Json[]).entries()) {
    emit('response.output_item.added', { item: { ...item, ...EMPTY[shown(item.type)] }, output_index: index });
    fill(item, { item_id: item.id, output_index: index }, fault.chunks, emit);
    emit('response.output_item.done', { item, output_index: index });
  }
  emit(`response.${shown(response.status)}`, { response });
  return pieces;
}

// ---

type Emit = (type: string, data: Json) => void;

/** What an item lacks when it is announced. */
const EMPTY: Partial<Record<string, Json>> = {
  message: { status: 'in_progress', content: [] },
  reasoning: { summary: [] },
  web_search_call: { status: 'in_progress', action: undefined },
  function_call: { status: 'in_progress', arguments: '' },
  custom_tool_call: { status: 'in_progress', input: '' },
};

function fill(item: Json, at: Json, chunks: number | undefined, emit: Emit): void {
  if (item.type === 'message') {
    for (const [n, part] of (item.content as Json[]).entries())
      message(part, { ...at, content_index: n }, chunks, emit);
  } else if (item.type === 'reasoning') {
    for (const [n, part] of (item.summary as Json[]).entries()) summary(part, { ...at, summary_index: n }, emit);
  } else if (item.type === 'web_search_call') {
    for (const phase of ['in_progress', 'searching', 'completed']) emit(`response.web_search_call.${phase}`, at);
  } else if (item.type === 'function_call') {
    const args = shown(item.arguments);
    for (const delta of fragmentsOf(args)) emit('response.function_call_arguments.delta', { ...at, delta });
    emit('response.function_call_arguments.done', { ...at, arguments: args });
  } else if (item.type === 'custom_tool_call') {
    const input = shown(item.input);
    for (const delta of fragmentsOf(input)) emit('response.custom_tool_call_input.delta', { ...at, delta });
    emit('response.custom_tool_call_input.done', { ...at, input });
  }
}

function message(part: Json, at: Json, chunks: number | undefined, emit: Emit): void {
  if (part.type === 'refusal') {
    const refusal = shown(part.refusal);
    emit('response.content_part.added', { ...at, part: { type: 'refusal', refusal: '' } });
    for (const delta of piecesOf(refusal)) emit('response.refusal.delta', { ...at, delta });
    emit('response.refusal.done', { ...at, refusal });
  } else {
    const text = shown(part.text);
    emit('response.content_part.added', { ...at, part: { ...part, annotations: [], text: '' } });
    for (const delta of piecesOf(text, chunks)) emit('response.output_text.delta', { ...at, delta, logprobs: [] });
    const annotations: unknown[] = Array.isArray(part.annotations) ? part.annotations : [];
    for (const [n, annotation] of annotations.entries())
      if (isJson(annotation)) emit('response.output_text.annotation.added', { ...at, annotation_index: n, annotation });
    emit('response.output_text.done', { ...at, text, logprobs: [] });
  }
  emit('response.content_part.done', { ...at, part });
}

function summary(part: Json, at: Json, emit: Emit): void {
  const text = shown(part.text);
  emit('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } });
  for (const delta of piecesOf(text)) emit('response.reasoning_summary_text.delta', { ...at, delta });
  emit('response.reasoning_summary_text.done', { ...at, text });
  emit('response.reasoning_summary_part.done', { ...at, part });
}
