// Anthropic's messages: shapes and streams. What it refuses is in anthropicRequest.ts.
import { answer, inputTokens, type Answer, type Citation } from './answer';
import { anthropicDocument } from './anthropicRefusals';
import { readCountRequest, readMessagesRequest } from './anthropicRequest';
import type { Fault } from './fault';
import { newId } from './id';
import { datedName } from './models';
import { accountForBreakpoints } from './promptCache';
import { sealed } from './signature';
import { fragmentsOf, piecesOf } from './speech';
import type { Search } from './webSearch';
import type { Asked, Json, Reply, Request, Usage } from './wire';

/** A message to be answered. */
export function readMessage(request: Request): Asked {
  const { conversation, prompt, stream, omitted } = readMessagesRequest(request.body, request.headers);
  return {
    model: conversation.model,
    stream,
    prompt,
    reply(fault) {
      const said = answer(conversation, fault);
      accountForBreakpoints(said.usage, conversation, request.memory, fault);
      const usage = fault.noUsage ? undefined : said.usage;
      const message = { model: conversation.model, said, fault, omitted };
      return { ...(stream ? streamed(message) : whole(message)), usage };
    },
  };
}

/** A message to be counted: the same numbers as its answer will report. */
export function readCount(request: Request): Asked {
  const { conversation, prompt } = readCountRequest(request.body, request.headers);
  const body = { input_tokens: inputTokens(conversation.segments) };
  return { model: conversation.model, stream: false, prompt, reply: () => anthropicDocument(200, body) };
}

// ---

interface Message {
  model: string;
  said: Answer;
  fault: Fault;
  /** thoughts are signed and not shown */
  omitted: boolean;
}

const STOPS = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool: 'tool_use',
  refusal: 'refusal',
  filter: 'refusal',
  pause: 'pause_turn',
} as const satisfies Record<Answer['finish'], string>;

function ending(said: Answer): Json {
  const reason = said.stopSequence === undefined ? STOPS[said.finish] : 'stop_sequence';
  const explanation = "This request was declined because it conflicts with Anthropic's Usage Policy.";
  return {
    stop_reason: reason,
    stop_sequence: said.stopSequence ?? null,
    stop_details: reason === 'refusal' ? { type: 'refusal', category: null, explanation } : null,
  };
}

function whole(message: Message): Reply {
  const { model, said, fault } = message;
  const content = blocksOf(message).map(({ start, filled }) => ({ ...start, ...filled }));
  return anthropicDocument(200, {
    ...envelope(model),
    content,
    ...ending(said),
    ...(!fault.noUsage && { usage: { ...usageOf(said.usage), ...searchesOf(said) } }),
  });
}

/** A block as it opens, what comes in its deltas, and what these come to. */
interface Block {
  start: Json;
  deltas: Json[];
  filled: Json;
}

function blocksOf({ said, fault, omitted }: Message): Block[] {
  const blocks: Block[] = [];
  if (said.thought !== '') blocks.push(thinkingBlock(said.thought, omitted, fault));
  if (said.search) blocks.push(...searchBlocks(said.search));
  if (said.text !== '') blocks.push(textBlock(said, fault));
  for (const call of said.calls) {
    const start = {
      type: 'tool_use',
      id: newId('toolu_01', 22),
      name: call.name,
      input: {},
      caller: { type: 'direct' },
    };
    // The first fragment is empty, and the only one when there are no arguments.
    const json = Object.keys(call.args).length === 0 ? '' : JSON.stringify(call.args);
    const deltas = ['', ...fragmentsOf(json)].map((part) => ({ type: 'input_json_delta', partial_json: part }));
    blocks.push({ start, deltas, filled: { input: call.args } });
  }
  return blocks;
}

function thinkingBlock(text: string, omitted: boolean, fault: Fault): Block {
  // A redacted thought comes whole, in the start of its block.
  if (fault.redacted) {
    return { start: { type: 'redacted_thinking', data: sealed('anthropic', text) }, deltas: [], filled: {} };
  }
  const thinking = omitted ? '' : text;
  const signature = sealed('anthropic', thinking);
  return {
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [
      ...piecesOf(thinking).map((piece) => ({ type: 'thinking_delta', thinking: piece })),
      { type: 'signature_delta', signature },
    ],
    filled: { thinking, signature },
  };
}

