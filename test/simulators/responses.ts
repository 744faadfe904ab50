// OpenAI's responses: the document, and what is kept of it. The stream is in responsesEvents.ts.
import { answer, type Answer } from './answer';
import type { Fault } from './fault';
import { newId } from './id';
import { datedName } from './models';
import { isReasoningModel } from './openaiModels';
import { openaiDocument, responseUsage } from './openaiUsage';
import { accountForPrefix } from './promptCache';
import { responseEvents } from './responsesEvents';
import { readResponseRequest, type ResponseRequest } from './responsesRequest';
import { sealed } from './signature';
import { argumentsOf } from './toolCalls';
import { isJson, shown, type Asked, type Json, type Request } from './wire';

/** A request for a response, understood. */
export function readResponse(request: Request): Asked {
  const asked = readResponseRequest(request.body, request.memory);
  return {
    model: asked.conversation.model,
    stream: asked.stream,
    prompt: asked.prompt,
    reply(fault) {
      const said = answer(asked.conversation, fault);
      const space = shown(asked.request.prompt_cache_key ?? '');
      accountForPrefix(said.usage, asked.conversation, space, request.memory, fault);
      const response = documentOf(asked, said, fault);
      if (response.store === true && response.status !== 'failed') keep(request.memory, asked, response);
      const usage = fault.noUsage ? undefined : said.usage;
      if (!asked.stream) return { ...openaiDocument(200, response), usage };
      const pieces = responseEvents(response, fault, asked.obfuscate);
      return { status: 200, contentType: 'text/event-stream; charset=utf-8', pieces, streamed: true, usage };
    },
  };
}

/** The event that ends a stream in which something went wrong: the words of the refusal, laid flat. */
export function responseError(body: unknown, sent: number): string {
  const error =
    isJson(body) && isJson(body.error) ? body.error : { type: 'server_error', code: null, message: 'Bad gateway' };
  const { code, message, param = null, type } = error;
  const data = { type: 'error', code: code ?? type, message, param, sequence_number: sent };
  return `event: error\ndata: ${JSON.stringify(data)}\n\n`;
}

// ---

/** The response as it is in the end, whether or not it is streamed. */
function documentOf(asked: ResponseRequest, said: Answer, fault: Fault): Json {
  const { request, conversation, effort } = asked;
  const text = isJson(request.text) ? request.text : {};
  const reasoning = isJson(request.reasoning) ? request.reasoning : {};
  const created = Math.floor(Date.now() / 1000);
  const reason = { length: 'max_output_tokens', filter: 'content_filter' }[shown(said.finish)];
  const status = fault.fail ? 'failed' : reason ? 'incomplete' : 'completed';
  return {
    id: newId('resp_', 48).toLowerCase(),
    object: 'response',
    created_at: created,
    status,
    background: false,
    completed_at: status === 'completed' ? created : null,
    error: fault.fail ? { code: 'server_error', message: FAILED } : null,
    frequency_penalty: 0,
    incomplete_details: reason && !fault.fail ? { reason } : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    model: datedName(conversation.model),
    moderation: null,
    output: fault.fail ? [] : outputOf(asked, said),
    parallel_tool_calls: conversation.parallel,
    presence_penalty: 0,
    previous_response_id: request.previous_response_id ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    prompt_cache_retention: request.prompt_cache_retention ?? 'in_memory',
    reasoning: {
      effort: isReasoningModel(conversation.model) ? effort : null,
      summary: reasoning.summary === 'auto' ? 'detailed' : (reasoning.summary ?? null),
    },
    safety_identifier: request.safety_identifier ?? null,
    service_tier: 'default',
    store: request.store !== false,
    temperature: request.temperature ?? 1,
    text: { format: text.format ?? { type: 'text' }, verbosity: text.verbosity ?? 'medium' },
    tool_choice: request.tool_choice ?? 'auto',
    tools: toolsOf(request.tools),
    ...(said.search && { tool_usage: { web_search: { num_requests: 1 } } }),
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? 'disabled',
    usage: fault.noUsage || fault.fail ? null : responseUsage(said.usage),
    user: request.user ?? null,
    metadata: request.metadata ?? {},
  };
}

const FAILED = 'The server had an error while processing your request. Sorry about that!';

/** What is not said of a function is said in the answer: it is strict, and has no description. */
function toolsOf(tools: unknown): unknown[] {
  if (!Array.isArray(tools)) return [];
  return tools.map((tool: unknown) =>
    isJson(tool) && tool.type === 'function'
      ? {
          ...tool,
          description: tool.description ?? null,
          parameters: tool.parameters ?? null,
          strict: tool.strict ?? true,
        }
      : tool,
  );
}

function outputOf({ summary, encrypted, sources }: ResponseRequest, said: Answer): Json[] {
  const items: Json[] = [];
  const status = said.finish === 'length' || said.finish === 'filter' ? 'incomplete' : 'completed';
  if (said.thought !== '') {
    items.push({
      id: newId('rs_', 48).toLowerCase(),
      type: 'reasoning',
      summary: summary ? [{ type: 'summary_text', text: said.thought }] : [],
      ...(encrypted && { encrypted_content: sealed('openai', said.thought) }),
    });
  }
  if (said.search) {
    const { query, pages } = said.search;
    const found = sources ? { sources: pages.map(({ url }) => ({ type: 'url', url })) } : {};
    const action = { type: 'search', queries: [query], query, ...found };
    items.push({ id: newId('ws_', 48).toLowerCase(), type: 'web_search_call', status: 'completed', action });
  }
  const part = said.refusal !== '' ? { type: 'refusal', refusal: said.refusal } : textPart(said);
  // Where thinking took all there was, nothing is said at all.
  const silent = said.text === '' && said.refusal === '' && (said.calls.length > 0 || said.thought !== '');
  if (!silent) {
    items.push({ id: newId('msg_', 48).toLowerCase(), type: 'message', status, content: [part], role: 'assistant' });
  }
  for (const call of said.calls) {
    const ids = { call_id: newId('call_', 24), name: call.name };
    items.push(
      call.text === undefined
        ? {
            id: newId('fc_', 48).toLowerCase(),
            type: 'function_call',
            status: 'completed',
            arguments: argumentsOf(call),
            ...ids,
          }
        : {
            id: newId('ctc_', 48).toLowerCase(),
            type: 'custom_tool_call',
            status: 'completed',
            input: call.text,
            ...ids,
          },
    );
  }
  return items;
}

function textPart({ text, citation }: Answer): Json {
  const annotations = citation
    ? [
        {
          type: 'url_citation',
          start_index: citation.start,
          end_index: citation.end,
          title: citation.title,
          url: citation.url,
        },
      ]
    : [];
  return { type: 'output_text', annotations, logprobs: [], text };
}

/** The answer by its id, with all that led to it, and each of its items by its own. */
function keep(memory: Request['memory'], asked: ResponseRequest, response: Json): void {
  const output = response.output as Json[];
  memory.responses.set(shown(response.id), [...asked.items, ...output]);
  for (const item of output) memory.responses.set(shown(item.id), [item]);
}