/** Each page is sealed: what it says is for the model alone. */
function searchBlocks({ query, pages }: Search): Block[] {
  const id = newId('srvtoolu_01', 22);
  const caller = { type: 'direct' };
  const input = JSON.stringify({ query });
  const content = pages.map(({ title, url }) => ({
    type: 'web_search_result',
    title,
    url,
    encrypted_content: sealed('anthropic', url),
    page_age: 'November 20, 2026',
  }));
  return [
    {
      start: { type: 'server_tool_use', id, name: 'web_search', input: {}, caller },
      deltas: ['', ...fragmentsOf(input)].map((part) => ({ type: 'input_json_delta', partial_json: part })),
      filled: { input: { query } },
    },
    { start: { type: 'web_search_tool_result', tool_use_id: id, content, caller }, deltas: [], filled: {} },
  ];
}

function textBlock({ text, citation }: Answer, fault: Fault): Block {
  const cited = citation && citationOf(citation);
  return {
    start: { ...(cited && { citations: [] }), type: 'text', text: '' },
    deltas: [
      ...piecesOf(text, fault.chunks).map((piece) => ({ type: 'text_delta', text: piece })),
      ...(cited ? [{ type: 'citations_delta', citation: cited }] : []),
    ],
    filled: { ...(cited && { citations: [cited] }), text },
  };
}

function citationOf({ text, title, url }: Citation): Json {
  return {
    type: 'web_search_result_location',
    cited_text: text,
    encrypted_index: sealed('anthropic', url),
    title,
    url,
  };
}

function streamed(message: Message): Reply {
  const { model, said, fault } = message;
  const pieces: string[] = [];
  const event = (type: string, data: Json) => {
    // The real ones carry blanks before the last brace; a reader must not mind.
    const text = JSON.stringify({ type, ...data }).slice(0, -1);
    pieces.push(`event: ${type}\ndata: ${text}${' '.repeat(text.length % 16)}}\n\n`);
  };
  const { reasoning: _, ...soFar } = said.usage;
  const opening = usageOf({ ...soFar, output: Math.min(1, said.usage.output) });
  const start = { stop_reason: null, stop_sequence: null, stop_details: null };
  event('message_start', {
    message: { ...envelope(model), content: [], ...start, ...(!fault.noUsage && { usage: opening }) },
  });
  for (const [index, block] of blocksOf(message).entries()) {
    event('content_block_start', { index, content_block: block.start });
    if (index === 0) pieces.push('event: ping\ndata: {"type": "ping"}\n\n');
    for (const delta of block.deltas) event('content_block_delta', { index, delta });
    event('content_block_stop', { index });
  }
  event('message_delta', {
    delta: ending(said),
    ...(!fault.noUsage && { usage: { ...cumulative(said.usage), ...searchesOf(said) } }),
  });
  event('message_stop', {});
  return { status: 200, contentType: 'text/event-stream; charset=utf-8', pieces, streamed: true };
}

function searchesOf({ search }: Answer): Json {
  return search ? { server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 } } : {};
}

function envelope(model: string): Json {
  return { model: datedName(model), id: newId('msg_01', 22), type: 'message', role: 'assistant' };
}

/** What was read from the cache and written to it is no part of `input_tokens`. */
function usageOf(usage: Usage): Json {
  const { written = 0, writtenForAnHour = 0 } = usage;
  const { output_tokens_details, output_tokens, ...input } = cumulative(usage);
  return {
    ...input,
    cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: writtenForAnHour },
    output_tokens,
    ...(output_tokens_details !== undefined && { output_tokens_details }),
    service_tier: 'standard',
    inference_geo: 'global',
  };
}

function cumulative({ input, output, reasoning, cached = 0, written = 0, writtenForAnHour = 0 }: Usage): Json {
  const created = written + writtenForAnHour;
  return {
    input_tokens: input - cached - created,
    cache_creation_input_tokens: created,
    cache_read_input_tokens: cached,
    output_tokens: output,
    ...(reasoning !== undefined && { output_tokens_details: { thinking_tokens: reasoning } }),
  };
}
